"""This module reduces the noise of the source, which the network would take for detail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from img2img import Filter, FilterOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray


class DenoiseOptions(FilterOptions):
    """The options of `Denoise`."""

    strength: float = Field(0.1, ge=0.001, le=1, description="edges are kept that differ by more, of a range of 1")
    radius: float = Field(2.0, ge=0.5, le=10, description="how far to average, in pixels; slower with the square of it")


class Denoise(Filter):
    """Averages over near pixels of a similar colour, with the bilateral filter (Tomasi and Manduchi 1998)."""

    name: ClassVar[str] = "denoise"
    summary: ClassVar[str] = "takes noise out of the source, before the network takes it for detail"
    options_class = DenoiseOptions

    def before(self, source: NDArray[Any]) -> NDArray[Any]:
        import cv2

        from .pixels import to_floats, to_integers

        strength, radius = self.options.strength, self.options.radius
        smooth = cv2.bilateralFilter(to_floats(source), 2 * round(1.5 * radius) + 1, strength, radius)
        return to_integers(smooth.reshape(source.shape), source.dtype)
