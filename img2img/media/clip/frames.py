"""This module defines clips, however they are stored: frames with their times, and what the frames have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels
    from img2img.media.video.colour import Colour


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a clip.

    Attributes:
        pts: When the frame is shown, in ticks of the clip.
        duration: How long the frame is shown, in ticks.
        picture: Returns the pixels, (H, W, C) of uint8 or uint16, upright. Frames that show the same picture share
            one function, so that the picture need not be translated twice.
        captions: Closed captions (CEA-608 and 708) that come with the frame, as ATSC A/53 codes them.
    """

    pts: int
    duration: int
    picture: Callable[[], Pixels]
    captions: bytes = b""


@dataclass(frozen=True)
class TracksOf:
    """The video file whose sound, subtitles, chapters and titles belong to a clip, and go into its target.

    Attributes:
        file: The file; its picture may be another one.
        begin: The time of the file, in seconds, that is time 0 of the clip.
        end: The time of the file, in seconds, from which on its tracks are left out; None for none.
    """

    file: Path
    begin: Fraction = Fraction(0)
    end: Fraction | None = None

    def part(self, begin: Fraction, end: Fraction | None) -> TracksOf:
        """Return what belongs to a part of the clip, from one of its times to another, in seconds."""
        ends = [each for each in (self.end, None if end is None else self.begin + end) if each is not None]
        return TracksOf(self.file, self.begin + begin, min(ends, default=None))


@dataclass(frozen=True)
class ClipInfo:
    """The properties that all frames of a clip share.

    Attributes:
        width: Width of the upright frame, in pixels.
        height: Height of the upright frame, in pixels.
        time_base: Length of a tick, in seconds.
        rate: Frames a second, on average.
        frames: Number of frames according to the file's header; 0 where the header does not give it.
        start: Time of the clip's beginning, in seconds; `--start` and `--end` count from it.
        deep: Whether a channel has more than 8 bits.
        chroma: Chroma subsampling, such as `4:2:0`; empty for RGB.
        sample_aspect: Width of a pixel divided by its height.
        colour: The colour space of the pixels; None where the source declares none.
        notes: Properties of the source that the frames do not keep, for the report.
        tracks: What belongs to the clip beside its picture; None for nothing.
    """

    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    frames: int = 0
    start: Fraction = Fraction(0)
    deep: bool = False
    chroma: str = ""
    sample_aspect: Fraction = Fraction(1)
    colour: Colour | None = None
    notes: tuple[str, ...] = ()
    tracks: TracksOf | None = None


class Clip(Protocol):
    """A clip that can be read: a video file, an animation, a folder of images, or the source of a plugin."""

    info: ClipInfo

    @property
    def damage(self) -> str:
        """Describes, once all frames have been read, what could not be decoded; empty if everything could."""

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in the order of their times; this works once."""

    def close(self) -> None:
        """Close the source."""
