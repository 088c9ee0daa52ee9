"""This package opens checkpoints of other training codes as models, without running what is in them."""

from __future__ import annotations

from img2img.models.foreign.recognition import Foreign, assumptions, open_checkpoint

__all__ = ["Foreign", "assumptions", "open_checkpoint"]
