"""The generators' sizes, names, starts and reach."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from img2img_srgan.config import SRGANConfig
from img2img_srgan.generators import build_generator, halo
from torch import Tensor, nn

GENERATORS = ["msrresnet", "srresnet"]
UPSAMPLINGS = ["pixel_shuffle", "resize"]
SCALES = [2, 3, 4]
EVERY = list(itertools.product(SCALES, GENERATORS, UPSAMPLINGS))
EACH = pytest.mark.parametrize(("scale", "name", "upsampling"), EVERY)


def config(**options: Any) -> SRGANConfig:
    return SRGANConfig.parse({"width": 8, "depth": 2} | options)


def tensors(generator: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in generator.state_dict().items()}


def parameters(**options: Any) -> int:
    with torch.device("meta"):
        return sum(tensor.numel() for tensor in build_generator(SRGANConfig.parse(options)).parameters())


@pytest.mark.parametrize(
    ("name", "scale", "expected"),
    [
        ("srresnet", 4, 1_547_350),
        ("msrresnet", 4, 1_517_571),
        ("msrresnet", 3, 1_554_499),
        ("msrresnet", 2, 1_369_859),
        ("compact", 4, 621_424),
    ],
)
def test_the_published_networks_have_their_number_of_parameters(name: str, scale: int, expected: int) -> None:
    assert parameters(generator=name, scale=scale) == expected


@pytest.mark.parametrize(("scale", "depth", "expected"), [(4, 23, 16_697_987), (2, 23, 16_703_171), (4, 6, 4_467_779)])
def test_so_have_those_of_esrgan(scale: int, depth: int, expected: int) -> None:
    assert parameters(generator="rrdb", scale=scale, depth=depth) == expected


@pytest.mark.parametrize(("scale", "count", "second"), [(2, 72, False), (3, 72, False), (4, 74, True)])
def test_msrresnet_has_the_tensors_of_basicsr(scale: int, count: int, second: bool) -> None:
    """Their names and shapes, so that its weights fit (reference: BasicSR `srresnet_arch.py`)."""
    expected = {"conv_first": (64, 3), "upconv1": (64 * (scale**2 if scale == 3 else 4), 64)}
    expected |= {f"body.{index}.conv{number}": (64, 64) for index in range(16) for number in (1, 2)}
    expected |= {"upconv2": (256, 64)} if second else {}
    expected |= {"conv_hr": (64, 64), "conv_last": (3, 64)}
    named = {f"{name}.weight": (*shape, 3, 3) for name, shape in expected.items()}
    named |= {f"{name}.bias": shape[:1] for name, shape in expected.items()}
    assert len(named) == count
    with torch.device("meta"):
        assert tensors(build_generator(SRGANConfig.parse({"scale": scale}))) == named


def test_the_published_network_begins_and_ends_with_9_by_9() -> None:
    shapes = tensors(build_generator(config(generator="srresnet")))
    assert shapes["head.0.weight"] == (8, 3, 9, 9)
    assert shapes["output.weight"] == (3, 8, 9, 9)


@EACH
@pytest.mark.parametrize("size", [(1, 1), (5, 7), (16, 9)], ids=str)
def test_the_output_has_scale_times_the_size(scale: int, name: str, upsampling: str, size: tuple[int, int]) -> None:
    generator = build_generator(config(scale=scale, generator=name, upsampling=upsampling)).eval()
    assert generator(torch.rand(2, 3, *size)).shape == (2, 3, size[0] * scale, size[1] * scale)


@EACH
def test_images_of_a_batch_do_not_meet(scale: int, name: str, upsampling: str) -> None:
    generator = awake(config(scale=scale, generator=name, upsampling=upsampling))
    images = torch.rand(3, 3, 9, 7, dtype=torch.float64)
    torch.testing.assert_close(generator(images)[1:2], generator(images[1:2]))


def test_msrresnet_starts_near_the_bilinear_image() -> None:
    images = torch.rand(1, 3, 12, 12)
    bilinear = nn.functional.interpolate(images, scale_factor=4, mode="bilinear", align_corners=False)
    generator = build_generator(SRGANConfig.parse({"width": 32, "depth": 4}))
    assert (generator(images) - bilinear).abs().mean() < 0.01


@pytest.mark.parametrize(("scale", "name"), list(itertools.product(SCALES, GENERATORS)))
def test_pixel_shuffle_starts_without_a_lattice(scale: int, name: str) -> None:
    """Each first enlargement is nearest neighbour: its scale × scale pixels are equal (Aitken et al. 2017)."""
    generator = build_generator(config(scale=scale, generator=name))
    convolution = generator.upconv1 if name == "msrresnet" else generator.upsampling[0].conv
    factor = 3 if scale == 3 else 2
    enlarged = nn.functional.pixel_shuffle(convolution(torch.rand(1, 8, 5, 5)), factor)
    nearest = enlarged[..., ::factor, ::factor].repeat_interleave(factor, 2).repeat_interleave(factor, 3)
    assert enlarged.std() > 0
    torch.testing.assert_close(enlarged, nearest)


def awake(settings: SRGANConfig) -> nn.Module:
    """A generator whose every convolution passes on what it sees: no weight is small, none is negative."""
    generator = build_generator(settings).eval()
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.copy_(torch.rand(parameter.shape) / max(1, parameter[0].numel()) + 1e-3)
    return generator.double().requires_grad_(False)


def reach(generator: nn.Module, scale: int, size: int) -> int:
    """How far from a source pixel an output pixel still changes with it, in source pixels."""
    images = torch.rand(1, 3, 1, size, dtype=torch.float64).expand(-1, -1, size, -1).contiguous()
    changed = images.clone()
    middle = size // 2
    changed[:, :, middle, middle] += 0.5
    difference = (generator(changed) - generator(images)).abs().amax((0, 1))
    rows, columns = (difference > 0).nonzero(as_tuple=True)
    far: Tensor = (torch.cat([rows, columns]) // scale - middle).abs().max()
    return int(far)


@EACH
@pytest.mark.parametrize("depth", [1, 3])
def test_the_declared_halo_is_how_far_the_network_looks(scale: int, name: str, upsampling: str, depth: int) -> None:
    """Nothing beyond it changes with a pixel, and one pixel fewer would be wrong."""
    settings = config(scale=scale, generator=name, upsampling=upsampling, width=4, depth=depth)
    declared = halo(settings)
    assert reach(awake(settings), scale, size=2 * declared + 7) == declared


@pytest.mark.parametrize(("name", "scale"), [("rrdb", 1), ("rrdb", 2), ("rrdb", 4), ("compact", 1), ("compact", 3)])
@pytest.mark.parametrize("depth", [1, 2])
def test_so_is_that_of_the_networks_of_esrgan(name: str, scale: int, depth: int) -> None:
    """Told from gradients, since what comes through so many layers is less than a number's last digit."""
    settings = config(scale=scale, generator=name, width=4, depth=depth, growth=4)
    declared, generator = halo(settings), awake(settings)
    images = torch.rand(1, 3, 12, 4 * (declared // 2 + 8), dtype=torch.float64).requires_grad_()
    first, distances = images.shape[-1] // 2 * scale, list[int]()
    for place in range(first, first + 12):  # wherever in the pixels that the network folds into one, or makes of one
        (gradient,) = torch.autograd.grad(generator(images)[0, 0, 0, place], images)
        columns = gradient[0].abs().amax((0, 1)).nonzero()
        distances.append(int((columns - place // scale).abs().max()))
    assert max(distances) == declared
