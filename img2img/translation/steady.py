"""Clips without flicker from models that see one frame at a time: each result is blended with the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from img2img.errors import UsageError
from img2img.media.flow import enlarge, flow, visible, warp
from img2img.media.opencv import cv2

if TYPE_CHECKING:
    from img2img.media.images import Pixels

HALVED_FROM = 256
"""From this shorter side on, source frames are compared at half the size: far faster, and less noise is seen."""
DETAIL = 1000.0
"""How fast trust falls with the square of the mean difference of the colours of a pixel, which are in [0, 1]."""
BRIGHTNESS = 0.7 / 255
"""Difference of the colours around a pixel, in [0, 1], at which trust has fallen to 1 / e."""
NEIGHBOURHOOD = 31
"""Side of the square which is around a pixel."""
CUT = 0.1
"""Between frames that have less than this in common, there is a cut.

Measured at 384 × 256: at most 0.01 between different pictures, dark ones too, and 0.07 if both have black bars; at
least 0.13 in pans of up to 60 pixels a frame. A false cut costs little: where little is in common, little is blended.
"""
CONTRAST = 6
"""A pixel in whose surroundings the levels, of 255, differ by no more than this may belong to a bar."""
SURROUNDINGS = np.ones((17, 17), np.uint8)
COARSE = 8
"""Blotches are looked for at this fraction of the size at which the motion is looked for ..."""
BLOTCH = 1.5
"""... with a Gaussian of this standard deviation in pixels of that size."""


class _Frame(NamedTuple):
    """What is kept of a frame for the next."""

    seen: NDArray[np.uint8]
    """The source, reduced."""
    output: NDArray[np.float32]
    """The steady result in [0, 1], not rounded."""


class Steady:
    """Blends each translated frame with the one before, moved along the optical flow of the source.

    After Lai et al. 2018, "Learning Blind Video Temporal Consistency", whose learnt step this replaces by arithmetic:

        output_t = fresh + strength * trust * (moved - fresh)

    `moved` is the output of the frame before, moved along the flow between the source frames. `trust` is 0 where what
    the source shows was hidden in the frame before, and falls where it has changed, in detail or in brightness; so
    fades and lamps are followed. `fresh` is the result of the model, from which blotches and tints, that it has and
    `moved` has not, are taken first, also in the surroundings of what can be trusted. At a cut it starts anew.

    Args:
        strength: 0 changes nothing; towards 1, a clip gets steadier and what the model invents adapts more slowly.

    Raises:
        UsageError: The strength is not from 0 to below 1.
    """

    def __init__(self, strength: float = 0.8) -> None:
        if not 0 <= strength < 1:
            raise UsageError(f"a strength of {strength} is not possible; give one from 0 to below 1, such as 0.8")
        self.strength = strength
        self.reset()

    def reset(self) -> None:
        """Forget the frames before: a new clip begins."""
        self._before: _Frame | None = None

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the next frame depends on, which is not to be changed; empty at the beginning of a clip."""
        return {"seen": self._before.seen, "output": self._before.output} if self._before else {}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on after the frame at which `state` was asked for, to the same bits."""
        self._before = _Frame(state["seen"], state["output"]) if state else None

    def __call__(self, source: Pixels, result: Pixels) -> Pixels:
        """Take the next frame of the clip.

        Args:
            source: (H, W, 1 or 3) of uint8 or uint16.
            result: What the model made of it: (H', W', 1 or 3) of uint8 or uint16, of any size.

        Returns:
            The steadier result, a new array of the same shape and type.
        """
        if self.strength == 0:
            return result.copy()
        seen, output = _reduced(source), _to_floats(result)
        before = self._before
        if before and before.seen.shape == seen.shape and before.output.shape == output.shape:
            output = _blend(before, seen, output, self.strength)
        self._before = _Frame(seen, output)
        return _to_integers(output, result.dtype)


def _blend(before: _Frame, seen: NDArray[np.uint8], fresh: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    grey_before, grey = _grey(before.seen), _grey(seen)
    motion = flow(grey, grey_before)
    trust = visible(motion, flow(grey_before, grey))
    trust *= _unchanged(seen, warp(before.seen, motion), trust)
    if _in_common(grey, trust) < CUT:
        return fresh
    height, width, channels = fresh.shape
    moved = warp(before.output, enlarge(motion, height, width))
    fresh += _blotches(fresh, moved, trust, strength)
    weight = cv2.resize(trust * np.float32(strength), (width, height), interpolation=cv2.INTER_LINEAR)
    moved -= fresh
    moved *= cv2.merge([weight] * channels).reshape(fresh.shape)
    moved += fresh
    return moved


def _unchanged(seen: NDArray[np.uint8], moved: NDArray[np.uint8], trust: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far the source shows the same as before: (h, w), in [0, 1].

    Small differences all over a neighbourhood are a change of the light, which counts from far less on than the
    differences of single pixels, which come from noise and from errors of the motion.
    """
    channels = seen.shape[2]
    mean = np.full((1, channels), 1 / channels, np.float32)
    levels = np.arange(256, dtype=np.float32) / 255
    near = cv2.LUT(cv2.transform(cv2.absdiff(seen, moved), mean), np.exp(-DETAIL * levels**2))
    weight = near * trust
    square = (NEIGHBOURHOOD, NEIGHBOURHOOD)
    difference = cv2.subtract(seen, moved, dtype=cv2.CV_32F).reshape(seen.shape)
    around = cv2.blur(difference * weight[..., None], square).reshape(seen.shape)
    around /= (cv2.blur(weight, square) + np.float32(1e-3))[..., None]
    around *= around
    return near * np.exp(cv2.transform(around, mean) / np.float32(-((255 * BRIGHTNESS) ** 2)))


