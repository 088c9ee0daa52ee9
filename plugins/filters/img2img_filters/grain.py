"""This module adds the grain of photographic film."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from img2img import Filter, FilterOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray


class GrainOptions(FilterOptions):
    """The options of `Grain`."""

    strength: float = Field(0.03, ge=0, le=1, description="standard deviation in middle grey, of a range of 1")
    size: float = Field(0.7, ge=0.3, le=20, description="how coarse: standard deviation of a grain's blur, in pixels")
    seed: int = Field(0, ge=0, lt=2**32, description="another number gives another grain")


class Grain(Filter):
    """Adds the same noise to all channels; it is strongest in middle grey, and absent in black and white.

    Each frame has different noise, which depends on the seed and the number of the frame alone.
    """

    name: ClassVar[str] = "grain"
    summary: ClassVar[str] = "film grain, strongest in middle grey"
    options_class = GrainOptions

    def __init__(self, options: GrainOptions) -> None:
        super().__init__(options)
        self._frame = 0

    def after(self, source: NDArray[Any], result: NDArray[Any]) -> NDArray[Any]:
        from .pixels import to_floats, to_integers

        floats = to_floats(result)
        grey = floats.mean(axis=2)
        noise = self._noise(*grey.shape)
        noise *= 4 * self.options.strength * grey * (1 - grey)
        self._frame += 1
        return to_integers(floats + noise[..., None], result.dtype)

    def _noise(self, height: int, width: int) -> NDArray[Any]:
        """Return noise, (H, W), with a mean of 0 and a standard deviation of 1."""
        import cv2
        import numpy as np

        rng = np.random.default_rng([self.options.seed, self._frame])
        white = rng.standard_normal((height, width), np.float32)
        kernel = cv2.getGaussianKernel(2 * round(4 * self.options.size) + 1, self.options.size, cv2.CV_32F)
        kernel /= np.linalg.norm(kernel)
        return cv2.sepFilter2D(white, cv2.CV_32F, kernel, kernel)

    def state(self) -> Mapping[str, NDArray[Any]]:
        import numpy as np

        return {"frame": np.array(self._frame)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._frame = int(state["frame"])
