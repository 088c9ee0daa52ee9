"""This module puts a video file together from the encoded picture and the streams copied from the source."""

from __future__ import annotations

import errno
import heapq
import os
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
from img2img.media.files import unwritable
from img2img.media.video.container import open_container, reason
from img2img.media.video.fitting import open_output
from img2img.media.video.segments import read_packets
from img2img.media.video.tracks import TrackCopier, Tracks, about_picture

if TYPE_CHECKING:
    from io import BufferedIOBase

    from av.container import OutputContainer

    from img2img.media.folder import Folder
    from img2img.media.video.encoding import Encoding

_LARGEST_TIMESCALE = 1 << 31
_BUFFER = 1 << 20


@dataclass(frozen=True)
class Contents:
    """The parts of a target.

    Attributes:
        encoding: How the picture was encoded.
        segments: Files with the packets of the picture, in order.
        tracks: The streams to copy from the source; None where there is no file to copy from.
        shift: Seconds to subtract from the times of the source, as was done for the picture.
        end: Time of the source, in seconds, from which on nothing is copied; None copies everything.
    """

    encoding: Encoding
    segments: list[Path]
    tracks: Tracks | None = None
    shift: Fraction = Fraction(0)
    end: Fraction | None = None


def mux(contents: Contents, folder: Folder, path: Path) -> None:
    """Write a target to `path`, which may be left half-written by an error.

    FFmpeg gets file objects, since a name could make it choose a protocol and send the target over the network.

    Args:
        contents: The parts of the target.
        folder: The folder below which no link is followed.
        path: The file to make.

    Raises:
        WriteError: The disk is full, or the folder not writable.
        VideoError: The container cannot hold these streams together.
    """
    encoding, tracks = contents.encoding, contents.tracks
    with (
        _writing(path, encoding),
        ExitStack() as stack,
        folder.open(path, "wb") as file,
        _opened(file, folder, path, contents) as output,
    ):
        picture = encoding.add_to(output)
        copied: Iterator[Any] = iter(())
        if tracks is not None:
            source = stack.enter_context(open_container(tracks.source))
            picture.metadata.update(about_picture(source, tracks.source, contents.shift, encoding.rate))
            copied = TrackCopier(tracks, source, output, encoding, contents.shift, contents.end).packets()
        for packet in heapq.merge(_addressed(contents, picture), copied, key=_time):
            output.mux_one(packet)


class _Output:
    """An open file as FFmpeg writes to it; of several errors only the first is raised, since PyAV prints the others."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._descriptor = file.fileno()
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write all of `data`; write nothing after an error."""
        rest = memoryview(b"" if self.error else data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            self.error = error
            raise
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file."""
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        """Return the place in the file."""
        return self.seek(0, os.SEEK_CUR)


@contextmanager
def _opened(file: BufferedIOBase, folder: Folder, path: Path, contents: Contents) -> Iterator[OutputContainer]:
    def again(url: str, flags: int, options: dict[str, str]) -> BufferedIOBase:
        """Open the file for reading: MP4 does that at the end, to move its index to the beginning."""
        return folder.open(path, "rb")

    output, container, options = _Output(file), contents.encoding.container, _options(contents.encoding)
    try:
        if contents.tracks is not None and contents.tracks.unlisted:
            opened = open_output(output, container, options, unlisted=True)
        else:
            opened = av.open(output, "w", format=container, options=options, buffer_size=_BUFFER, io_open=again)
        with opened:
            yield opened
    except av.error.FFmpegError as error:
        raise output.error or error from None


def _addressed(contents: Contents, stream: av.VideoStream) -> Iterator[Any]:
    """Yield the packets of the picture, addressed to a stream; the last lasts until everything has been shown.

    MP4 adds up the decoding times to get the length of a track. At a variable rate, that is not how long it is shown.
    """
    packets = read_packets(contents.segments, contents.encoding.time_base)
    last = next(packets)
    begin, decoded = last.pts, last.dts  # noted here, since the muxer changes the times of packets that it has got
    end = begin + last.duration
    for packet in chain(packets, [None]):
        if packet is None and contents.encoding.container in ("mp4", "mov"):
            last.duration = max(1, (end - begin) - (last.dts - decoded))
        elif packet is not None:
            end = max(end, packet.pts + packet.duration)
        last.stream = stream
        yield last
        last = packet


def _time(packet: Any) -> Fraction:
    time: Fraction = packet.dts * packet.time_base
    return time


def _options(encoding: Encoding) -> dict[str, str]:
    options = {"fflags": "+bitexact"}  # without it, Matroska numbers streams at random, and two runs differ
    if encoding.container in ("matroska", "webm"):
        options["avoid_negative_ts"] = "disabled"  # else sound that begins early would move the picture
        return options
    timescale = encoding.time_base.denominator
    options["movflags"] = "+faststart"
    if encoding.time_base.numerator == 1 and timescale < _LARGEST_TIMESCALE:
        options["movie_timescale"] = str(timescale)  # the unit in which the file stores when the picture begins
    return options


@contextmanager
def _writing(path: Path, encoding: Encoding) -> Iterator[None]:
    try:
        yield
    except av.error.FFmpegError as error:
        number = error.errno or 0
        if number in (0, errno.EINVAL, errno.ENOSYS) or number > 1 << 16:
            advice = "; try .mkv" if encoding.container != "matroska" else ""
            raise VideoError(f"{path}: its streams do not fit together: {reason(error)}{advice}") from error
        raise unwritable(path, OSError(number, error.strerror)) from error
    except OSError as error:
        raise unwritable(path, error) from error
