"""What the networks see of images, and what is made of what they return."""

from __future__ import annotations

import pytest
import torch
from img2img_pix2pix.spaces import LUMA, Lab, Painted, Signed, is_hole, psnr_ab, space_of
from torch import Tensor

from img2img.datasets import HOLE_COLOUR

TASKS = ["pairs", "colorize", "edges", "inpaint"]


def luma(images: Tensor) -> Tensor:
    return (images * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def pixel(*colour: float) -> Tensor:
    return torch.tensor(colour).view(1, -1, 1, 1)


@pytest.mark.parametrize(
    ("task", "kind", "channels"),
    [("pairs", Signed, (3, 3)), ("colorize", Lab, (1, 2)), ("edges", Signed, (1, 3)), ("inpaint", Painted, (3, 3))],
)
def test_each_task_has_its_space(task: str, kind: type, channels: tuple[int, int]) -> None:
    space = space_of(task)  # type: ignore[arg-type]
    assert type(space) is kind
    assert (space.channels_in, space.channels_out) == channels


@pytest.mark.parametrize("task", TASKS)
def test_what_is_encoded_has_its_channels_and_stays_within_tanh(task: str) -> None:
    """Every corner of the colour cube, and the middle."""
    space = space_of(task)  # type: ignore[arg-type]
    colours = torch.cartesian_prod(*[torch.tensor([0.0, 0.5, 1.0])] * 3).T.reshape(1, 3, 3, 9)
    source = space.encode_source(colours if space.channels_in == 3 else luma(colours))
    target = space.encode_target(colours)
    assert (source.shape[1], target.shape[1]) == (space.channels_in, space.channels_out)
    assert max(source.abs().max(), target.abs().max()) <= 1 + 1e-5


@pytest.mark.parametrize("task", ["pairs", "edges"])
def test_images_come_back_as_they_went(task: str) -> None:
    space = space_of(task)  # type: ignore[arg-type]
    images = torch.rand(2, 3, 5, 7)
    torch.testing.assert_close(space.decode(images, space.encode_target(images)), images)


@pytest.mark.parametrize(
    ("colour", "lightness", "ab"),
    [
        ((1.0, 1.0, 1.0), 100.0, (0.0, 0.0)),
        ((0.0, 0.0, 0.0), 0.0, (0.0, 0.0)),
        ((0.5, 0.5, 0.5), 53.39, (0.0, 0.0)),
        ((1.0, 0.0, 0.0), None, (80.09, 67.20)),
        ((0.0, 0.0, 1.0), None, (79.19, -107.86)),
    ],
)  # fmt: skip
def test_lab_is_that_of_the_cie_for_srgb_and_d65(
    colour: tuple[float, ...], lightness: float | None, ab: tuple[float, float]
) -> None:
    space, image = Lab(), pixel(*colour)
    torch.testing.assert_close(space.encode_target(image) * 110, pixel(*ab), atol=0.05, rtol=0)
    if lightness is not None:
        assert space.encode_source(luma(image)).item() == pytest.approx(lightness / 50 - 1, abs=1e-3)


def test_without_colour_a_grey_comes_back_as_exactly_that_grey() -> None:
    """All 256 in 8 bits, and within 3 of 65535 in 16."""
    greys = (torch.arange(256.0) / 255).view(1, 1, 1, 256)
    decoded = Lab().decode(greys, torch.zeros(1, 2, 1, 256))
    assert torch.equal(decoded.mul(255).round(), torch.arange(256.0).expand(1, 3, 1, 256))
    assert (decoded - greys).abs().max() < 3 / 65535


def test_a_grey_photo_with_its_own_colours_is_that_photo() -> None:
    """Muted colours: with vivid ones, some of R, G and B are cut off on the way."""
    images = 0.3 + 0.4 * torch.rand(2, 3, 16, 16)
    space = Lab()
    decoded = space.decode(luma(images), space.encode_target(images))
    assert (decoded - images).abs().mean() < 0.5 / 255
    torch.testing.assert_close(luma(decoded), luma(images), atol=1e-5, rtol=0)


def test_whatever_the_network_returns_is_an_image_in_range() -> None:
    output = torch.rand(2, 2, 32, 32) * 2 - 1
    decoded = Lab().decode(torch.rand(2, 1, 32, 32), output)
    assert decoded.shape == (2, 3, 32, 32)
    assert decoded.isfinite().all()
    assert 0 <= decoded.min() <= decoded.max() <= 1


def test_autocast_does_not_coarsen_the_colours() -> None:
    images = torch.rand(2, 3, 16, 16)
    space = Lab()

    def everything() -> tuple[Tensor, ...]:
        encoded = space.encode_target(images)
        return space.encode_source(images[:, :1]), encoded, space.decode(images[:, :1], encoded)

    plain = everything()
    with torch.autocast("cpu", torch.bfloat16):
        coarse = everything()
    assert all(map(torch.equal, plain, coarse))


def test_only_holes_are_painted_and_the_rest_keeps_every_bit() -> None:
    source = torch.rand(2, 3, 8, 8)
    source[..., 2:5, 3:6] = torch.tensor(HOLE_COLOUR).view(3, 1, 1)
    decoded = Painted().decode(source, torch.zeros(2, 3, 8, 8))
    hole = is_hole(source).expand_as(source)
    assert hole.sum() == 2 * 3 * 9
    assert torch.equal(decoded[~hole], source[~hole])
    assert (decoded[hole] == 0.5).all()


@pytest.mark.parametrize(
    ("colour", "expected"),
    [((255, 0, 255), True), ((247, 8, 248), True), ((246, 0, 255), False), ((255, 9, 255), False)],
)
def test_a_hole_is_what_has_about_its_colour(colour: tuple[int, int, int], expected: bool) -> None:
    assert is_hole(pixel(*(value / 255 for value in colour))).item() is expected


def test_psnr_of_the_colours_counts_lab_units_over_a_peak_of_255() -> None:
    grey, red = pixel(0.5, 0.5, 0.5), pixel(1.0, 0.0, 0.0)
    error = (80.09**2 + 67.20**2) / 2
    assert psnr_ab(red, grey).item() == pytest.approx(-10 * torch.tensor(error / 255**2).log10().item(), abs=0.02)
    assert psnr_ab(grey * 1.3, grey).item() > 60  # brightness is not colour
