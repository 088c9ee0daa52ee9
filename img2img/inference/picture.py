"""The one path of a picture: off with alpha and into the network's channels, through the filters, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from img2img.contract.traits import Traits
from img2img.inference.channels import Beside, from_network, to_network
from img2img.inference.filtering import NO_FILTERS, Passage

if TYPE_CHECKING:
    from img2img.media import Pixels


@dataclass(frozen=True)
class Picture:
    """A picture on its way: what goes into the network, and all that the way back needs."""

    entering: Pixels
    """(H, W, channels_in): what goes into the network."""
    colour: Pixels
    """The same before the filters."""
    beside: Beside
    traits: Traits
    passage: Passage

    @classmethod
    def enter(cls, pixels: Pixels, traits: Traits, passage: Passage | None = None) -> Picture:
        """Prepare (H, W, 1 ... 4) for the network.

        Args:
            pixels: uint8 or uint16.
            traits: Of the translator.
            passage: The filters of this picture, or of the clip that it is a frame of; none by default.

        Raises:
            TranslationError: A filter failed.
        """
        colour, beside = to_network(pixels, traits)
        passage = NO_FILTERS.start() if passage is None else passage
        return cls(passage.before(colour), colour, beside, traits, passage)

    @property
    def bytes(self) -> int:
        return self.colour.nbytes + (0 if self.entering is self.colour else self.entering.nbytes)

    def leave(self, result: Pixels) -> Pixels:
        """Make the final picture of what the network returned, with alpha where the source has it.

        Raises:
            TranslationError: A filter failed.
        """
        return from_network(self.passage.after(self.colour, result), self.beside, self.traits)