def _in_common(grey: NDArray[np.uint8], trust: NDArray[np.float32]) -> float:
    """Mean trust where there is something to see: bars beside the picture survive each cut."""
    contrast = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, SURROUNDINGS)
    weight = np.where(contrast > CONTRAST, np.float32(1), np.float32(0.01))
    return float((trust * weight).sum(dtype=np.float64) / weight.sum(dtype=np.float64))


def _blotches(
    fresh: NDArray[np.float32], moved: NDArray[np.float32], trust: NDArray[np.float32], strength: float
) -> NDArray[np.float32]:
    """What to add to `fresh` for the colours of `moved`, in the large; reaches beyond what can be trusted."""
    height, width = trust.shape
    size = (max(width // COARSE, 1), max(height // COARSE, 1))
    small_fresh, small_moved, weight = (
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (fresh, moved, trust)
    )
    difference = (small_moved - small_fresh).reshape(*size[::-1], -1) * weight[..., None]
    near, share = (cv2.GaussianBlur(picture, (0, 0), BLOTCH) for picture in (difference, weight))
    near = near.reshape(difference.shape) * (np.float32(strength) / (share + np.float32(0.05)))[..., None]
    larger: NDArray[np.float32] = cv2.resize(near, fresh.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return larger.reshape(fresh.shape)


def _reduced(source: Pixels) -> NDArray[np.uint8]:
    """The frame in 8 bits, and at half the size if it is not small: (h, w, 1 or 3)."""
    height, width, channels = source.shape
    if min(height, width) >= HALVED_FROM:
        height, width = height // 2, width // 2
        source = cv2.resize(source, (width, height), interpolation=cv2.INTER_AREA)
    if source.dtype == np.uint16:
        source = cv2.multiply(source, _each(1 / 257), dtype=cv2.CV_8U)
    return source.reshape(height, width, channels)


def _grey(seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey: NDArray[np.uint8] = cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY) if seen.shape[2] == 3 else seen[..., 0]
    return grey


def _to_floats(result: Pixels) -> NDArray[np.float32]:
    """In [0, 1]; rounded to integers again, they are the same."""
    floats: NDArray[np.float32] = cv2.multiply(result, _each(1 / np.iinfo(result.dtype).max), dtype=cv2.CV_32F)
    return floats.reshape(result.shape)


def _to_integers(output: NDArray[np.float32], kind: np.dtype[Any]) -> Pixels:
    depth = cv2.CV_8U if kind == np.uint8 else cv2.CV_16U
    return cv2.multiply(output, _each(float(np.iinfo(kind).max)), dtype=depth).reshape(output.shape)


def _each(value: float) -> tuple[float, ...]:
    """A number for each channel, as OpenCV takes it."""
    return (value,) * 4
