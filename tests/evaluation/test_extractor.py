"""Networks of users that make features."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import interpolate

from img2img.errors import UsageError
from img2img.evaluation.extractor import Extractor

Make = Callable[..., Path]
CPU = torch.device("cpu")


@pytest.fixture
def image() -> torch.Tensor:
    return torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("count", ["N", 1])
def test_features_are_what_the_network_makes(make_extractor: Make, image: torch.Tensor, count: str | int) -> None:
    expected = image.unflatten(1, (2, 8)).unflatten(3, (2, 8)).mean((2, 4)).flatten()
    found = Extractor(make_extractor(count, 3, 16, 16), CPU)(image)
    torch.testing.assert_close(found, expected.double(), rtol=0, atol=1e-6)


def test_an_image_comes_to_the_size_of_the_network_antialiased(make_extractor: Make, image: torch.Tensor) -> None:
    extractor = Extractor(make_extractor("N", 3, 16, 16), CPU)
    board = (torch.arange(64)[:, None] + torch.arange(48)[None]) % 2
    torch.testing.assert_close(
        extractor(board.expand(3, 64, 48).float()), torch.full((12,), 0.5).double(), atol=0.01, rtol=0
    )
    doubled = interpolate(image[None], (16, 16), mode="bicubic", antialias=True)[0]
    torch.testing.assert_close(extractor(image), extractor(doubled))


def test_a_network_that_takes_any_size_gets_images_as_they_are(make_extractor: Make, image: torch.Tensor) -> None:
    extractor = Extractor(make_extractor("N", 3, "H", "W"), CPU)
    assert extractor.about["resize"] == "none"
    torch.testing.assert_close(extractor(image)[:1], image[0, :8, :8].mean()[None].double())


def test_it_says_which_file_it_is_and_how_images_are_resized(make_extractor: Make) -> None:
    path = make_extractor("N", 3, 16, 24)
    about = Extractor(path, CPU).about
    assert about["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert about["resize"] == "bicubic, antialiased (torch), to 24×16"
    assert about["onnxruntime"]


@pytest.mark.parametrize(
    ("shape", "options"),
    [((4, 3, 16, 16), {}), (("N", 1, 16, 16), {}), (("N", 3, 16), {}), (("N", 3, 16, 16), {"kind": "DOUBLE"})],
    ids=["four at once", "grey", "no images", "float64"],
)
def test_a_network_that_takes_something_else_is_refused(
    make_extractor: Make, shape: tuple[Any, ...], options: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match=r"but images are tensor\(float\)|onnxruntime cannot open"):
        Extractor(make_extractor(*shape, **options), CPU)


def test_weights_in_another_file_which_the_hash_would_not_cover_are_refused(make_extractor: Make) -> None:
    path = make_extractor("N", 3, 16, 16, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (path.parent / "weights.bin").exists()
    with pytest.raises(UsageError, match="with its weights inside"):
        Extractor(path, CPU)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("network.pth", b"", "is no ONNX file; those of other kinds can run code"),
        ("network.onnx", None, "cannot be read: No such file"),
        ("network.onnx", b"nonsense", "onnxruntime cannot open"),
    ],
)
def test_what_is_no_onnx_file_is_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        Extractor(path, CPU)


def test_a_network_that_fails_on_an_image_is_an_error(make_extractor: Make) -> None:
    extractor = Extractor(make_extractor("N", 3, "H", "W", group=2), CPU)
    with pytest.raises(UsageError, match=r"extractor\.onnx failed"):
        extractor(torch.zeros(3, 16, 16))


def test_what_is_no_vector_is_refused(make_extractor: Make) -> None:
    with pytest.raises(UsageError, match=r"returned \(1, 3, 2, 2\)"):
        Extractor(make_extractor("N", 3, 16, 16, layer="Relu"), CPU)(torch.zeros(3, 16, 16))
    with pytest.raises(UsageError, match="what is no number"):
        Extractor(make_extractor("N", 3, "H", "W"), CPU)(torch.full((3, 16, 16), torch.nan))


def test_vectors_of_images_of_different_size_that_differ_in_length_are_refused(make_extractor: Make) -> None:
    extractor = Extractor(make_extractor("N", 3, "H", "W"), CPU)
    extractor(torch.zeros(3, 16, 16))
    with pytest.raises(UsageError, match="returned 6 features of an image of 16×8, and 12 of others"):
        extractor(torch.zeros(3, 8, 16))
