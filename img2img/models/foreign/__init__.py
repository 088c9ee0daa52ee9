"""Checkpoints of other training codes: read without running them, recognised by a family, used as models."""

from __future__ import annotations

from img2img.models.foreign.recognition import Foreign, assumptions, open_checkpoint

__all__ = ["Foreign", "assumptions", "open_checkpoint"]
