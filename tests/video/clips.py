"""Small clips written with PyAV, each of pictures that carry their number (see `picture`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

from .picture import draw, turned

OPTIONS = {
    "libx264": {"preset": "veryfast", "crf": "18", "threads": "1", "x264-params": "asm=0"},
    "libx265": {"preset": "ultrafast", "crf": "18", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "libvpx": {"crf": "8", "b": "4M", "cpu-used": "-8", "deadline": "realtime"},
    "libvpx-vp9": {"crf": "16", "b": "0", "cpu-used": "8", "deadline": "realtime"},
    "mpeg4": {"b": "4M", "threads": "1"},
    "mpeg2video": {"b": "4M", "threads": "1"},
}
"""Of the encoders, such that the same clip has the same bytes on every machine: noise over a few bytes may happen to be
decodable. libx264's vector code rounds differently, and a positive `cpu-used` makes libvpx watch the clock."""

COLOURS = {
    "": (2, 2, 2),
    "bt601": (6, 6, 6),
    "bt709": (1, 1, 1),
    "bt2020": (9, 14, 9),
    "pq": (9, 16, 9),
}
"""Primaries, transfer and matrix as in ITU-T H.273; pictures without a tag are BT.601."""

LUMA = {"": (0.299, 0.114), "bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
LUMA |= dict.fromkeys(("bt2020", "pq"), (0.2627, 0.0593))
"""The shares of red and blue in the luma."""

LIMITED, FULL = 1, 2
FRAME_DURATION = 1 << 8  # AV_CODEC_FLAG_FRAME_DURATION, or each packet lasts 1 / rate
SUBTITLES = {".mkv": "subrip", ".webm": "webvtt", ".mp4": "mov_text", ".mov": "mov_text"}
STYLES = b"""[Script Info]\r
ScriptType: v4.00+\r
[V4+ Styles]\r
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Underline, Alignment\r
Style: Default,Arial,16,&Hffffff,0,0,0,2\r
[Events]\r
Format: Layer, Start, End, Style, Text\r
"""


@dataclass(frozen=True)
class Tone:
    """An audio track of one sine wave in two channels, as long as the clip."""

    language: str = "eng"
    codec: str = "aac"
    pitch: float = 440
    rate: int = 48_000
    title: str = ""
    default: bool = True


@dataclass(frozen=True)
class Subtitles:
    """A subtitle track of the form that suits the container: SubRip, WebVTT or mov_text."""

    language: str = "eng"
    lines: Sequence[tuple[Fraction | float, Fraction | float, str]] = ((0.1, 0.5, "One"), (0.6, 1.0, "Zwei: äöü"))
    """Start and end in seconds, text."""


@dataclass(frozen=True)
class Clip:
    """What a clip is made of; the container is that of the file's name."""

    frames: int = 30
    first: int = 0
    """The number on the first frame."""
    size: tuple[int, int] = (96, 64)
    """Width and height as shown, before a tag turns the picture."""
    rate: Fraction | int = 25
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    """Of the encoder, over `OPTIONS`."""
    keyframes: int = 12
    """Frames between two of them, at most."""
    b_frames: int | None = None
    """At most so many in a row; None leaves it to the encoder (libx264: 3; others: none)."""
    time_base: Fraction | None = None
    times: Sequence[int] | None = None
    """When each frame begins, in units of the time base; overrides `frames`."""
    start: Fraction | int = 0
    """Seconds by which everything in the clip is late."""
    rotation: int = 0
    """Degrees counter-clockwise by which a player turns what is stored, so that it is upright."""
    mirrored: bool = False
    """Whether a player then mirrors it left to right."""
    sample_aspect_ratio: Fraction | None = None
    colours: str = ""
    """A key of `COLOURS`; pixels are converted to match."""
    full_range: bool = False
    interlaced: bool = False
    title: str = ""
    """Of the video track, as is the next."""
    language: str = ""
    video: bool = True
    cover: bool = False
    """Whether to attach a picture in JPEG, whose number is 99."""
    audio: Sequence[Tone] = ()
    subtitles: Sequence[Subtitles] = ()
    more_video: Sequence[Clip] = ()
    """Further video tracks, after the first."""
    chapters: Sequence[tuple[Fraction | float, Fraction | float, str]] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    attachments: Sequence[tuple[str, str, bytes]] = ()
    """Name, media type and content; Matroska only."""
    data: Sequence[bytes] = ()
    """Packets, one a second, of a data track of timed metadata; MPEG-TS only."""
    muxer: dict[str, str] = field(default_factory=dict)
    """Options of the container, as {"movflags": "+faststart"}."""

    @property
    def base(self) -> Fraction:
        return Fraction(self.time_base or 1 / Fraction(self.rate))

    @property
    def instants(self) -> list[Fraction]:
        """When each frame begins, in seconds."""
        ticks = range(self.frames) if self.times is None else self.times
        step = self.base if self.times is not None else 1 / Fraction(self.rate)
        return [Fraction(self.start) + tick * step for tick in ticks]

    @property
    def duration(self) -> Fraction:
        """Seconds of everything but `start`; the last frame lasts as long as the one before."""
        instants = self.instants
        return 2 * instants[-1] - instants[-2] - Fraction(self.start) if instants[1:] else 1 / Fraction(self.rate)


def write(path: Path, **options: Any) -> Path:
    """Write the clip that `Clip(**options)` describes and return its path."""
    clip = Clip(**options)
    with av.open(str(path), "w", options=clip.muxer) as file:
        file.metadata.update(clip.metadata)
        tracks = [_video(file, each) for each in (clip, *clip.more_video) if each.video]
        tracks += [_tone(file, tone, clip) for tone in clip.audio]
        tracks += [_subtitles(file, each, SUBTITLES[path.suffix], clip) for each in clip.subtitles]
        if clip.cover:
            tracks.append(_cover(file, clip))
        if clip.data:
            tracks.append(_data(file, clip))
        for name, kind, content in clip.attachments:
            file.add_attachment(name, kind, content)
        if clip.chapters:
            file.set_chapters([_chapter(number, *each) for number, each in enumerate(clip.chapters, 1)])
        packets = [packet for track in tracks for packet in track]
        file.start_encoding()
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            file.mux(packet)
    return path


def encoder(file: Any, clip: Clip) -> Any:
    """A new video stream for the pictures of a clip."""
    stream = file.add_stream(clip.codec, rate=clip.rate, options=OPTIONS.get(clip.codec, {}) | clip.options)
    width, height = clip.size
    stream.width, stream.height = (height, width) if clip.rotation % 180 else (width, height)
    stream.pix_fmt = clip.pix_fmt
    context = stream.codec_context
    context.time_base = stream.time_base = clip.base
    context.flags |= FRAME_DURATION
    context.gop_size = clip.keyframes
    if clip.b_frames is not None:
        context.max_b_frames = clip.b_frames
    if clip.sample_aspect_ratio:
        context.sample_aspect_ratio = clip.sample_aspect_ratio
    if clip.colours or clip.full_range:
        context.color_primaries, context.color_trc, context.colorspace = COLOURS[clip.colours]
        context.color_range = FULL if clip.full_range else LIMITED
    if clip.interlaced:
        stream.options["flags"] = "+ildct+ilme"
    if clip.rotation or clip.mirrored:
        stream.set_display_rotation(clip.rotation, hflip=clip.mirrored)
    stream.metadata.update({name: text for name in ("title", "language") if (text := getattr(clip, name))})
    return stream


def pictures(clip: Clip) -> Iterator[av.VideoFrame]:
    """The frames of a clip, in sixteen bits and RGB, as they are to be stored."""
    instants = clip.instants
    ends = [*instants[1:], Fraction(clip.start) + clip.duration][: len(instants)]
    for count, (instant, end) in enumerate(zip(instants, ends, strict=True), clip.first):
        upright = draw(count, clip.size)
        pixels = np.rint(turned(upright, -clip.rotation, clip.mirrored) * 257).astype(np.uint16)
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb48le")
        frame.time_base = clip.base
        frame.pts, frame.duration = round(instant / clip.base), round((end - instant) / clip.base)
        if clip.colours:
            frame.colorspace = COLOURS[clip.colours][2]
        frame.color_range = FULL if clip.full_range else LIMITED
        yield frame


def _video(file: Any, clip: Clip) -> Iterator[av.Packet]:
    stream = encoder(file, clip)
    return (packet for frame in [*pictures(clip), None] for packet in stream.encode(frame))


def _cover(file: Any, clip: Clip) -> Iterator[av.Packet]:
    picture = Clip(codec="mjpeg", pix_fmt="yuvj420p", size=clip.size, frames=1, first=99, full_range=True)
    if file.format.name in ("matroska", "webm"):
        context = av.CodecContext.create("mjpeg", "w")
        context.width, context.height = picture.size
        context.pix_fmt, context.time_base = picture.pix_fmt, picture.base
        content = b"".join(bytes(packet) for frame in [*pictures(picture), None] for packet in context.encode(frame))
        file.add_attachment("cover.jpg", "image/jpeg", content)
        return iter(())
    stream = encoder(file, picture)
    stream.disposition = Disposition.attached_pic
    return (packet for frame in [*pictures(picture), None] for packet in stream.encode(frame))


def _tone(file: Any, tone: Tone, clip: Clip) -> Iterator[av.Packet]:
    stream = file.add_stream(tone.codec, rate=tone.rate, layout="stereo")
    stream.metadata["language"] = tone.language
    if tone.title:
        stream.metadata["title"] = tone.title
    stream.disposition = Disposition.default if tone.default else Disposition(0)
    return (packet for frame in [*sine(tone, clip), None] for packet in stream.encode(frame))


def sine(tone: Tone, clip: Clip) -> Iterator[av.AudioFrame]:
    """The sound of a track, a thousand samples or so at a time."""
    count, start = round(clip.duration * tone.rate), round(clip.start * tone.rate)
    wave = np.sin(np.arange(count) * (2 * np.pi * tone.pitch / tone.rate))
    both = np.repeat(np.rint(8000 * wave).astype(np.int16), 2)
    for begin, end in pairwise([*range(0, count, 960), count]):
        frame = av.AudioFrame.from_ndarray(both[None, 2 * begin : 2 * end], format="s16", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = tone.rate, Fraction(1, tone.rate), start + begin
        yield frame


def _subtitles(file: Any, track: Subtitles, codec: str, clip: Clip) -> Iterator[av.Packet]:
    if codec == "mov_text":
        stream = file.add_stream(codec)
        stream.codec_context.subtitle_header = STYLES
    else:
        stream = file.add_mux_stream(codec)
    stream.metadata["language"] = track.language
    return (_line(stream, codec, clip.start + Fraction(start), end - start, text) for start, end, text in track.lines)


def _line(stream: Any, codec: str, start: Fraction, length: Fraction | float, text: str) -> av.Packet:
    content = text.encode()
    if codec == "mov_text":
        content = len(content).to_bytes(2, "big") + content
    return _timed(stream, content, start, length)


def _data(file: Any, clip: Clip) -> Iterator[av.Packet]:
    stream = file.add_data_stream("klv")
    return (_timed(stream, content, Fraction(clip.start + second), 1) for second, content in enumerate(clip.data))


def _timed(stream: Any, content: bytes, start: Fraction, length: Fraction | float) -> av.Packet:
    packet = av.Packet(content)
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = round(start * 1000)
    packet.duration = round(length * 1000)
    return packet


def _chapter(number: int, start: Fraction | float, end: Fraction | float, title: str) -> dict[str, Any]:
    span = {"start": round(start * 1000), "end": round(end * 1000), "time_base": Fraction(1, 1000)}
    return {"id": number, "metadata": {"title": title}, **span}
