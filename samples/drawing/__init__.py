"""The sample images: one module a scene, with what the scenes share."""

from __future__ import annotations
