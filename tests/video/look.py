"""What is in a video file, found out without our own code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from .picture import Pixels
from .picture import corners as corners
from .picture import corners_of as corners_of
from .picture import number as number
from .picture import orientation as orientation

IDENTITY = (1, 0, 0, 1)


@dataclass(frozen=True)
class Seen:
    """A decoded frame."""

    time: Fraction | None
    """When it begins, in seconds."""
    ticks: int | None
    """The same in units of the stream."""
    duration: Fraction
    pixels: Pixels
    """As a player shows it, after the tag that turns it: (H, W, 3), RGB, uint8 or uint16."""
    stored: tuple[int, int]
    """Width and height before it is turned."""
    matrix: tuple[int, int, int, int]
    """The linear part of that tag, `IDENTITY` where there is none."""
    pix_fmt: str
    colours: tuple[int, int, int, int]
    """Primaries, transfer, matrix and range, 2 (range: 0) where unsaid."""
    key: bool
    corrupt: bool
    interlaced: bool

    @property
    def number(self) -> int:
        """What is drawn, or -1."""
        return number(self.pixels)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as shown."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True)
class Packets:
    """What a stream holds before it is decoded."""

    kind: str
    codec: str
    language: str | None
    payload: str
    """SHA-256 of all payloads, each with its length before it."""
    times: list[Fraction | None]
    sizes: list[int]


@dataclass(frozen=True)
class Stream:
    """What a container says about one of its streams."""

    index: int
    kind: str
    codec: str
    language: str | None
    title: str | None
    disposition: set[str]
    metadata: dict[str, str]
    time_base: Fraction | None
    start: Fraction | None
    duration: Fraction | None
    frames: int


@dataclass(frozen=True)
class Video(Stream):
    """The same of a video stream; its colours as in `Seen`."""

    pix_fmt: str | None
    size: tuple[int, int]
    rate: Fraction | None
    sample_aspect_ratio: Fraction | None
    colours: tuple[int, int, int, int]


@dataclass(frozen=True)
class About:
    """What a container says about itself."""

    format: str
    start: Fraction | None
    """In seconds, as is the next."""
    duration: Fraction | None
    metadata: dict[str, str]
    chapters: list[tuple[Fraction, Fraction, str]]
    streams: list[Stream]

    def of(self, kind: str) -> list[Any]:
        """The streams of a kind: video, audio, subtitle, data or attachment."""
        return [stream for stream in self.streams if stream.kind == kind]

    @property
    def video(self) -> Video:
        """The first video stream."""
        return self.of("video")[0]


def frames(path: Path, stream: int = 0, deep: bool = False, threads: bool = False) -> list[Seen]:
    """Every frame of the n-th video stream; `deep` gives pixels in 16 bits."""
    with av.open(str(path)) as file:
        video = file.streams.video[stream]
        if threads:
            video.thread_type = "AUTO"
        return [_seen(frame, "rgb48le" if deep else "rgb24") for frame in file.decode(video)]


def decoded(path: Path, threads: bool = False) -> tuple[list[Seen], list[str]]:
    """Every frame of the first video stream in spite of errors, and the names of the errors."""
    seen, errors = [], []
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        if threads:
            video.thread_type = "AUTO"
        for packet in file.demux(video):
            try:
                seen += [_seen(frame, "rgb24") for frame in packet.decode()]
            except av.error.FFmpegError as error:
                errors.append(type(error).__name__)
    return seen, errors


def numbers(path: Path, stream: int = 0) -> list[int]:
    """What is drawn on every frame, -1 where it cannot be read."""
    return [frame.number for frame in frames(path, stream)]


def times(path: Path, stream: int = 0) -> list[Fraction | None]:
    """When every frame begins, in seconds."""
    return [frame.time for frame in frames(path, stream)]


def planes(path: Path, stream: int = 0, frame: int = 0) -> list[NDArray[Any]]:
    """The stored codes of a frame: (H, W) each of Y, Cb and Cr, chroma as coarse as it is stored; depth as stored."""
    with av.open(str(path)) as file:
        for count, picture in enumerate(file.decode(file.streams.video[stream])):
            if count == frame:
                return [_codes(plane, component) for plane, component in _components(picture)]
    raise IndexError(f"{path} has no frame {frame}")


def packets(path: Path, kinds: tuple[str, ...] = ("audio", "subtitle")) -> list[Packets]:
    """The streams of these kinds, in the order of the file."""
    with av.open(str(path)) as file:
        chosen = [stream for stream in file.streams if stream.type in kinds]
        found: dict[int, list[av.Packet]] = {stream.index: [] for stream in chosen}
        for packet in file.demux(chosen) if chosen else ():  # nothing chosen would mean all
            if packet.size:
                found[packet.stream_index].append(packet)
        return [_packets(stream, found[stream.index]) for stream in chosen]


def about(path: Path) -> About:
    """What the container says, which may not be so."""
    with av.open(str(path)) as file:
        return About(
            format=file.format.name,
            start=_microseconds(file.start_time),
            duration=_microseconds(file.duration),
            metadata=dict(file.metadata),
            chapters=[_chapter(chapter) for chapter in file.chapters()],
            streams=[_stream(stream) for stream in file.streams],
        )


def _seen(frame: av.VideoFrame, form: str) -> Seen:
    matrix = display_matrix(frame)
    base = Fraction(frame.time_base)
    return Seen(
        time=None if frame.pts is None else frame.pts * base,
        ticks=frame.pts,
        duration=(frame.duration or 0) * base,
        pixels=_shown(frame.to_ndarray(format=form, threads=1), matrix),
        stored=(frame.width, frame.height),
        matrix=matrix,
        pix_fmt=frame.format.name,
        colours=_colours(frame),
        key=bool(frame.key_frame),
        corrupt=bool(frame.is_corrupt),
        interlaced=bool(frame.interlaced_frame),
    )


def display_matrix(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """a, b, c, d of x' = a x + c y and y' = b x + d y, y downwards, as in libavutil's display.h."""
    found = frame.side_data.get("DISPLAYMATRIX")
    if found is None:
        return IDENTITY
    values = np.frombuffer(bytes(found), "<i4") / 65536
    a, b, c, d = (round(values[place]) for place in (0, 1, 3, 4))
    return a, b, c, d


