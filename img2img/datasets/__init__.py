"""How source and target of a training relate, and readers of the known folder layouts."""

from __future__ import annotations

from img2img.datasets.files import hold_out, list_images
from img2img.datasets.pixels import ImageCache, to_tensor
from img2img.datasets.super_resolution import Downscaled, PairedScales, super_resolution

__all__ = ["Downscaled", "ImageCache", "PairedScales", "hold_out", "list_images", "super_resolution", "to_tensor"]
