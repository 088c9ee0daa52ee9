"""What a clip is here, whatever it is stored in: frames with their times, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels
    from img2img.media.video.colour import Colour


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a clip.

    Attributes:
        pts: When it is shown, in ticks of the clip.
        duration: How long, in ticks.
        picture: Gives its pixels, (H, W, C) of uint8 or uint16, upright. Frames that show one picture share one
            function, so that nobody need translate it twice.
    """

    pts: int
    duration: int
    picture: Callable[[], Pixels]


@dataclass(frozen=True)
class ClipInfo:
    """What the frames of a clip have in common.

    Attributes:
        width: In pixels, upright.
        height: Likewise.
        time_base: Seconds of a tick.
        rate: Frames a second, on average.
        frames: How many there are, as far as the file tells without being read; 0 where it does not.
        start: Time of the file's beginning, in seconds; `--start` and `--end` count from it.
        deep: More than 8 bits a channel.
        chroma: Chroma subsampling, such as `4:2:0`; empty for RGB.
        sample_aspect: Width of a pixel over its height.
        colour: What the numbers mean.
        notes: What of the source is not in the frames, for the report.
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


class Clip(Protocol):
    """A clip to read: of a video file, an animation, a folder of images, or what a plugin makes of something else."""

    info: ClipInfo

    @property
    def damage(self) -> str:
        """What of the source is lost, once its frames have been read; empty if nothing is."""

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in the order of their times; can be gone through once."""

    def close(self) -> None: ...
