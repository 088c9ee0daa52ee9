"""This module copies sound, subtitles, data, covers, chapters and titles from one video file to another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av.error
from av.stream import Discard

from img2img.errors import UsageError
from img2img.media.video.clock import Clock
from img2img.media.video.container import main_video, open_container
from img2img.media.video.covers import add_cover, holds_cover, is_cover
from img2img.media.video.fitting import fits, fits_unlisted
from img2img.media.video.pcm import Relaid, other_layout
from img2img.media.video.subtitles import add_subrip, as_subrip, becomes_subrip
from img2img.media.video.timecode import moved
from img2img.text import printable

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
        unlisted: Whether the target holds a stream that FFmpeg does not list for it.
        relaid: Numbers of the streams of PCM that get another layout.
    """

    source: Path
    kept: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    unlisted: bool = False
    relaid: tuple[int, ...] = ()


@dataclass
class _Choice:
    """What becomes of the streams of a source, while they are looked at one by one."""

    encoding: Encoding
    kept: list[int] = field(default_factory=list)
    refused: list[Any] = field(default_factory=list)
    relaid: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unlisted: bool = False

    def take(self, stream: Any) -> None:
        """Decide what becomes of a stream."""
        container = self.encoding.container
        if is_cover(stream):
            self._keep_or_note(stream, holds_cover(container, stream))
        elif stream.type in ("audio", "subtitle"):
            self._keep_or_refuse(stream)
        elif stream.type == "data":
            if not _is_chapters(stream) and not _is_timecode(stream):
                self._keep_or_note(stream, fits(stream, self.encoding))
        elif stream.type != "attachment" or container != "matroska":
            self._keep_or_note(stream, False)

    def _keep_or_note(self, stream: Any, holds: bool) -> None:
        if holds:
            self.kept.append(stream.index)
        else:
            self.notes.append(f"left out: {_name(stream)}")

    def _keep_or_refuse(self, stream: Any) -> None:
        if fits(stream, self.encoding):
            self.kept.append(stream.index)
        elif becomes_subrip(self.encoding.container, stream):
            self.kept.append(stream.index)
            self.notes.append(f"{_name(stream)} became SubRip, without fonts and colours")
        elif fits_unlisted(stream, self.encoding):
            self.kept.append(stream.index)
            self.unlisted = True
        elif layout := other_layout(self.encoding.container, stream):
            self.kept.append(stream.index)
            self.relaid.append(stream.index)
            self.notes.append(f"{_name(stream)} became {layout}, with the same samples")
        else:
            self.refused.append(stream)


def holds_sound(source: Path) -> bool:
    """Return whether a file holds sound or subtitles beside its picture.

    Raises:
        VideoError: The file cannot be read.
    """
    with open_container(source) as container:
        return any(stream.type in ("audio", "subtitle") for stream in container.streams)


def choose_tracks(source: Path, encoding: Encoding, *, drop_unsupported: bool) -> Tracks:
    """Find out which streams of a source the target can hold beside the picture.

    Raises:
        UsageError: The target cannot hold a sound or subtitle stream, and `drop_unsupported` is false.
    """
    choice = _Choice(encoding)
    with open_container(source) as container:
        picture = main_video(container, source)
        for stream in container.streams:
            if stream.index != picture.index:
                choice.take(stream)
        if choice.refused and not drop_unsupported:
            raise _no_place(source, encoding, choice.refused)
        if choice.unlisted and container.chapters():
            choice.notes.append("left out: chapters, which FFmpeg cannot write beside this kind of sound")
        dropped = [f"left out, as {encoding.container} cannot hold it: {_name(stream)}" for stream in choice.refused]
    return Tracks(source, tuple(choice.kept), (*choice.notes, *dropped), choice.unlisted, tuple(choice.relaid))


def _no_place(source: Path, encoding: Encoding, streams: list[Any]) -> UsageError:
    matroska = _Choice(encoding.in_matroska())
    for stream in streams:
        matroska.take(stream)
    advice = "leave them out" if matroska.refused else "write .mkv, which can, or leave them out"
    return UsageError(
        f"{source}: a target of this kind ({encoding.container}) cannot hold "
        f"{', '.join(map(_name, streams))}; {advice} by --drop-unsupported-streams"
    )


