"""The discriminator of SRGAN."""

from __future__ import annotations

from torch import Tensor, nn


class Discriminator(nn.Module):
    """Stacks eight convolutions and two dense layers (Ledig et al. 2017, figure 4): (N, 3, H, W) in [-1, 1] to (N, 1).

    The features are averaged to 6 × 6: for the paper's crops of 96 pixels that changes nothing, and others fit too.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, 1, 1), nn.LeakyReLU(0.2)]
        channels = width
        for index in range(1, 8):
            out = width * 2 ** (index // 2)
            layers += [
                nn.Conv2d(channels, out, 3, 1 + index % 2, 1, bias=False),
                nn.BatchNorm2d(out),
                nn.LeakyReLU(0.2),
            ]
            channels = out
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(6))
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(channels * 36, 16 * width), nn.LeakyReLU(0.2), nn.Linear(16 * width, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Compute a logit for each image."""
        return self.classifier(self.features(images))
