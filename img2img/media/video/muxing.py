"""Putting a video together: the encoded picture, and everything else from the source."""

from __future__ import annotations

import errno
import heapq
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error

from img2img.errors import VideoError
from img2img.media.files import printable, unwritable
from img2img.media.video.container import open_container, reason
from img2img.media.video.segments import read_packets
from img2img.media.video.tracks import TrackCopier, Tracks, about_picture

if TYPE_CHECKING:
    from img2img.media.video.encoding import Encoding

_LARGEST_TIMESCALE = 1 << 31
_BUFFER = 1 << 20


@dataclass(frozen=True)
class Contents:
    """What goes into a target.

    Attributes:
        encoding: How the picture was encoded.
        segments: Files of the picture, in order.
        tracks: What is copied from the source; None where there is no file to copy from.
        shift: Seconds that the picture's times are less than the source's.
        end: Time of the source from which on nothing is copied, in seconds.
    """

    encoding: Encoding
    segments: list[Path]
    tracks: Tracks | None = None
    shift: Fraction = Fraction(0)
    end: Fraction | None = None


def mux(contents: Contents, path: Path) -> None:
    """Write a target to `path`, which may be left half-written by an error.

    Raises:
        WriteError: The disk is full, or the folder not writable.
        VideoError: The container cannot hold this.
    """
    encoding = contents.encoding
    options = _options(encoding)
    with (
        _writing(path),
        ExitStack() as stack,
        av.open(str(path), "w", format=encoding.container, options=options) as output,
    ):
        picture = encoding.add_to(output)
        copied: Iterator[Any] = iter(())
        if contents.tracks is not None:
            source = stack.enter_context(open_container(contents.tracks.source))
            picture.metadata.update(about_picture(source, contents.tracks.source))
            copied = TrackCopier(contents.tracks, source, output, contents.shift, contents.end).packets()
        for packet in heapq.merge(_addressed(contents, picture), copied, key=_time):
            output.mux_one(packet)


def _addressed(contents: Contents, stream: av.VideoStream) -> Iterator[Any]:
    """The packets of the picture; the last one is made to last until all has been shown.

    MP4 adds up the decoding times to know how long a track is, which at a variable rate is not how long it is shown.
    """
    packets = read_packets(contents.segments, contents.encoding.time_base)
    last = first = next(packets)
    end = first.pts + first.duration
    for packet in chain(packets, [None]):
        if packet is None and contents.encoding.container in ("mp4", "mov"):
            last.duration = max(1, (end - first.pts) - (last.dts - first.dts))
        elif packet is not None:
            end = max(end, packet.pts + packet.duration)
        last.stream = stream
        yield last
        last = packet


def _time(packet: Any) -> Fraction:
    time: Fraction = packet.dts * packet.time_base
    return time


def _options(encoding: Encoding) -> dict[str, str]:
    options = {"fflags": "+bitexact"}  # or Matroska numbers streams by chance, and two runs differ
    if encoding.container in ("matroska", "webm"):
        options["avoid_negative_ts"] = "disabled"  # sound that begins early would move the picture
        return options
    timescale = encoding.time_base.denominator
    options["movflags"] = "+faststart"
    if encoding.time_base.numerator == 1 and timescale < _LARGEST_TIMESCALE:
        options["movie_timescale"] = str(timescale)  # in which the file says when the picture begins
    return options


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except av.error.FFmpegError as error:
        number = error.errno or 0
        if number in (0, errno.EINVAL, errno.ENOSYS) or number > 1 << 16:
            raise VideoError(f"{printable(path)}: it cannot be put together: {reason(error)}; try .mkv") from error
        raise unwritable(path, OSError(number, error.strerror)) from error
    except OSError as error:
        raise unwritable(path, error) from error
