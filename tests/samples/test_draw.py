"""The sample images are what samples/draw.py draws, and what the demo expects of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

SAMPLES = Path(__file__).parents[2] / "samples"
PICTURE = ((140, 200, 3), np.uint8)
KINDS = {
    "garden": PICTURE,
    "harbour": PICTURE,
    "logo": ((128, 128, 4), np.uint8),
    "portrait_cat": PICTURE,
    "poster": PICTURE,
    "relief": ((120, 160), np.uint16),
    "still_life": PICTURE,
    "street": PICTURE,
}
QUICK = ("logo", "poster", "relief", "street")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `sources` and `truth` of the scenes that are quick to draw."""
    folder = tmp_path_factory.mktemp("drawn")
    command = [sys.executable, "-W", "error", SAMPLES / "draw.py", *QUICK]
    subprocess.run([*command, "--output", folder / "sources", "--truth", folder / "truth"], check=True, timeout=600)
    return folder


def test_the_samples_are_those_that_the_demo_expects() -> None:
    found = {path.stem: read(path) for path in (SAMPLES / "images").iterdir()}
    assert {name: (image.shape, image.dtype) for name, image in found.items()} == KINDS


@pytest.mark.parametrize("name", KINDS)
def test_a_sample_is_small_and_uses_its_range(name: str) -> None:
    path = SAMPLES / "images" / f"{name}.png"
    assert path.stat().st_size <= 60_000
    image = read(path)
    assert np.ptp(image) > 0.6 * np.iinfo(image.dtype).max


def test_the_logo_is_transparent_around_and_half_transparent_at_its_edges() -> None:
    alpha = read(SAMPLES / "images" / "logo.png")[..., 3]
    assert alpha[0, 0] == 0
    assert alpha.max() == 255
    assert ((alpha > 32) & (alpha < 224)).mean() > 0.02


def test_the_relief_has_more_greys_than_eight_bits_hold() -> None:
    assert len(np.unique(read(SAMPLES / "images" / "relief.png"))) > 1000


@pytest.mark.parametrize("name", QUICK)
def test_the_script_draws_the_committed_sample(name: str, drawn: Path) -> None:
    committed, again = read(SAMPLES / "images" / f"{name}.png"), read(drawn / "sources" / f"{name}.png")
    tolerance = 2 * np.iinfo(committed.dtype).max // 255
    assert again.dtype == committed.dtype
    np.testing.assert_allclose(again.astype(int), committed.astype(int), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", QUICK)
def test_a_source_is_the_mean_of_four_by_four_pixels_of_its_truth(name: str, drawn: Path) -> None:
    truth, source = read(drawn / "truth" / f"{name}.png"), read(drawn / "sources" / f"{name}.png")
    height, width = source.shape[:2]
    blocks = truth.reshape(height, 4, width, 4, -1).mean(axis=(1, 3)).reshape(source.shape)
    np.testing.assert_allclose(source, blocks, rtol=0, atol=0.5)


def test_an_unknown_scene_is_refused_by_name_and_nothing_is_written(tmp_path: Path) -> None:
    command = [sys.executable, SAMPLES / "draw.py", "castle", "--output", tmp_path / "out"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert result.returncode == 2
    assert "castle" in result.stderr
    assert "harbour" in result.stderr
    assert not (tmp_path / "out").exists()


def read(path: Path) -> NDArray[np.generic]:
    """The image as it is stored, (H, W) or (H, W, C), channels in OpenCV's order."""
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None, path
    return image
