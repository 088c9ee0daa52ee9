"""This module defines the traits by which the core uses a translator: source, sizes, tiling, time, conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Tiling = Literal["exact", "overlap", "never"]
Precision = Literal["fp32", "bf16", "fp16"]
Kind = Literal["label", "number", "image", "map"]


@dataclass(frozen=True)
class Condition:
    """An input besides the source that a user may or must give: a label, a number, a picture or a map.

    Attributes:
        description: What it is, in words for the user.
        parse: Turns the typed text of a label or a number into one row, without the batch dimension; the user sees the
            text of a ValueError. Without it, a label gives the index of its choice as int64, and a number itself as
            float32.
        required: Whether it must be given.
        choices: All allowed texts of a label, where they can be listed.
        kind: `label` and `number` are typed; `image` is a picture of any size, such as one whose style is taken; `map`
            is a picture that belongs to the source pixel by pixel, such as a mask.
        minimum: The least number that is allowed.
        maximum: The greatest number that is allowed.
        channels: Channels of an image or a map: 1 (grey) or 3 (RGB).
        interpolation: How a map is resized to the size of its source: `nearest` where its values are classes.
    """

    description: str
    parse: Callable[[str], Tensor] | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    kind: Kind = "label"
    minimum: float | None = None
    maximum: float | None = None
    channels: Literal[1, 3] = 3
    interpolation: Literal["linear", "nearest"] = "linear"

    @property
    def is_picture(self) -> bool:
        """Whether its values are pictures, (channels, H, W) in [0, 1]."""
        return self.kind in ("image", "map")

    def row(self, text: str) -> Tensor:
        """Turn the typed text of a label or a number into one row, without the batch dimension.

        Raises:
            ValueError: The text is none of the choices, or no number in the range.
        """
        if self.parse is not None:
            return self.parse(text)
        return self._number(text) if self.kind == "number" else self._label(text)

    def _label(self, text: str) -> Tensor:
        import torch

        if text not in self.choices:
            raise ValueError(f"choose one of {', '.join(self.choices)}")
        return torch.tensor(self.choices.index(text))

    def _number(self, text: str) -> Tensor:
        import torch

        value = float(text)
        low = float("-inf") if self.minimum is None else self.minimum
        high = float("inf") if self.maximum is None else self.maximum
        if not low <= value <= high:
            raise ValueError(f"give a number from {low:g} to {high:g}")
        return torch.tensor(value, dtype=torch.float32)


@dataclass(frozen=True)
class Noise:
    """The source of a translator that makes pictures of noise instead of pictures.

    Attributes:
        shape: The shape of the noise for one picture, such as `(512,)`.
        height: Height of the pictures that come out, in pixels.
        width: Width of the pictures that come out, in pixels.
    """

    shape: tuple[int, ...]
    height: int
    width: int

    def draw(self, seeds: Sequence[int]) -> Tensor:
        """Draw standard normal noise, (N, *shape), float32, on the CPU; row i depends on `seeds[i]` alone."""
        import torch

        rows = [torch.randn(self.shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        return torch.stack(rows)


@dataclass(frozen=True)
class Traits:
    """The traits of a translator; the defaults describe a network that keeps the size of any RGB image.

    Attributes:
        scale: Size of the output divided by the size of the input.
        multiple_of: The height and width of the input are multiples of this; the core pads by reflection and crops
            afterwards.
        minimum_size: Smallest height and width that the network can take; the core pads up to it.
        channels_in: 1 (grey) or 3 (RGB); the core converts the channels, and keeps alpha apart.
        channels_out: 1 (grey) or 3 (RGB); the core converts the channels, and keeps alpha apart.
        tiling: `exact`: a tile with a border of `halo` pixels gives the same pixels as the whole image. `overlap`:
            tiles with such a border give nearly the same pixels, so that only images that are too large are cut, and
            the report says so. `never`: an output pixel depends on the whole image, as with InstanceNorm, so that tiles
            would give other pixels.
        halo: The distance, in input pixels, up to which an output pixel depends on the input (`exact`), or depends on
            it noticeably (`overlap`).
        precisions: The precisions in which the network gives good results, fp32 among them; the core runs it in no
            other.
        keeps_colour: Whether the result has the colours of its source, as in super-resolution and restoration: a source
            without colour then gives a result without colour, also where the network, which works in RGB, tints it.
            Otherwise the result has the colours that the network made.
        conditions: The conditions that the translator takes, by name.
        window: The numbers of frames before and after a frame that the translator looks at; if they are not both 0, it
            gets (N, before + 1 + after, C, H, W), in which the first and the last frame of a clip are repeated. In
            `img2img live`, it gets the frames that were shown before, and the newest in all places after it.
        frames_out: The number of frames that the translator gives for each frame; if more than 1, it returns (N,
            frames_out, C', scale H, scale W), evenly spread over the time in which the frame is shown.
        remembers: Whether the translator carries a state from frame to frame of a clip; see `Translator.begin`. It is
            never tiled.
        source: The noise that the translator takes instead of a picture; None for a picture.
    """

    scale: int | Fraction = 1
    multiple_of: int = 1
    minimum_size: int = 1
    channels_in: int = 3
    channels_out: int = 3
    tiling: Tiling = "never"
    halo: int = 0
    precisions: tuple[Precision, ...] = ("fp32", "bf16")
    keeps_colour: bool = False
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    window: tuple[int, int] = (0, 0)
    frames_out: int = 1
    remembers: bool = False
    source: Noise | None = None

    @property
    def frames_in(self) -> int:
        """The number of frames that the translator gets for each frame."""
        return self.window[0] + 1 + self.window[1]

    @property
    def knows_time(self) -> bool:
        """Whether results depend on other frames of a clip, or are several for a frame."""
        return self.frames_in > 1 or self.remembers or self.frames_out > 1

    @property
    def can_be_tiled(self) -> bool:
        """Whether large images may be cut into tiles."""
        return self.tiling != "never" and not self.remembers
