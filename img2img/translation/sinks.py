"""Sinks take translated frames: a video, an animation, a folder of images, or a file that a plugin writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import av
import numpy as np

from img2img.errors import Img2ImgError, VideoError
from img2img.media import Image, encode_image, unwritable
from img2img.media.clip.part import guarded
from img2img.media.image.alpha import Ground, colour_name, in_front_of
from img2img.media.video.captions import lost_captions
from img2img.media.video.encoding import Encoding
from img2img.media.video.muxing import Contents, mux
from img2img.media.video.segments import SegmentEncoder
from img2img.media.video.tracks import Tracks
from img2img.text import printable
from img2img.translation.clip_state import part_of
from img2img.translation.journal import digest, digest_file

if TYPE_CHECKING:
    from img2img.contract.clips import ClipTarget, ClipWriter
    from img2img.media.clip.animation import AnimationWriter
    from img2img.media.image.images import Pixels
    from img2img.media.video import ClipInfo, Frame
    from img2img.translation.place import Place

T = TypeVar("T")

_ENCODERS = 4
"""The number of images that are written at once."""


class Sink(Protocol):
    """A sink takes the frames of a clip in order, segment by segment."""

    notes: tuple[str, ...]
    """Notes on what the target does not keep of the source."""
    about: str
    """A text of all that decides how frames are written."""
    resumes: bool
    """Whether a job that was killed resumes after the segments that were written."""

    def add(self, index: int, pixels: Pixels, frame: Frame) -> None:
        """Take the translated frame `index`, (H, W, C)."""

    def write_segment(self, path: Path) -> None:
        """Write the frames since the last call to the disk; `path` exists once none of them can be lost."""

    def finish(self, segments: list[Path], part: Path, record: Callable[[str], None]) -> None:
        """Make the target from all segments.

        Args:
            segments: The paths that `write_segment` was given.
            part: A path on the same disk, for the target while it is incomplete.
            record: Called with the SHA-256 of the file that is about to be renamed into place.
        """

    def close(self) -> None:
        """Release threads and memory."""


class Opaque:
    """Puts frames with transparency in front of a ground, for targets that hold no transparency."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.notes: tuple[str, ...] = ()
        """A note once a frame had transparent pixels."""

    def __call__(self, pixels: Pixels) -> Pixels:
        """Return (H, W, 1 or 3)."""
        if pixels.shape[2] in (1, 3):
            return pixels
        if not self.notes and pixels[..., -1].min() < np.iinfo(pixels.dtype).max:
            self.notes = (f"transparency put in front of {colour_name(self._ground)}, since the target holds none",)
        return in_front_of(self._ground, pixels)


class VideoSink:
    """Encodes segments, and joins them with the source's other streams."""

    resumes = True

    def __init__(
        self,
        place: Place,
        encoding: Encoding,
        opaque: Opaque,
        tracks: Tracks | None = None,
        shift: Fraction = Fraction(0),
        end: Fraction | None = None,
    ) -> None:
        self._opaque = opaque
        self._place, self._tracks, self._shift, self._end = place, tracks, shift, end
        self._encoding = encoding
        self._encoder: SegmentEncoder | None = None
        self.notes = (*encoding.notes, *(tracks.notes if tracks else ()))
        self.about = f"{encoding} {av.__version__}"

    def add(self, index: int, pixels: Pixels, frame: Frame) -> None:
        """Encode a frame into the current segment."""
        colour = self._opaque(pixels)
        colour = colour if colour.shape[2] == 3 else colour[..., [0, 0, 0]]
        self._opened().add(colour, frame.pts, frame.duration, frame.captions)
        if frame.captions and (note := lost_captions(self._encoding.encoder)) and note not in self.notes:
            self.notes += (note,)

    def write_segment(self, path: Path) -> None:
        """Finish the current segment and give it its path."""
        self._opened().write(self._place.root, path)
        self._encoder = None

    def finish(self, segments: list[Path], part: Path, record: Callable[[str], None]) -> None:
        """Join the segments with the source's other streams and rename the result into place."""
        self.notes += self._opaque.notes
        try:
            mux(Contents(self._encoding, segments, self._tracks, self._shift, self._end), self._place.root, part)
            record(digest_file(part))
            self._place.publish(part)
        except BaseException:
            with suppress(OSError):
                self._place.root.remove(part)
            raise

    def close(self) -> None:
        """Drop a segment that is not finished."""
        self._encoder = None

    def _opened(self) -> SegmentEncoder:
        if self._encoder is None:
            self._encoder = SegmentEncoder(self._encoding)
        return self._encoder


