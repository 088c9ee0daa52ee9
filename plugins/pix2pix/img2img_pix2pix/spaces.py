"""A space says what the networks see of a task's images, and how an image is made from what they return."""

from __future__ import annotations

from typing import Literal, Protocol

import torch
from kornia.color import lab_to_rgb, rgb_to_lab
from torch import Tensor

from img2img.datasets import HOLE_COLOUR
from img2img.nn import metrics
from img2img.nn.signed import from_signed, to_signed

AB_RANGE = 110.0
"""The divisor of a* and b*, which go from -108 to 98 in sRGB."""
LUMA = (0.299, 0.587, 0.114)
"""The weights of ITU-R BT.601, by which photos are made grey."""
HOLE_TOLERANCE = 8 / 255
"""The distance that a hole's channels may have from `HOLE_COLOUR`, through rounding and slight compression."""


class Space(Protocol):
    """Converts images in [0, 1] to what networks see in [-1, 1], and back."""

    channels_in: int
    """The channels of the source, and of the encoded source."""
    channels_out: int
    """The channels of the encoded target; the target itself is RGB."""

    def encode_source(self, source: Tensor) -> Tensor:
        """Encode (N, channels_in, H, W), without changing the shape."""

    def encode_target(self, target: Tensor) -> Tensor:
        """Encode (N, 3, H, W) to (N, channels_out, H, W)."""

    def decode(self, source: Tensor, output: Tensor) -> Tensor:
        """Decode (N, channels_out, H, W), with the original source, to (N, 3, H, W) in float32."""


class Signed:
    """Moves the values, otherwise unchanged, to [-1, 1]."""

    channels_out = 3

    def __init__(self, channels_in: int = 3) -> None:
        self.channels_in = channels_in

    def encode_source(self, source: Tensor) -> Tensor:
        """Move the source to [-1, 1]."""
        return to_signed(source)

    def encode_target(self, target: Tensor) -> Tensor:
        """Move the target to [-1, 1]."""
        return to_signed(target)

    def decode(self, source: Tensor, output: Tensor) -> Tensor:
        """Move the network's output to [0, 1]."""
        return from_signed(output)


class Painted(Signed):
    """Works as `Signed`, but takes only the holes from the network's output, and the rest from the source."""

    def decode(self, source: Tensor, output: Tensor) -> Tensor:
        """Fill the holes of the source."""
        return torch.where(is_hole(source), from_signed(output), source.float())


class Lab:
    """Encodes the source by its lightness L* / 50 - 1, and the target by its colour (a*, b*) / 110.

    L* of a grey is not L* of the colour that has this luma, so that an image put together from them is off where it is
    colourful: 42 dB for photos and their own colour. Hence R, G and B are moved alike until the luma is the source's
    (65 dB).
    """

    channels_in, channels_out = 1, 2

    def encode_source(self, source: Tensor) -> Tensor:
        """Encode the lightness of the source."""
        return _lightness(source) / 50 - 1

    def encode_target(self, target: Tensor) -> Tensor:
        """Encode the colour of the target."""
        return _lab(target)[:, 1:] / AB_RANGE

    def decode(self, source: Tensor, output: Tensor) -> Tensor:
        """Join the source's lightness with the network's colour, and keep the source's luma."""
        with torch.autocast(source.device.type, enabled=False):
            colour = lab_to_rgb(torch.cat([_lightness(source), output.float() * AB_RANGE], 1))
            luma = (colour * colour.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
            return (colour + source - luma).clamp(0, 1)


def space_of(task: Literal["pairs", "colorize", "edges", "inpaint"]) -> Space:
    """Return the space of a task."""
    if task == "colorize":
        return Lab()
    return Painted() if task == "inpaint" else Signed(1 if task == "edges" else 3)


def is_hole(images: Tensor) -> Tensor:
    """Return where (N, 3, H, W) are to be painted: (N, 1, H, W)."""
    distance = (images - images.new_tensor(HOLE_COLOUR).view(1, 3, 1, 1)).abs()
    return distance.amax(1, keepdim=True) <= HOLE_TOLERANCE


def psnr_ab(images: Tensor, truth: Tensor) -> Tensor:
    """Compute the PSNR of a* and b* of (N, 3, H, W), with a peak of 255 as if stored in 8 bits: (N,)."""
    return metrics.psnr(_lab(images)[:, 1:] / 255, _lab(truth)[:, 1:] / 255)


def _lab(images: Tensor) -> Tensor:
    """Compute L* in [0, 100], a* and b* of sRGB, in float32 whatever the networks compute in."""
    with torch.autocast(images.device.type, enabled=False):
        return rgb_to_lab(images.float())


def _lightness(grey: Tensor) -> Tensor:
    """Compute L* in [0, 100] of grey in [0, 1] (sRGB), at a third of the cost of `_lab`."""
    grey = grey.float()
    linear = torch.where(grey > 0.04045, ((grey + 0.055) / 1.055) ** 2.4, grey / 12.92)
    return torch.where(linear > 0.008856, 116 * linear ** (1 / 3) - 16, 903.3 * linear)
