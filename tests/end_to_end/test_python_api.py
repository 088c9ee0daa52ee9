"""What the README shows in Python, with a real model file and real image files."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

import img2img


def picture(channels: int = 3, dtype: type = np.uint8, seed: int = 0, size: tuple[int, int] = (14, 19)) -> Any:
    rng = np.random.default_rng(seed)
    return rng.integers(1, np.iinfo(dtype).max, (*size, channels), dtype, endpoint=True)


def digests(folder: Path) -> dict[str, str]:
    """Content and times of every file of a folder."""
    return {
        str(path): f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns} {path.stat().st_mode:o}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def photos(tmp_path: Path) -> Iterator[Path]:
    """Images of all kinds; that nobody touches them is checked after each test."""
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for name, pixels in {
        "colour.png": picture(),
        "deep.tif": picture(dtype=np.uint16),
        "grey.png": picture(1),
        "below/alpha.webp": picture(4),
        "below/photo.jpg": picture(),
        "below/deep-grey.png": picture(1, np.uint16),
    }.items():
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, pixels)[1])
    before = digests(folder)
    yield folder
    assert digests(folder) == before, "a source was touched"


def opened(path: Path) -> Any:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)


def test_a_model_enlarges_arrays_of_all_kinds_and_leaves_them_alone(tiny_model: Path, device: str) -> None:
    model = img2img.load_model(tiny_model, device=device)
    for dtype in (np.uint8, np.uint16):
        for channels in (1, 2, 3, 4):
            image = picture(channels, dtype)
            before = image.copy()
            result = model(image)
            assert (result.shape, result.dtype) == ((28, 38, channels), dtype)
            assert (image == before).all()
        assert model(picture(1, dtype)[..., 0]).shape == (28, 38)


def test_a_model_enlarges_tensors_and_leaves_them_alone(tiny_model: Path, device: str) -> None:
    model = img2img.load_model(tiny_model, device=device, precision="fp32")
    images = torch.rand(3, 3, 14, 19)
    before = images.clone()
    result = model(images)
    assert (result.shape, result.dtype, result.device) == ((3, 3, 28, 38), torch.float32, images.device)
    assert torch.equal(images, before)
    assert 0 <= result.min() <= result.max() <= 1
    assert torch.allclose(result[1:2], model(images[1:2]), atol=1e-4)


def test_a_model_gives_the_same_answer_each_time_and_in_each_thread(tiny_model: Path, device: str) -> None:
    model = img2img.load_model(tiny_model, device=device)
    image = picture()
    results = [model(image)]

    def ask() -> None:
        results.append(model(image))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 5
    assert all((result == results[0]).all() for result in results)


def test_a_loaded_model_translates_a_folder_into_files_of_the_same_kinds(
    tiny_model: Path, photos: Path, tmp_path: Path, device: str
) -> None:
    model = img2img.load_model(tiny_model, device=device)
    report = img2img.translate(photos, tmp_path / "out", model=model, compute=img2img.Compute(batch_size=16))
    assert report.counts == {"done": 6, "damaged": 0, "skipped": 0, "failed": 0, "planned": 0}
    for item in report.items:
        source, target = opened(item.source), opened(item.target)
        assert item.target.relative_to(tmp_path / "out") == item.source.relative_to(photos)
        assert target.shape == (28, 38, *source.shape[2:])
        assert target.dtype == source.dtype


def test_files_hold_what_the_model_says_of_their_pixels(tiny_model: Path, photos: Path, tmp_path: Path) -> None:
    model = img2img.load_model(tiny_model, device="cpu", precision="fp32")
    img2img.translate(str(photos / "*.*"), str(tmp_path / "out"), model=model)
    for name in ("colour.png", "deep.tif", "grey.png"):
        source, target = opened(photos / name), opened(tmp_path / "out" / name)
        expected = model(source) if source.ndim == 2 else model(source[..., ::-1])[..., ::-1]
        assert np.abs(target.astype(int) - expected.astype(int)).max() <= 1


def test_a_model_file_is_taken_as_well_as_a_loaded_model(tiny_model: Path, photos: Path, tmp_path: Path) -> None:
    for model, folder in ((tiny_model, "a"), (str(tiny_model), "b"), (img2img.load_model(tiny_model), "c")):
        img2img.translate(photos, tmp_path / folder, model=model)
    for path in (tmp_path / "a").rglob("*.png"):
        name = path.relative_to(tmp_path / "a")
        assert path.read_bytes() == (tmp_path / "b" / name).read_bytes() == (tmp_path / "c" / name).read_bytes()


def test_a_report_tells_what_became_of_each_file_and_the_same_call_skips_what_is_done(
    tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    first = img2img.translate(photos, tmp_path / "out", model=tiny_model)
    assert [item.status for item in first.items] == ["done"] * 6
    assert all(item.seconds > 0 for item in first.items)
    assert first.model == str(tiny_model)
    assert img2img.translate(photos, tmp_path / "out", model=tiny_model).counts["skipped"] == 6


def test_every_error_is_one_that_can_be_caught_by_one_name(tiny_model: Path, photos: Path, tmp_path: Path) -> None:
    for call in (
        lambda: img2img.load_model("no such model"),
        lambda: img2img.load_model(photos / "colour.png"),
        lambda: img2img.load_model(tiny_model)(np.zeros((3, 3))),
        lambda: img2img.load_model(tiny_model)(picture(), label="winter"),
        lambda: img2img.translate(photos, photos, model=tiny_model),
        lambda: img2img.translate(photos / "nothing", tmp_path / "out", model=tiny_model),
        lambda: img2img.translate(photos, tmp_path / "out", model="no such model"),
    ):
        with pytest.raises(img2img.Img2ImgError):
            call()
    assert not (tmp_path / "out").exists()