class AnimationSink:
    """Keeps all frames until the end, as the libraries that write animations do."""

    resumes = False

    def __init__(self, place: Place, writer: AnimationWriter, notes: tuple[str, ...]) -> None:
        self._place, self._writer, self.notes, self.about = place, writer, notes, ""

    def add(self, index: int, pixels: Pixels, frame: Frame) -> None:
        """Keep a frame until the end."""
        self._writer.add(pixels, frame.pts, frame.duration)

    def write_segment(self, path: Path) -> None:
        """Do nothing: nothing is on the disk before the end, so a job that is killed begins anew."""

    def finish(self, segments: list[Path], part: Path, record: Callable[[str], None]) -> None:
        """Write all frames and rename the file into place."""
        encoded = self._writer.encode()
        self.notes += encoded.notes
        record(digest(encoded.data))
        self._place.write(encoded.data)

    def close(self) -> None:
        """Do nothing: there are no threads and no files to release."""


class ImagesSink:
    """Writes each frame as an image named `00000001.png` and so on."""

    resumes = True

    def __init__(
        self, place: Place, suffix: str, quality: int | None, opaque: Opaque | None, notes: tuple[str, ...]
    ) -> None:
        self._place, self._suffix, self._quality, self._opaque, self.notes = place, suffix, quality, opaque, notes
        self.about = f"{suffix} {quality}"
        self._pool = ThreadPoolExecutor(_ENCODERS, "encode")
        self._under_way: deque[Future[None]] = deque()

    def add(self, index: int, pixels: Pixels, frame: Frame) -> None:
        """Write a frame in one of the threads."""
        name = f"{index + 1:08}{self._suffix}"
        pixels = self._opaque(pixels) if self._opaque else pixels
        self._under_way.append(self._pool.submit(self._write, pixels, name, replaces=name in self._before))
        if len(self._under_way) > 2 * _ENCODERS:
            self._under_way.popleft().result()

    def write_segment(self, path: Path) -> None:
        """Wait until the frames are written, and note the segment as finished."""
        while self._under_way:
            self._under_way.popleft().result()
        self._place.root.write(path, b"")

    def finish(self, segments: list[Path], part: Path, record: Callable[[str], None]) -> None:
        """Add the note on transparency; all images exist already."""
        self.notes += self._opaque.notes if self._opaque else ()

    def close(self) -> None:
        """Stop the threads; frames that are not begun are dropped."""
        self._pool.shutdown(cancel_futures=True)

    def _write(self, pixels: Pixels, name: str, *, replaces: bool) -> None:
        encoded = encode_image(Image(pixels), self._suffix, self._quality)
        self._place.root.write(self._place.path / name, encoded.data, replaces=replaces)

    @cached_property
    def _before(self) -> frozenset[str]:
        """The names in the folder before the first frame; a job that must not replace them was refused earlier."""
        return frozenset(path.name for path in self._place.path.iterdir())


class WriterSink:
    """Hands frames to a plugin's writer; a job that is killed begins anew."""

    resumes = False

    def __init__(self, place: Place, kind: ClipTarget, info: ClipInfo, opaque: Opaque, notes: tuple[str, ...]) -> None:
        self._opaque = opaque
        self._place, self._kind, self._info, self.notes = place, kind, info, notes
        self._name = printable(place.path)
        self.about = kind.name
        self._writer: ClipWriter | None = None

    def add(self, index: int, pixels: Pixels, frame: Frame) -> None:
        """Hand a frame to the plugin."""
        writer, colour = self._opened(), self._opaque(pixels)
        self._call(lambda: writer.add(colour, frame))

    def write_segment(self, path: Path) -> None:
        """Do nothing: a job that is killed begins anew, so that no segment on the disk would be of use."""

    def finish(self, segments: list[Path], part: Path, record: Callable[[str], None]) -> None:
        """Let the plugin finish its file, close it, and rename it into place."""
        self.notes += self._opaque.notes
        writer = self._opened()
        self._call(lambda: writer.finish())
        self._writer = None
        self._call(lambda: writer.close())
        if not part.is_file():
            raise VideoError(f"{self._name}: the plugin that writes it made no file at the path that it was given")
        record(digest_file(part))
        self._place.publish(part)

    def close(self) -> None:
        """Close the plugin's unfinished file; a further error is ignored, since the first one matters more."""
        if (writer := self._writer) is not None:
            self._writer = None
            with suppress(Img2ImgError, MemoryError):
                self._call(lambda: writer.close())

    def _opened(self) -> ClipWriter:
        if self._writer is None:
            part = part_of(self._place.path)
            with suppress(OSError):  # a killed job has left it, or it is a link that somebody has planted
                self._place.root.remove(part)
            # A relative name could be an address for the library that a plugin writes with.
            self._writer = self._call(lambda: self._kind.create(part.absolute(), self._info))
        return self._writer

    def _call(self, call: Callable[[], T]) -> T:
        """Call the plugin; an error of the disk stops the job, as with any other target."""

        def attempt() -> T:
            """Call the plugin's method and turn its errors into ours."""
            try:
                return call()
            except OSError as error:
                raise unwritable(self._place.path, error) from error

        return guarded(self._name, attempt, "writes")
