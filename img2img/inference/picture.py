"""This module takes a picture through its channels, alpha, filters and the network, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from img2img.contract.traits import Traits
from img2img.inference.channels import Beside, from_network, to_network, without_tint
from img2img.inference.filtering import NO_FILTERS, Passage

if TYPE_CHECKING:
    from img2img.media import Pixels


@dataclass(frozen=True)
class Picture:
    """A picture on its way, with all that the way back needs."""

    entering: Pixels
    """The pixels that go into the network, (H, W, channels_in)."""
    colour: Pixels
    """The same pixels before the filters."""
    beside: Beside
    traits: Traits
    passage: Passage
    window: tuple[Pixels, ...] = ()
    """The `entering` of each frame that the translator looks at, this one among them; empty for a single picture."""

    @classmethod
    def enter(cls, pixels: Pixels, traits: Traits, passage: Passage | None = None) -> Picture:
        """Prepare (H, W, 1 ... 4) for the network.

        Args:
            pixels: uint8 or uint16.
            traits: The translator's.
            passage: The filters of this picture, or of the clip that it is a frame of; none by default.

        Raises:
            TranslationError: A filter failed.
        """
        colour, beside = to_network(pixels, traits)
        passage = NO_FILTERS.start() if passage is None else passage
        return cls(passage.before(colour), colour, beside, traits, passage)

    @property
    def bytes(self) -> int:
        """Return how much memory the picture holds."""
        return self.colour.nbytes + (0 if self.entering is self.colour else self.entering.nbytes)

    def seen(self) -> Pixels:
        """Return what the network sees: (H, W, T * channels_in), the frames of its window along the last axis."""
        count = self.traits.frames_in
        return self.entering if count == 1 else np.concatenate(self.window or (self.entering,) * count, axis=2)

    def leave(self, result: Pixels) -> Pixels:
        """Turn the network's result, the first if there are several, into the final picture.

        It has alpha where the source has it.

        Raises:
            TranslationError: A filter failed.
        """
        return next(self.leave_all(result))

    def leave_all(self, result: Pixels) -> Iterator[Pixels]:
        """Turn the network's result, (H', W', frames_out * channels_out), into the final pictures, one after the other.

        Raises:
            TranslationError: A filter failed.
        """
        for each in np.split(result, self.traits.frames_out, axis=2):
            colour = without_tint(self.entering, np.ascontiguousarray(each), self.traits)
            yield from_network(self.passage.after(self.colour, colour), self.beside, self.traits)