class TrackCopier:
    """Copies streams from an open source to an open target.

    Args:
        tracks: The streams to copy.
        container: The source.
        output: The target; streams are added to it.
        encoding: How the picture is encoded.
        shift: Seconds to subtract from all times.
        end: Time of the source, in seconds, from which on nothing is copied; None for all.
    """

    def __init__(
        self,
        tracks: Tracks,
        container: InputContainer,
        output: OutputContainer,
        encoding: Encoding,
        shift: Fraction,
        end: Fraction | None,
    ) -> None:
        self._container, self._shift, self._end = container, shift, end
        self._targets: dict[int, Any] = {}
        self._sources: list[Any] = []
        self._covers: list[Any] = []
        self._changes: dict[int, Callable[[Any], Iterable[Any]]] = {}
        for stream in (container.streams[index] for index in tracks.kept):
            if is_cover(stream):
                self._covers += add_cover(output, encoding.container, stream, tracks.source)
                continue
            target = self._add(output, encoding.container, stream, stream.index in tracks.relaid)
            target.metadata.update(_about(stream, encoding.container))
            target.disposition = stream.disposition
            self._targets[stream.index] = target
            self._sources.append(stream)
        about = {name: text for name, text in container.metadata.items() if name not in _OF_THE_FILE}
        rate = Fraction(main_video(container, tracks.source).average_rate or encoding.rate)
        output.metadata.update(moved(about, shift, rate, encoding.rate))
        output.set_chapters(self._chapters())
        for attachment in container.streams:
            if attachment.type == "attachment" and encoding.container == "matroska":
                _attach(output, attachment)

    def _add(self, output: OutputContainer, container: str, stream: Any, is_relaid: bool) -> Any:
        """Add a stream for one of the source, and note how its packets change."""
        if is_relaid:
            relaid = Relaid(output, other_layout(container, stream), stream)
            self._changes[stream.index] = relaid.packets
            return relaid.target
        if becomes_subrip(container, stream):
            self._changes[stream.index] = as_subrip
            return add_subrip(output)
        return output.add_stream_from_template(stream)

    def packets(self) -> Iterator[Any]:
        """Yield the packets of all copied streams, in the source's order, addressed to the target."""
        yield from self._covers
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
                change = self._changes.get(index)
                for changed in change(packet) if change else (packet,):
                    changed.stream = self._targets[index]
                    yield changed

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


def about_picture(container: InputContainer, source: Path, shift: Fraction, new_rate: Fraction) -> dict[str, str]:
    """Return the title, the language, the timecode and the like of the main video stream.

    Args:
        container: The open source.
        source: The file.
        shift: Seconds from the source's first frame to that of the target.
        new_rate: Frames a second of the target.
    """
    stream: Any = main_video(container, source)
    about = _about(stream, "")
    for other in container.streams:
        if _is_timecode(other):
            about.setdefault("timecode", other.metadata["timecode"])
    return moved(about, shift, Fraction(stream.average_rate or new_rate), new_rate)


def _about(stream: Any, container: str) -> dict[str, str]:
    about = {name: text for name, text in stream.metadata.items() if name not in _OF_THE_STREAM}
    if container == "mov" and about.get("language") in _MOV_LANGUAGES:
        about["language"] = _MOV_LANGUAGES[about["language"]]
    return about


def _attach(output: OutputContainer, attachment: Any) -> None:
    output.add_attachment(attachment.name or "", attachment.mimetype or "", attachment.data or b"")


def _is_chapters(stream: Any) -> bool:
    """Return whether a data stream holds the names of chapters, which FFmpeg gives as chapters already."""
    return bool(stream.discard == Discard.all)


def _is_timecode(stream: Any) -> bool:
    """Return whether a data stream holds a timecode, which is kept with the picture."""
    return stream.type == "data" and "timecode" in stream.metadata


def _name(stream: Any) -> str:
    """Return what a message calls a stream."""
    about = stream.metadata
    codec = stream.codec_context.name if stream.codec_context else about.get("filename") or about.get("handler_name")
    language = about.get("language", "")
    what = f"{'cover picture, ' * is_cover(stream)}{stream.type} stream {stream.index}"
    words = (codec or getattr(stream, "name", ""), "" if language == "und" else language)
    details = ", ".join(printable(word.strip()) for word in words if word and word.strip())
    return f"{what} ({details})" if details else what
