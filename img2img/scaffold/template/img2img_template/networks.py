"""This module defines the network of the family `template`."""

from __future__ import annotations

from torch import Tensor, nn


class Generator(nn.Module):
    """Adds a correction to an image: (N, 3, H, W) in [0, 1] to the same size, for any size.

    Change this: any network that takes and returns images will do; `img2img.nn` has the usual ones.

    Args:
        width: Channels of each layer.
        depth: Number of 3 × 3 convolutions, and so the distance in pixels up to which a result depends on the source.
    """

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [_convolution(3, width), nn.ReLU()]
        for _ in range(depth - 2):
            layers += [_convolution(width, width), nn.ReLU()]
        last = _convolution(width, 3)
        nn.init.zeros_(last.weight)  # so that the untrained network returns nearly the image itself
        self.layers = nn.Sequential(*layers, last)

    def forward(self, images: Tensor) -> Tensor:
        return images + self.layers(images)


def _convolution(channels: int, out: int) -> nn.Conv2d:
    return nn.Conv2d(channels, out, 3, padding=1, padding_mode="replicate")
