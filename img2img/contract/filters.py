"""The contract of a filter: a step on the pixels before or after the network."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from img2img.config import ModelConfig

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from img2img.media.image.images import Pixels


class FilterOptions(ModelConfig):
    """The options of a filter; subclass it and add fields, as for a `ModelConfig`."""


class Filter(ABC):
    """Changes what goes into the network, what comes out of it, or both; subclass it and register the class.

    Pixels are as the network takes and returns them: RGB or grey, without alpha. The arrays that a filter gets cannot
    be written to, and those that it returns must not change later.

    Each image and each clip has two instances of its own, one for `before` and one for `after`, since the frames that
    go in are ahead of those that come out. Either sees the frames one by one, in order, whatever batches they are in,
    so that what it remembers belongs to one clip. A frame that only repeats the picture before it is not seen,
    except where a segment begins, every 120 frames, so that a killed job can go on there.
    """

    name: ClassVar[str]
    """The word that users type: `--filter NAME:key=value`."""
    summary: ClassVar[str]
    """One line for `img2img models`."""
    options_class: ClassVar[type[FilterOptions]] = FilterOptions

    def __init__(self, options: Any) -> None:
        self.options = options

    def before(self, source: Pixels) -> Pixels:
        """Change a frame on its way into the network.

        Args:
            source: (H, W, 1 or 3) of uint8 or uint16.

        Returns:
            Of the same shape and type.
        """
        return source

    def after(self, source: Pixels, result: Pixels) -> Pixels:
        """Change what the network made of a frame.

        Args:
            source: The frame as it was before all filters.
            result: (H', W', 1 or 3) of the source's type, after the filters that were named before this one.

        Returns:
            Of the shape and type of `result`.
        """
        return result

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """All that the next frame depends on, by name: numbers, kept on the disk so that a killed job can go on."""
        return {}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:  # noqa: B027 - most filters have no state
        """Go on, in a new instance, after the frame at which `state` was asked for; not called if that was empty."""
