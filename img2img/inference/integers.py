"""Integer pixels are turned into the tensors in [0, 1] that networks take, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from img2img.inference.device import Device

if TYPE_CHECKING:
    from img2img.media import Pixels


def to_unit_range(pixels: Pixels, device: Device) -> Tensor:
    """Turn (N, H, W, C) of uint8 or uint16 into (N, C, H, W) of float32 in [0, 1] on the device."""
    integers = torch.from_numpy(pixels if pixels.dtype == np.uint8 else pixels.astype(np.int32))
    images = integers.to(device.place).permute(0, 3, 1, 2).float().div_(float(np.iinfo(pixels.dtype).max))
    return images.contiguous(memory_format=device.memory_format)


def to_integers(images: Tensor, dtype: np.dtype[Any]) -> Pixels:
    """Turn (N, C, H, W) into (N, H, W, C) of uint8 or uint16, rounded; values outside of [0, 1] are clipped."""
    scaled = images.float().clamp(0, 1).mul_(float(np.iinfo(dtype).max)).round_().permute(0, 2, 3, 1)
    if dtype == np.uint8:
        return scaled.to(torch.uint8).cpu().numpy()  # waits for the device
    return scaled.to(torch.int32).cpu().numpy().astype(np.uint16)
