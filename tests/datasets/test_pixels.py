"""Images in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from img2img.datasets import ImageCache, to_tensor
from img2img.errors import DataError
from img2img.media import Image, encode_image, write_file

Draw = Callable[..., Path]


@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (16, np.uint16)])
def test_an_image_comes_as_its_pixels(bits: int, kind: type, tmp_path: Path, draw: Draw) -> None:
    pixels = ImageCache().read(draw(tmp_path / "a.png", 5, 7, seed=3, bits=bits))
    assert pixels.dtype == kind
    np.testing.assert_array_equal(pixels, np.random.default_rng(3).integers(0, 2**bits, (5, 7, 3)))


@pytest.mark.parametrize(("channels", "taken"), [(1, [0, 0, 0]), (2, [0, 0, 0]), (4, [0, 1, 2])])
def test_grey_is_repeated_and_alpha_left_out(channels: int, taken: list[int], tmp_path: Path, draw: Draw) -> None:
    path = draw(tmp_path / "a.png", 5, 7, channels=channels)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels))
    seen = pixels[..., -1] > 0 if channels in (2, 4) else np.full((5, 7), True)
    np.testing.assert_array_equal(ImageCache().read(path)[seen], pixels[..., taken][seen])


def test_a_colour_that_nobody_sees_is_filled_from_around_as_in_a_translation(tmp_path: Path) -> None:
    pixels = np.full((4, 6, 4), (9, 90, 200, 255), np.uint8)
    pixels[:, 3:] = 0
    path = tmp_path / "a.png"
    write_file(path, encode_image(Image(pixels), ".png").data)
    assert (ImageCache().read(path) == [9, 90, 200]).all()


def test_an_image_is_read_once_while_there_is_room(tmp_path: Path, draw: Draw) -> None:
    cache = ImageCache()
    path = draw(tmp_path / "a.png")
    first = cache.read(path)
    path.unlink()
    assert cache.read(path) is first


def test_the_image_used_longest_ago_makes_room(tmp_path: Path, draw: Draw) -> None:
    a, b, c = (draw(tmp_path / f"{name}.png", 10, 10) for name in "abc")
    cache = ImageCache(limit=2 * 300)
    for path in (a, b, a, c):  # b was not used since
        cache.read(path)
    for path in (a, b, c):
        path.unlink()
    cache.read(a)
    cache.read(c)
    with pytest.raises(DataError, match=r"b\.png"):
        cache.read(b)


def test_an_image_larger_than_the_room_is_read_nevertheless(tmp_path: Path, draw: Draw) -> None:
    cache = ImageCache(limit=10)
    assert cache.read(draw(tmp_path / "a.png", 10, 10)).shape == (10, 10, 3)
    assert cache.read(draw(tmp_path / "b.png", 9, 9)).shape == (9, 9, 3)


@pytest.mark.parametrize("damage", ["truncated", "empty", "no image"])
def test_a_corrupt_image_is_named_with_a_remedy(damage: str, tmp_path: Path, draw: Draw) -> None:
    path = draw(tmp_path / "broken.png")
    data = path.read_bytes()
    path.write_bytes({"truncated": data[: len(data) // 2], "empty": b"", "no image": b"hello"}[damage])
    with pytest.raises(DataError, match=r"(?s)broken\.png.*Remove the file from the training data"):
        ImageCache().read(path)


@pytest.mark.parametrize(("kind", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_a_tensor_has_channels_first_and_goes_from_zero_to_one(kind: type, top: int) -> None:
    pixels = np.arange(24).reshape(2, 4, 3).astype(kind)
    pixels[0, 0, 0] = top
    tensor = to_tensor(pixels)
    assert tensor.shape == (3, 2, 4)
    assert tensor.dtype == torch.float32
    assert (tensor[0, 0, 0], tensor.max()) == (1, 1)
    torch.testing.assert_close(tensor[2, 1, 3] * top, torch.tensor(23.0))


def test_a_tensor_does_not_change_with_the_pixels_it_was_made_of() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    tensor = to_tensor(pixels)
    pixels[:] = 255
    assert tensor.max() == 0
