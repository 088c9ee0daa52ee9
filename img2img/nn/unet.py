"""The U-Net of pix2pix (Isola et al. 2017, section 3.2.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from img2img.nn.blocks import Norm, TestStatistics, choose_test_statistics, initialise, normalisation


class UNetGenerator(nn.Module):
    """An encoder and a decoder, connected at each resolution: (N, C, H, W) to (N, C', H, W), both in [-1, 1].

    `depth` 4 × 4 convolutions of stride 2 and as many transposed ones; with the paper's 8 and images of 256 × 256 the
    middle is 1 × 1. H and W are multiples of 2^depth. Tensors are named as in the authors' PyTorch code.

    Args:
        channels_in: C.
        channels_out: C'.
        width: Channels of the first layer; 64 in the paper. They double three times.
        depth: How often height and width are halved.
        norm: The normalisation of all layers but the first, the innermost (a single value has no statistics) and the
            last.
        dropout: Probability in the innermost decoder layers of training: three of them in the paper, 0.5.
        test_statistics: The statistics that BatchNorm uses in `eval()`.
        test_dropout: Whether dropout stays active in `eval()`, always with the same mask.
    """

    def __init__(
        self,
        channels_in: int = 3,
        channels_out: int = 3,
        width: int = 64,
        depth: int = 8,
        norm: Norm = "instance",
        dropout: float = 0.0,
        test_statistics: TestStatistics = "running",
        test_dropout: bool = False,
    ) -> None:
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(depth)]
        inner: Level | None = None
        for level in reversed(range(1, depth)):
            dropped = dropout if depth - 4 <= level < depth - 1 and level >= 4 else 0.0
            inner = Level(widths[level - 1], widths[level], inner, norm, dropped)
        assert inner is not None
        self.model = Outermost(channels_in, channels_out, width, inner, bias=norm != "batch")
        initialise(self)
        choose_test_statistics(self, test_statistics)
        if test_dropout:
            _keep_dropping(self)

    def forward(self, images: Tensor) -> Tensor:
        """Translate (N, C, H, W) to (N, C', H, W)."""
        return self.model(images)


class Outermost(nn.Module):
    """The first convolution, the level inside of it, and the last convolution."""

    def __init__(self, channels_in: int, channels_out: int, width: int, inner: nn.Module, bias: bool) -> None:
        super().__init__()
        last = nn.ConvTranspose2d(2 * width, channels_out, 4, 2, 1)
        self.model = nn.Sequential(nn.Conv2d(channels_in, width, 4, 2, 1, bias=bias), inner, nn.ReLU(), last, nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        """Translate (N, C, H, W) to (N, C', H, W)."""
        return self.model(images)


class Level(nn.Module):
    """One resolution: (N, C, H, W) to (N, 2 C, H, W), the input beside what the levels inside make of it."""

    def __init__(self, channels: int, width: int, inner: Level | None, norm: Norm, dropout: float) -> None:
        super().__init__()
        bias = norm != "batch"
        down: list[nn.Module] = [nn.LeakyReLU(0.2), nn.Conv2d(channels, width, 4, 2, 1, bias=bias)]
        if inner is not None:
            down += [normalisation(norm, width), inner]
        deconvolution = nn.ConvTranspose2d(width if inner is None else 2 * width, channels, 4, 2, 1, bias=bias)
        up: list[nn.Module] = [nn.ReLU(), deconvolution, normalisation(norm, channels)]
        if dropout:
            up.append(nn.Dropout(dropout))
        self.model = nn.Sequential(*down, *up)

    def forward(self, features: Tensor) -> Tensor:
        """Put the input and the output of the levels inside one behind the other."""
        return torch.cat([features, self.model(features)], 1)


class FixedDropout(nn.Dropout):
    """A dropout that stays active in `eval()`, with one mask for all images of a size."""

    def forward(self, features: Tensor) -> Tensor:
        """Drop values at random; in `eval()` always the same ones."""
        if self.training:
            return super().forward(features)
        kept = torch.rand(features.shape[1:], generator=torch.Generator().manual_seed(0)) >= self.p
        return features * kept.to(features) / (1 - self.p)


def _keep_dropping(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.__class__ = FixedDropout
