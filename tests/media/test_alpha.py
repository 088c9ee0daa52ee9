"""Colours under transparent pixels."""

from __future__ import annotations

import numpy as np
import pytest

from img2img.media import fill_transparent


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [2, 4])
def test_hidden_pixels_take_the_colour_of_the_nearest_that_is_seen(channels: int, dtype: type) -> None:
    most = np.iinfo(dtype).max
    pixels = np.zeros((9, 40, channels), dtype)
    pixels[:, :10, :-1], pixels[:, :10, -1] = 50, most
    pixels[:, 30:, :-1], pixels[:, 30:, -1] = 200, 1
    filled = fill_transparent(pixels)
    assert (filled[:, :19, :-1] == 50).all()
    assert (filled[:, 21:, :-1] == 200).all()


def test_alpha_what_is_seen_and_the_argument_are_not_changed(make) -> None:
    pixels = make.picture(channels=4)
    pixels[5:15, 5:20, 3] = 0
    before = pixels.copy()
    filled = fill_transparent(pixels)
    seen = before[..., 3] > 0
    assert np.array_equal(pixels, before)
    assert np.array_equal(filled[..., 3], before[..., 3])
    assert np.array_equal(filled[seen], before[seen])
    assert not np.array_equal(filled, before)


@pytest.mark.parametrize("alpha", [0, 1, 255])
def test_pixels_that_are_all_hidden_or_all_seen_are_returned_as_they_are(make, alpha: int) -> None:
    pixels = make.picture(channels=4)
    pixels[..., 3] = alpha
    assert fill_transparent(pixels) is pixels
