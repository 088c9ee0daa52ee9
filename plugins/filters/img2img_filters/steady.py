"""This module reduces the flicker of models that see one frame at a time, by blending each result with the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from img2img import Filter, FilterOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SteadyOptions(FilterOptions):
    """The options of `Steady`."""

    strength: float = Field(
        0.8, ge=0, lt=1, description="towards 1, a clip gets steadier, and changes of the picture show later"
    )


class Steady(Filter):
    """Blends each translated frame with the one before, moved along the optical flow of the source.

    The method follows Lai et al. 2018, "Learning Blind Video Temporal Consistency", with arithmetic instead of their
    network:

        output_t = fresh + strength * trust * (moved - fresh)

    `moved` is the output for the frame before, moved along the flow between the source frames. `trust` is 0 where the
    source shows something that was hidden in the frame before; it is low where the source has changed, in detail or in
    brightness, so that fades and lamps that are switched on stay visible. `fresh` is the result of the model, without
    the blotches and tints that `moved` does not have; these are removed also near trusted pixels. At a cut, the filter
    starts again with the result of the model.
    """

    name: ClassVar[str] = "steady"
    summary: ClassVar[str] = "against flicker: blends along the motion with the frame before"
    options_class = SteadyOptions

    def __init__(self, options: SteadyOptions) -> None:
        super().__init__(options)
        self._before: dict[str, NDArray[Any]] = {}
        """State after the last frame: `seen`, the reduced source; `output`, the result in [0, 1], not rounded."""

    def after(self, source: NDArray[Any], result: NDArray[Any]) -> NDArray[Any]:
        from .blend import blend, reduced
        from .pixels import to_floats, to_integers

        if self.options.strength == 0:
            return result
        before, seen, output = self._before, reduced(source), to_floats(result)
        if before and before["seen"].shape == seen.shape and before["output"].shape == output.shape:
            output = blend(before["seen"], before["output"], seen, output, self.options.strength)
        self._before = {"seen": seen, "output": output}
        return to_integers(output, result.dtype)

    def state(self) -> Mapping[str, NDArray[Any]]:
        return self._before

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._before = dict(state)
