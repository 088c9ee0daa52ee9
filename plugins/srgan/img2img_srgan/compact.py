"""The compact generator of Real-ESRGAN, `SRVGGNetCompact`, for video and small devices."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle


class CompactNet(nn.Module):
    """Adds a row of convolutions at the source's size to its pixels: (N, C, H, W) to (N, C, scale H, scale W).

    Tensors are named as in BasicSR.

    Args:
        scale: The scale of the pixel shuffle at the end.
        width: Channels.
        depth: The number of convolutions between the first and the last, each with a PReLU.
        channels: C.
    """

    def __init__(self, scale: int, width: int = 64, depth: int = 16, channels: int = 3) -> None:
        super().__init__()
        self.scale = scale
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, 1, 1), nn.PReLU(width)]
        for _ in range(depth):
            layers += [nn.Conv2d(width, width, 3, 1, 1), nn.PReLU(width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, channels * scale**2, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge images in [0, 1]."""
        detail = pixel_shuffle(self.body(images), self.scale)
        return detail + interpolate(images, scale_factor=self.scale, mode="nearest")
