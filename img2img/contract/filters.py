"""This module is the contract of a filter, which changes the pixels before or after the network."""

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
    """Changes the pixels that go into the network, those that come out of it, or both.

    Subclass it and register the class. Pixels are RGB or grey, without alpha, as the network takes and returns them.
    The arrays that a filter gets are read-only, and the arrays that it returns must not change later.

    Each image and each clip has two instances of its own, one for `before` and one for `after`, since the frames that
    go in are ahead of the frames that come out. Each instance sees the frames one by one, in order, whatever batches
    they are in, so that its state belongs to one clip. It does not see a frame that only repeats the picture before it,
    except where a segment begins, every 120 frames, so that a killed job can go on there.

    Attributes:
        name: The word that users type: `--filter NAME:key=value`.
        summary: One line for `img2img models`.
        options_class: The options of the filter, where it has some.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    options_class: ClassVar[type[FilterOptions]] = FilterOptions

    def __init__(self, options: Any) -> None:
        self.options = options

    def before(self, source: Pixels) -> Pixels:
        """Change a frame on its way into the network.

        Args:
            source: (H, W, 1 or 3) of uint8 or uint16.

        Returns:
            An array of the same shape and type.
        """
        return source

    def after(self, source: Pixels, result: Pixels) -> Pixels:
        """Change a result of the network.

        Args:
            source: The frame as it was before all filters.
            result: (H', W', 1 or 3) of the source's type, after the filters that the user named before this one.

        Returns:
            An array of the shape and type of `result`.
        """
        return result

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """Return everything that the next frame depends on, by name; it is kept on the disk for a killed job."""
        return {}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:  # noqa: B027 - most filters have no state
        """Restore, in a new instance, what `state` returned, unless that was empty."""
