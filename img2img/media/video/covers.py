"""This module carries the cover of a video over: a single picture that players show for the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.stream import Disposition

from img2img.media.video.container import open_container

if TYPE_CHECKING:
    from av.container import OutputContainer

_TYPES = {"mjpeg": "jpeg", "png": "png", "bmp": "bmp", "gif": "gif", "webp": "webp"}
"""FFmpeg's name of a codec to the subtype of the media type of its pictures."""
_IN_MP4 = ("mjpeg", "png", "bmp")


def is_cover(stream: Any) -> bool:
    """Return whether a stream is a single picture that is shown for the file."""
    return stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)


def holds_cover(container: str, stream: Any) -> bool:
    """Return whether a container, by FFmpeg's name, holds this cover."""
    codec = stream.codec_context.name if stream.codec_context else ""
    return codec in {"mp4": _IN_MP4, "matroska": tuple(_TYPES)}.get(container, ())


def add_cover(output: OutputContainer, container: str, stream: Any, source: Path) -> list[Any]:
    """Add the cover of a source to the target, and return the packets that are still to be written for it."""
    picture = _picture(source, stream.index)
    if container == "matroska":  # where a cover is an attached file
        subtype = _TYPES[stream.codec_context.name]
        name = stream.metadata.get("filename") or f"cover.{'jpg' if subtype == 'jpeg' else subtype}"
        output.add_attachment(name, f"image/{subtype}", picture)
        return []
    target: Any = output.add_stream_from_template(stream, opaque=True)
    target.disposition = stream.disposition
    packet: Any = av.Packet(picture)
    packet.pts, packet.dts, packet.time_base, packet.stream = 0, 0, stream.time_base, target
    packet.is_keyframe = True
    return [packet]


def _picture(source: Path, index: int) -> bytes:
    with open_container(source) as container:
        return next((bytes(packet) for packet in container.demux(container.streams[index]) if packet.size), b"")