def _shown(pixels: Pixels, matrix: tuple[int, int, int, int]) -> Pixels:
    a, b, c, d = matrix
    if not a:
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    return np.ascontiguousarray(pixels[::d, ::a])


def _colours(source: Any) -> tuple[int, int, int, int]:
    return int(source.color_primaries), int(source.color_trc), int(source.colorspace), int(source.color_range)


def _components(frame: av.VideoFrame) -> Iterator[tuple[Any, Any]]:
    for component in frame.format.components[:3]:
        yield frame.planes[component.plane], component


def _codes(plane: Any, component: Any) -> NDArray[Any]:
    kind = np.dtype("<u2" if component.bits > 8 else "u1")
    rows = np.frombuffer(plane, kind).reshape(plane.height, plane.line_size // kind.itemsize)
    return rows[:, : plane.width].copy()


def _packets(stream: Any, found: list[av.Packet]) -> Packets:
    digest = hashlib.sha256()
    for packet in found:
        digest.update(packet.size.to_bytes(8, "big") + bytes(packet))
    times = [None if packet.pts is None else packet.pts * packet.time_base for packet in found]
    sizes = [packet.size for packet in found]
    return Packets(stream.type, _codec(stream), stream.language, digest.hexdigest(), times, sizes)


def _codec(stream: Any) -> str:
    return stream.codec_context.name if stream.codec_context else stream.name or ""


def _stream(stream: Any) -> Stream:
    base = stream.time_base
    common = {
        "index": stream.index,
        "kind": stream.type,
        "codec": _codec(stream),
        "language": stream.language,
        "title": stream.metadata.get("title"),
        "disposition": {flag.name for flag in stream.disposition},
        "metadata": dict(stream.metadata),
        "time_base": base,
        "start": None if stream.start_time is None else stream.start_time * base,
        "duration": None if stream.duration is None else stream.duration * base,
        "frames": stream.frames,
    }
    if stream.type != "video":
        return Stream(**common)
    return Video(
        **common,
        pix_fmt=stream.pix_fmt,
        size=(stream.width, stream.height),
        rate=stream.average_rate,
        sample_aspect_ratio=stream.sample_aspect_ratio,
        colours=_colours(stream.codec_context),
    )


def _microseconds(value: int | None) -> Fraction | None:
    return None if value is None else Fraction(value, 1_000_000)


def _chapter(chapter: dict[str, Any]) -> tuple[Fraction, Fraction, str]:
    base = Fraction(chapter["time_base"])
    return chapter["start"] * base, chapter["end"] * base, chapter["metadata"].get("title", "")
