"""This package opens checkpoints of other training codes as models, without running what is in them."""

from __future__ import annotations

from img2img.models.foreign.reading import read_checkpoint
from img2img.models.foreign.recognition import Foreign, UndecidedError, assumptions, make_foreign, open_checkpoint
from img2img.models.foreign.wrapping import tensors_of

__all__ = [
    "Foreign",
    "UndecidedError",
    "assumptions",
    "make_foreign",
    "open_checkpoint",
    "read_checkpoint",
    "tensors_of",
]
