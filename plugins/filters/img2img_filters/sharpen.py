"""This module makes fine detail stronger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from img2img import Filter, FilterOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SharpenOptions(FilterOptions):
    """The options of `Sharpen`."""

    amount: float = Field(0.5, ge=0, le=10, description="how much of the detail is added once more")
    radius: float = Field(1.0, ge=0.3, le=50, description="what detail is: finer than so many pixels")


class Sharpen(Filter):
    """Applies an unsharp mask: `result + amount * (result - blurred)`; `radius` is the deviation of the Gaussian."""

    name: ClassVar[str] = "sharpen"
    summary: ClassVar[str] = "makes fine detail stronger: an unsharp mask"
    options_class = SharpenOptions

    def after(self, source: NDArray[Any], result: NDArray[Any]) -> NDArray[Any]:
        import cv2

        from .pixels import to_floats, to_integers

        amount, radius = self.options.amount, self.options.radius
        floats = to_floats(result)
        blurred = cv2.GaussianBlur(floats, (0, 0), radius).reshape(floats.shape)
        return to_integers(cv2.addWeighted(floats, 1 + amount, blurred, -amount, 0).reshape(floats.shape), result.dtype)
