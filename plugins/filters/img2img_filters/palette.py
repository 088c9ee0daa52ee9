"""This module gives a result the colours of its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from img2img import Filter, FilterOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAINT = 1.0
"""Least spread, in units of Lab, that is stretched; less would be noise. An eye sees differences of two or three."""


class PaletteOptions(FilterOptions):
    """The options of `Palette`."""

    strength: float = Field(1.0, ge=0, le=1, description="0 leaves the result's colours, 1 gives it the source's")
    lightness: bool = Field(True, description="give it the source's light and dark too, and not its colours alone")


class Palette(Filter):
    """Gives a result the mean and the spread of its source, in each channel of CIE Lab.

    The formula is that of Reinhard et al. 2001, "Color Transfer between Images", eq. 10 and 11, in CIE Lab instead of
    lαβ:

        transferred = spread_source / spread_result * (result - mean_result) + mean_source

    If the source or the result is grey, only the lightness is transferred.
    """

    name: ClassVar[str] = "palette"
    summary: ClassVar[str] = "keeps the source's colours: their mean and spread in CIE Lab (Reinhard et al. 2001)"
    options_class = PaletteOptions

    def after(self, source: NDArray[Any], result: NDArray[Any]) -> NDArray[Any]:
        import cv2

        from .lab import from_lab, to_lab

        lab = to_lab(result)
        (mean, spread), (wanted_mean, wanted_spread) = (cv2.meanStdDev(image) for image in (lab, to_lab(source)))
        is_grey = 1 in (source.shape[2], result.shape[2])
        for channel in range(0 if self.options.lightness else 1, 1 if is_grey else 3):
            stretch = float(wanted_spread[channel, 0] / max(spread[channel, 0], FAINT))
            plane, middle = lab[..., channel], float(mean[channel, 0])
            moved = stretch * (plane - middle) + float(wanted_mean[channel, 0])
            plane += self.options.strength * (moved - plane)
        return from_lab(lab, result.shape[2], result.dtype)
