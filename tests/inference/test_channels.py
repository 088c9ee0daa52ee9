"""Grey, alpha and depth around networks that know none of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from img2img.inference.channels import from_network, to_network

CHANNELS = [1, 2, 3, 4]


def hue(images: Tensor) -> Tensor:
    """1 channel to 3: the grey, half of it, and none."""
    return images.repeat(1, 3, 1, 1) * images.new_tensor([1, 0.5, 0])[:, None, None]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", CHANNELS)
def test_a_network_that_does_nothing_changes_nothing(channels: int, dtype: type, make: Any) -> None:
    image = make.picture(20, 30, channels, dtype)
    if channels in (2, 4):
        image[..., -1] |= 1  # nothing is fully transparent
    model = make.model(make.translator(nn.Identity(), keeps_colour=True))
    result = model(image)
    assert result.dtype == dtype
    assert (result == image).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", CHANNELS)
def test_channels_and_depth_stay_what_they_are_when_images_grow(channels: int, dtype: type, make: Any) -> None:
    result = make.model(make.translator(make.Convolve(3), keeps_colour=True))(make.picture(20, 30, channels, dtype))
    assert (result.shape, result.dtype) == ((60, 90, channels), dtype)


@pytest.mark.parametrize("channels", CHANNELS)
def test_a_network_for_grey_gets_luma_and_gives_grey(channels: int, make: Any) -> None:
    image = make.picture(20, 30, channels)
    result = make.model(make.translator(nn.Identity(), channels_in=1, channels_out=1))(image)
    assert result.shape == (20, 30, 1 if channels in (1, 3) else 2)
    if channels == 3:
        assert np.abs(result[..., 0] - image @ np.array([0.299, 0.587, 0.114])).max() <= 0.51


@pytest.mark.parametrize(("channels", "expected"), [(1, 3), (2, 4), (3, 3), (4, 4)])
def test_a_network_that_colours_makes_grey_images_colourful(channels: int, expected: int, make: Any) -> None:
    image = make.picture(20, 30, channels)
    result = make.model(make.translator(hue, channels_in=1, channels_out=3))(image)
    assert result.shape == (20, 30, expected)
    if channels == 1:
        assert (result[..., 0] == image[..., 0]).all()
        assert (result[..., 2] == 0).all()


def redden(images: Tensor) -> Tensor:
    return images * images.new_tensor([1, 0.5, 0])[:, None, None]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_grey_image_gets_the_colours_that_the_same_image_in_three_channels_gets(
    channels: int, dtype: type, make: Any
) -> None:
    model, grey = make.model(make.translator(redden)), make.picture(20, 30, channels, dtype)
    stored_in_three = np.concatenate([np.repeat(grey[..., :1], 3, axis=2), grey[..., 1:]], axis=2)
    assert (model(grey) == model(stored_in_three)).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_translator_that_keeps_colour_tints_no_grey_image_however_it_is_stored(dtype: type, make: Any) -> None:
    model, grey = make.model(make.translator(redden, keeps_colour=True)), make.picture(20, 30, 1, dtype)
    in_one, in_three = model(grey), model(np.repeat(grey, 3, axis=2))
    assert (in_one.shape, in_three.shape) == ((20, 30, 1), (20, 30, 3))
    assert (in_three == in_one).all()


def test_a_single_pixel_of_colour_keeps_the_colours_of_the_network(make: Any) -> None:
    model, image = make.model(make.translator(redden, keeps_colour=True)), np.full((40, 40, 3), 99, np.uint8)
    image[37, 5] = 99, 99, 98
    assert (model(image)[0, 0] == [99, 50, 0]).all()


@pytest.mark.parametrize("keeps_colour", [True, False])
def test_tensors_get_the_colours_that_pixels_get(keeps_colour: bool, make: Any) -> None:
    model, grey = make.model(make.translator(redden, keeps_colour=keeps_colour)), make.picture(20, 30, 1)
    result = model(torch.from_numpy(grey).permute(2, 0, 1)[None].expand(1, 3, -1, -1) / 255)
    assert np.abs(result[0].permute(1, 2, 0).numpy() * 255 - model(grey)).max() < 1


def test_a_network_of_colour_in_and_grey_out_makes_all_images_grey(make: Any) -> None:
    model = make.model(make.translator(lambda images: images[:, :1], channels_out=1))
    assert model(make.picture(channels=3)).shape == (12, 16, 1)
    assert model(make.picture(channels=2)).shape == (12, 16, 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_through_a_network_for_colour_is_exact_where_its_channels_agree(dtype: type, make: Any) -> None:
    levels = np.arange(np.iinfo(dtype).max + 1, dtype=dtype).reshape(16, -1, 1)
    translator = make.translator(nn.Identity(), keeps_colour=True)
    colour, beside = to_network(levels, translator.traits)
    assert colour.shape[2] == 3
    assert (from_network(colour, beside, translator.traits) == levels).all()


@pytest.mark.parametrize(("scale", "limit"), [(1, 0), (2, 2), (4, 2)])
def test_alpha_grows_with_the_image_and_stays_where_it_was(scale: int, limit: int, make: Any) -> None:
    ramp = np.linspace(0, 65535, 32).astype(np.uint16)
    image = np.dstack([make.picture(24, 32, 3, np.uint16), np.tile(ramp, (24, 1))])
    alpha = make.model(make.translator(make.Convolve(scale)))(image)[..., 3]
    assert alpha.shape == (24 * scale, 32 * scale)
    back = alpha.reshape(24, scale, 32, scale).mean((1, 3))[:, 2:-2]
    assert np.abs(back - ramp[None, 2:-2]).max() <= limit
    steps = np.abs(np.diff(alpha[:, 4 * scale : -4 * scale].astype(int)))
    assert steps.max() < 1.6 * 65535 / 31 / scale, "it grew in blocks"


def test_an_opaque_image_stays_opaque(make: Any) -> None:
    image = make.picture(channels=4)
    image[..., 3] = 255
    assert (make.model(make.translator(make.Convolve(4)))(image)[..., 3] == 255).all()


def test_what_nobody_sees_under_alpha_does_not_bleed_into_what_is_seen(make: Any) -> None:
    seen = np.zeros((20, 40, 4), np.uint8)
    seen[:, :20] = [200, 100, 50, 255]
    model = make.model(make.translator(make.Convolve(1)))
    results = []
    for hidden in (0, 77, 255):
        image = seen.copy()
        image[:, 20:, :3] = hidden
        results.append(model(image)[:, :20])
    assert (results[0] == results[1]).all()
    assert (results[0] == results[2]).all()


def test_an_image_that_is_transparent_all_over_stays_so(make: Any) -> None:
    image = make.picture(channels=4)
    image[..., 3] = 0
    assert (make.model(make.translator(make.Convolve(2)))(image)[..., 3] == 0).all()


@pytest.mark.parametrize("channels_in", [1, 3])
@pytest.mark.parametrize("channels", CHANNELS)
def test_what_is_taken_apart_is_not_touched(channels: int, channels_in: int, make: Any) -> None:
    image = make.picture(channels=channels)
    image[:4, ..., -1] = 0
    before = image.copy()
    translator = make.translator(nn.Identity(), channels_in=channels_in)
    colour, beside = to_network(image, translator.traits)
    from_network(colour // 2, beside, translator.traits)
    assert (image == before).all()
