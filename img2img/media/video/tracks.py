"""This module copies sound, subtitles, chapters and titles from one video file to another, without a change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av.error

from img2img.errors import VideoError
from img2img.media.files import printable
from img2img.media.video.clock import Clock
from img2img.media.video.container import main_video, open_container
from img2img.media.video.encoding import begin_file

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

    from img2img.media.video.encoding import Encoding

_OF_THE_FILE = {"major_brand", "minor_version", "compatible_brands", "encoder"}
"""Metadata that describe the source file itself, and would be wrong in the target."""
_MOV_LANGUAGES = {
    "deu": "ger", "nld": "dut", "ell": "gre", "isl": "ice", "zho": "chi", "sqi": "alb", "mkd": "mac", "hye": "arm",
    "kat": "geo", "bod": "tib", "mya": "bur", "msa": "may", "cym": "wel", "eus": "baq",
}  # fmt: skip
"""Code of ISO 639-2/T for a language to its code of 639-2/B, the only one that FFmpeg knows for MOV."""
_OF_THE_STREAM = {
    "encoder",
    "DURATION",
    "NUMBER_OF_BYTES",
    "NUMBER_OF_FRAMES",
    "BPS",
    "vendor_id",
    "alpha_mode",
    "ENCODER",
}
"""Metadata that describe how the source's stream is encoded."""


@dataclass(frozen=True)
class Tracks:
    """The streams of a source that are copied to the target.

    Attributes:
        source: The file.
        kept: Numbers of the streams that are copied.
        notes: The streams that are left out, for the report.
    """

    source: Path
    kept: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def choose_tracks(source: Path, encoding: Encoding, *, drop_unsupported: bool) -> Tracks:
    """Find out which streams of a source the target can hold beside the picture.

    Raises:
        VideoError: The target cannot hold a sound or subtitle stream, and `drop_unsupported` is false.
    """
    kept, refused, notes = [], [], []
    with open_container(source) as container:
        picture = main_video(container, source)
        for stream in container.streams:
            if stream.index == picture.index:
                continue
            if stream.type not in ("audio", "subtitle"):
                if not _is_kept_otherwise(stream, encoding):
                    notes.append(f"left out: {_name(stream)}")
            elif _fits(stream, encoding):
                kept.append(stream.index)
            else:
                refused.append(_name(stream))
    if refused and not drop_unsupported:
        raise VideoError(
            f"{printable(source)}: a target of this kind ({encoding.container}) cannot hold {', '.join(refused)}; "
            "write .mkv, which holds nearly everything, or leave them out by --drop-unsupported-streams"
        )
    notes += [f"left out, as {encoding.container} cannot hold it: {name}" for name in refused]
    return Tracks(source, tuple(kept), tuple(notes))


class TrackCopier:
    """Copies streams from an open source to an open target.

    Args:
        tracks: The streams to copy.
        container: The source.
        output: The target; streams are added to it.
        shift: Seconds to subtract from all times.
        end: Time of the source, in seconds, from which on nothing is copied; None for all.
    """

    def __init__(
        self,
        tracks: Tracks,
        container: InputContainer,
        output: OutputContainer,
        shift: Fraction,
        end: Fraction | None,
    ) -> None:
        self._container, self._shift, self._end = container, shift, end
        self._targets: dict[int, Any] = {}
        self._sources = [container.streams[index] for index in tracks.kept]
        for stream in self._sources:
            target: Any = output.add_stream_from_template(stream)
            target.metadata.update(_about(stream, output.format.name))
            target.disposition = stream.disposition
            self._targets[stream.index] = target
        output.metadata.update({k: v for k, v in container.metadata.items() if k not in _OF_THE_FILE})
        output.set_chapters(self._chapters())
        for stream in container.streams:
            if stream.type == "attachment" and output.format.name == "matroska":
                attachment: Any = stream
                output.add_attachment(attachment.name or "", attachment.mimetype or "", attachment.data or b"")

    def packets(self) -> Iterator[Any]:
        """Yield the packets of all copied streams, in the source's order, addressed to the target."""
        if not self._sources:
            return
        last: dict[int, int] = {}
        with suppress(av.error.FFmpegError):  # the reader of the picture has already reported the damage
            packet: Any
            for packet in Clock(self._container).packets(self._sources):
                if packet.pts is None and packet.dts is None:
                    continue
                index, time_base = packet.stream_index, Fraction(packet.time_base)
                shift = round(self._shift / time_base)
                pts = packet.dts if packet.pts is None else packet.pts
                if (self._shift and pts < shift) or (self._end is not None and pts * time_base >= self._end):
                    continue
                dts = max((pts if packet.dts is None else packet.dts) - shift, last.get(index, -(1 << 62)) + 1)
                packet.pts, packet.dts = max(pts - shift, dts), dts
                last[index] = dts
                packet.stream = self._targets[index]
                yield packet

    def _chapters(self) -> list[Any]:
        chapters = []
        for chapter in self._container.chapters():
            time_base = chapter["time_base"] or Fraction(1)
            limit = None if self._end is None else int(self._end / time_base)
            shift = round(self._shift / time_base)
            begin = max(chapter["start"], shift)
            end = chapter["end"] if limit is None else min(chapter["end"], limit)
            if begin < end:
                chapters.append({**chapter, "start": begin - shift, "end": end - shift})
        return chapters


def about_picture(container: InputContainer, source: Path) -> dict[str, str]:
    """Return the title, the language and the like of the main video stream."""
    return _about(main_video(container, source), "")


def _about(stream: Any, container: str) -> dict[str, str]:
    about = {name: text for name, text in stream.metadata.items() if name not in _OF_THE_STREAM}
    if container == "mov" and about.get("language") in _MOV_LANGUAGES:
        about["language"] = _MOV_LANGUAGES[about["language"]]
    return about


def _fits(stream: Any, encoding: Encoding) -> bool:
    try:
        begin_file(encoding, stream)
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def _is_kept_otherwise(stream: Any, encoding: Encoding) -> bool:
    """Return whether a stream is copied in another way: chapters look like a data stream, and MKV takes attachments."""
    is_chapters = stream.type == "data" and stream.name == "bin_data"
    return is_chapters or (stream.type == "attachment" and encoding.container == "matroska")


def _name(stream: Any) -> str:
    codec = stream.codec_context.name if stream.codec_context else stream.metadata.get("filename", "")
    language = stream.metadata.get("language", "")
    what = f"{stream.type} stream {stream.index}"
    details = ", ".join(printable(word) for word in (codec, "" if language == "und" else language) if word)
    return f"{what} ({details})" if details else what
