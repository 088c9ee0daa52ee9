"""Clips without flicker from models that see one frame at a time: each result is blended with the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from img2img import Filter, FilterOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SteadyOptions(FilterOptions):
    strength: float = Field(
        0.8, ge=0, lt=1, description="towards 1, a clip gets steadier and what the model invents adapts more slowly"
    )


class Steady(Filter):
    """Blends each translated frame with the one before, moved along the optical flow of the source.

    After Lai et al. 2018, "Learning Blind Video Temporal Consistency", whose learnt step this replaces by arithmetic:

        output_t = fresh + strength * trust * (moved - fresh)

    `moved` is the output of the frame before, moved along the flow between the source frames. `trust` is 0 where what
    the source shows was hidden in the frame before, and falls where it has changed, in detail or in brightness; so
    fades and lamps are followed. `fresh` is the result of the model, from which blotches and tints, that it has and
    `moved` has not, are taken first, also in the surroundings of what can be trusted. At a cut it starts anew.
    """

    name: ClassVar[str] = "steady"
    summary: ClassVar[str] = "against flicker: blends along the motion with the frame before"
    options_class = SteadyOptions

    def __init__(self, options: SteadyOptions) -> None:
        super().__init__(options)
        self._before: dict[str, NDArray[Any]] = {}
        """`seen`, the source, reduced; and `output`, the steady result in [0, 1], not rounded."""

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
