"""The residual generator of CycleGAN (Zhu et al. 2017, after Johnson et al. 2016)."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from img2img.nn.blocks import BlurPool, Norm, TestStatistics, choose_test_statistics, initialise, normalisation

Padding = Literal["reflect", "replicate", "zero"]
Downsampling = Literal["strided", "blur"]
Upsampling = Literal["transposed", "resize", "blur"]
_PADDINGS = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d, "zero": nn.ZeroPad2d}


class ResNetGenerator(nn.Module):
    """`c7s1-w, d2w, d4w, R4w × blocks, u2w, uw, c7s1`: (N, C, H, W) to (N, C', H, W), both in [-1, 1].

    Tensors are named as in the authors' PyTorch code, and with `blur` as in that of CUT, so that their weights fit.

    Args:
        channels_in: C.
        channels_out: C'.
        width: Channels of the first layer; 64 in the paper.
        blocks: Residual blocks; 6 for images of 128 pixels, 9 from 256 on.
        norm: The normalisation after each convolution but the last.
        downsampling: `strided` convolutions, or convolutions and a `blur` before every second pixel is left out.
        upsampling: `transposed` convolutions, or a convolution after enlargement by nearest neighbour (`resize`) or
            bilinearly (`blur`); these leave no lattice.
        residual: Add the result to the image, whose brightness and colours InstanceNorm would forget; it may then
            leave [-1, 1]. For C = C'.
        padding: The padding of the residual blocks; the first and the last convolution always see reflected borders.
        test_statistics: The statistics that BatchNorm uses in `eval()`.
        halvings: How many times the size is halved before the residual blocks; 2 in the paper, 4 in pix2pixHD.

    H and W are multiples of 2^halvings and at least twice that.
    """

    def __init__(
        self,
        channels_in: int = 3,
        channels_out: int = 3,
        width: int = 64,
        blocks: int = 9,
        norm: Norm = "instance",
        downsampling: Downsampling = "strided",
        upsampling: Upsampling = "transposed",
        residual: bool = False,
        padding: Padding = "reflect",
        test_statistics: TestStatistics = "running",
        halvings: int = 2,
    ) -> None:
        super().__init__()
        self.residual = residual
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), *_convolution(channels_in, width, 7, norm)]
        widths = [width * 2**level for level in range(halvings)]
        for channels in widths:
            layers += _halve(channels, norm, downsampling)
        layers += [ResidualBlock(width * 2**halvings, norm, padding) for _ in range(blocks)]
        for channels in reversed(widths):
            layers += _double(2 * channels, norm, upsampling)
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, channels_out, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)
        initialise(self)
        choose_test_statistics(self, test_statistics)

    def forward(self, images: Tensor) -> Tensor:
        """Translate (N, C, H, W) to (N, C', H, W)."""
        result = self.model(images)
        return images + result if self.residual else result


class ResidualBlock(nn.Module):
    """Adds two 3 × 3 convolutions with padded borders to its input."""

    def __init__(self, channels: int, norm: Norm, padding: Padding = "reflect") -> None:
        super().__init__()
        pad = _PADDINGS[padding]
        first = [pad(1), *_convolution(channels, channels, 3, norm)]
        second = [pad(1), *_convolution(channels, channels, 3, norm)[:-1]]
        self.conv_block = nn.Sequential(*first, *second)

    def forward(self, features: Tensor) -> Tensor:
        """Compute the block's output, of the same shape."""
        return features + self.conv_block(features)


def _convolution(
    channels: int, out: int, kernel: int, norm: Norm, stride: int = 1, padding: int = 0
) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, out, kernel, stride, padding, bias=norm != "batch")
    return [convolution, normalisation(norm, out), nn.ReLU()]


def _halve(channels: int, norm: Norm, way: Downsampling) -> list[nn.Module]:
    if way == "strided":
        return _convolution(channels, 2 * channels, 3, norm, stride=2, padding=1)
    return [*_convolution(channels, 2 * channels, 3, norm, padding=1), BlurPool(2 * channels)]


def _double(channels: int, norm: Norm, way: Upsampling) -> list[nn.Module]:
    out = channels // 2
    if way == "transposed":
        convolution = nn.ConvTranspose2d(channels, out, 3, 2, 1, 1, bias=norm != "batch")
        return [convolution, normalisation(norm, out), nn.ReLU()]
    enlarge = nn.Upsample(scale_factor=2, mode="nearest" if way == "resize" else "bilinear")
    return [enlarge, *_convolution(channels, out, 3, norm, padding=1)]
