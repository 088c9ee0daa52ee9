"""This module writes clips frame by frame, for plugins: videos with the sound of another file, and animations."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from img2img.errors import UsageError, VideoError
from img2img.media import formats
from img2img.media.files import unwritable
from img2img.media.folder import Folder, write_file
from img2img.media.image.alpha import in_front_of
from img2img.media.video.encoding import choose_encoding
from img2img.media.video.muxing import Contents, mux
from img2img.media.video.options import VideoOptions
from img2img.media.video.segments import SegmentEncoder
from img2img.media.video.tracks import Tracks, choose_tracks

if TYPE_CHECKING:
    from img2img.media.clip.animation import AnimationWriter
    from img2img.media.clip.frames import ClipInfo, Frame
    from img2img.media.image.images import Pixels

_USUAL = VideoOptions()
_SEGMENT = 120
"""Frames that are encoded before they are put on the disk."""


def create_clip(path: Path, info: ClipInfo, options: VideoOptions = _USUAL, *, suffix: str = "") -> NewClip:
    """Begin a clip: a video with the sound, subtitles, chapters and titles of `info.tracks`, or an animation.

    Use it in a `with` statement, `add` the frames in order, and `finish`; before that there is no file at the path.

    Args:
        path: The file to make or to replace; its folder exists.
        info: Size, ticks, rate and depth of the frames that will follow, such as the `info` of a clip that was read.
        options: How it is encoded; `start`, `end` and `fps` are ignored.
        suffix: The suffix of the format, such as `.mp4` or `.gif`; by default that of the path.

    Raises:
        UsageError: Clips are not written in such a format, with such options, or with such tracks.
        VideoError: The file of the tracks cannot be read.
    """
    form = formats.of_suffix(suffix or path.suffix)
    if form is None or form.moving is None or not (form.moving.container or form.moving.write):
        raise UsageError(f"a clip cannot be written as {suffix or path.suffix!r}; name a .mp4, .mkv, .webm or .gif")
    if not form.moving.container:
        write = formats.load(form.moving.write)
        return NewAnimation(path, info, options, write(form.suffixes[0], info.time_base, 0, options.quality))
    return NewVideo(path, info, options, (suffix or path.suffix).lower())


class NewClip:
    """A clip that is being written; `create_clip` returns one."""

    def __init__(self, path: Path, info: ClipInfo, options: VideoOptions) -> None:
        self.path, self.info, self.options = path, info, options
        self.notes: tuple[str, ...] = ()
        """What the file does not keep of the frames or of the tracks."""
        self._last: int | None = None

    def __enter__(self) -> NewClip:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, pixels: Pixels, frame: Frame) -> None:
        """Write a frame.

        Args:
            pixels: (H, W, 1 ... 4) of uint8 or uint16. Only animations keep what is transparent.
            frame: Gives the time, the duration and the captions, in ticks of `info.time_base`; its picture is not used.

        Raises:
            VideoError: The frame has another size than `info` says, or is not later than the one before.
        """
        height, width = pixels.shape[:2]
        if (width, height) != (self.info.width, self.info.height):
            raise VideoError(
                f"a frame of {width}×{height} in a clip of {self.info.width}×{self.info.height}; resize it"
            )
        if self._last is not None and frame.pts <= self._last:
            raise VideoError(f"a frame at tick {frame.pts} follows one at {self._last}; times must rise")
        self._last = frame.pts
        self._add(pixels, frame)

    def finish(self) -> None:
        """Complete the file and give it its name.

        Raises:
            VideoError: There are no frames.
            WriteError: The disk is full, or the folder not writable.
        """
        if self._last is None:
            raise VideoError(f"{self.path}: a clip needs a frame, and none was added")
        self._finish()

    def close(self) -> None:
        """Remove what is not finished."""

    def _add(self, pixels: Pixels, frame: Frame) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        raise NotImplementedError


class NewAnimation(NewClip):
    """An animation that is being written; it stays in memory until it is finished."""

    def __init__(self, path: Path, info: ClipInfo, options: VideoOptions, writer: AnimationWriter) -> None:
        super().__init__(path, info, options)
        self._writer = writer

    def _add(self, pixels: Pixels, frame: Frame) -> None:
        self._writer.add(pixels, frame.pts, frame.duration)

    def _finish(self) -> None:
        encoded = self._writer.encode()
        self.notes += encoded.notes
        write_file(self.path, encoded.data)


class NewVideo(NewClip):
    """A video that is being written; its packets wait in a folder beside it."""

    def __init__(self, path: Path, info: ClipInfo, options: VideoOptions, suffix: str) -> None:
        super().__init__(path, info, options)
        self._encoding = choose_encoding(suffix, options, info)
        self._tracks: Tracks | None = None
        if info.tracks is not None:
            drops = options.drop_unsupported_streams
            self._tracks = choose_tracks(info.tracks.file, self._encoding, drop_unsupported=drops)
        self.notes = (*self._encoding.notes, *(self._tracks.notes if self._tracks else ()))
        self._encoder, self._count = SegmentEncoder(self._encoding), 0
        self._segments: list[Path] = []
        try:
            self._folder = Folder(Path(tempfile.mkdtemp(".part", ".img2img-", path.parent)))
        except OSError as error:
            raise unwritable(path, error) from error

    def close(self) -> None:
        """Remove the folder with the packets."""
        shutil.rmtree(self._folder.path, ignore_errors=True)

    def _add(self, pixels: Pixels, frame: Frame) -> None:
        if self._count == _SEGMENT:
            self._end_segment()
        pixels = in_front_of(self.options.ground, pixels) if pixels.shape[2] in (2, 4) else pixels
        colour = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
        self._encoder.add(colour, frame.pts, frame.duration, frame.captions)
        self._count += 1

    def _end_segment(self) -> None:
        path = self._folder.path / f"{len(self._segments):06}.npz"
        self._encoder.write(self._folder, path)
        self._segments.append(path)
        self._encoder, self._count = SegmentEncoder(self._encoding), 0

    def _finish(self) -> None:
        self._end_segment()
        part, tracks = self._folder.path / "target", self.info.tracks
        begin, end = (tracks.begin, tracks.end) if tracks else (self.info.time_base * 0, None)
        mux(Contents(self._encoding, self._segments, self._tracks, begin, end), self._folder, part)
        Folder(self.path.parent).publish(part, self.path)
        self.close()
