"""This module turns the subtitles of MP4 (mov_text, 3GPP timed text) into SubRip, the text that Matroska holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av

if TYPE_CHECKING:
    from av.container import OutputContainer


def becomes_subrip(container: str, stream: Any) -> bool:
    """Return whether a stream in a container, by FFmpeg's name, becomes SubRip."""
    codec = stream.codec_context.name if stream.codec_context else ""
    return stream.type == "subtitle" and container == "matroska" and codec == "mov_text"


def add_subrip(output: OutputContainer) -> Any:
    """Add a stream of SubRip to a target."""
    return output.add_mux_stream("subrip")


def as_subrip(packet: Any) -> Any:
    """Return a packet of mov_text as SubRip; None where it only says that nothing is shown."""
    content = bytes(packet)
    text = content[2 : 2 + int.from_bytes(content[:2], "big")]  # what follows it are fonts and colours
    is_utf16 = text[:2] in (b"\xfe\xff", b"\xff\xfe")
    lines = text.decode("utf-16" if is_utf16 else "utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    if not lines.strip():
        return None
    subtitle: Any = av.Packet(lines.encode())
    subtitle.pts, subtitle.dts, subtitle.time_base = packet.pts, packet.dts, packet.time_base
    subtitle.duration, subtitle.is_keyframe = packet.duration, True
    return subtitle
