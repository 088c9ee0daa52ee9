"""Discriminators judge patches or pixels instead of whole images (Isola et al. 2017, section 3.2.2)."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from img2img.nn.blocks import Norm, initialise, normalisation


class PatchGAN(nn.Module):
    """Returns a logit for each patch: (N, C, H, W) in [-1, 1] to (N, 1, H', W').

    `C64-C128-C256-C512`, 4 × 4, with three layers of stride 2, sees patches of 70 × 70 and gives 30 × 30 logits for
    256 × 256. Tensors are named as in the authors' PyTorch code.

    Args:
        channels: C; source and target together where the discriminator is conditional.
        width: Channels of the first layer.
        layers: Layers of stride 2.
        norm: The normalisation of all but the first and the last layer.
    """

    def __init__(self, channels: int = 3, width: int = 64, layers: int = 3, norm: Norm = "instance") -> None:
        super().__init__()
        widths = [width * min(2**index, 8) for index in range(layers + 1)]
        model: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for index, (before, after) in enumerate(pairwise(widths), 1):
            stride = 2 if index < layers else 1
            convolution = nn.Conv2d(before, after, 4, stride, 1, bias=norm != "batch")
            model += [convolution, normalisation(norm, after), nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*model, nn.Conv2d(widths[-1], 1, 4, 1, 1))
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """Compute the logits of images."""
        return self.model(images)


class PixelGAN(nn.Module):
    """Returns a logit for each pixel by itself: (N, C, H, W) in [-1, 1] to (N, 1, H, W)."""

    def __init__(self, channels: int = 3, width: int = 64, norm: Norm = "instance") -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(channels, width, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 1, bias=norm != "batch"),
            normalisation(norm, 2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 1, bias=norm != "batch"),
        )
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """Compute the logits of images."""
        return self.net(images)
