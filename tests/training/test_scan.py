"""Data that cannot be used are named before the first step, all at once, with remedies that work as written."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

import img2img
from img2img.errors import DataError
from img2img.media import Image, decode_image, encode_image, read_file, write_file
from img2img.media.image.glance import size_of
from img2img.training.run import Run
from img2img.training.scan import look_through

Settings = dict[str, Any]
TINY: dict[str, dict[str, Any]] = {
    "cyclegan": {"width": 4, "blocks": 1, "discriminator_width": 4, "batch_size": 1, "crop": 64, "resize": 0},
    "pix2pix": {"width": 4, "depth": 2, "discriminator_width": 4, "batch_size": 1, "crop": 32},
    "stargan": {"width": 4, "blocks": 1, "discriminator_width": 4, "discriminator_layers": 3, "crop": 64, "resize": 0},
}


def draw(path: Path, width: int, height: int) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    write_file(path, encode_image(Image(pixels), path.suffix).data)
    return path


def folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True)
        for number in range(3):
            draw(root / name / f"{number}.png", 80, 72)
    return root


def look(family: str, data: Path, host: Any, *, has_begun: bool = False, **options: Any) -> dict[str, str]:
    """Look through the data of a family as a training does before its first step."""
    found = host.family(family)
    config = found.configure({**TINY.get(family, {}), **options}, data)
    training, held_out = (found.dataset(data, config, split) for split in ("train", "validation"))
    return look_through(Run(data / "run", family, config, data), training, held_out, has_begun=has_begun)


def complaint(family: str, data: Path, host: Any, **options: Any) -> str:
    with pytest.raises(DataError) as refused:
        look(family, data, host, **options)
    return str(refused.value)


def test_every_unusable_file_is_named_before_the_run_begins(
    settings: Settings, photos: Path, tmp_path: Path, host: Any
) -> None:
    data = Path(shutil.copytree(photos, tmp_path / "data"))
    whole = (data / "0.png").read_bytes()
    (data / "0.png").write_bytes(whole[:-50])
    (data / "1.png").write_bytes(b"")
    (data / "2.png").write_text("<html>")
    jpeg = draw(tmp_path / "a.jpg", 40, 40).read_bytes()
    (data / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    draw(data / "small.webp", 10, 9)
    with pytest.raises(DataError) as refused:
        img2img.train("srgan", **{**settings, "data": data}, host=host)
    text = str(refused.value)
    assert text.startswith("5 of the training data cannot be used:\n")
    assert all(
        name in text for name in ("0.png", "1.png", "2.png", "cut.jpg", "small.webp is 10×9, too small for 16×16")
    )
    assert "nothing has begun" in text
    assert not (Path(settings["run"]) / "run.toml").exists()


def test_pairs_of_unequal_sizes_are_named_together(tmp_path: Path, host: Any) -> None:
    data = folder(tmp_path / "data", "A", "B")
    draw(data / "B/1.png", 80, 144)
    draw(data / "A/2.png", 72, 80)
    text = complaint("pix2pix", data, host)
    assert "1.png is 80×72, but its partner" in text
    assert "2.png is 72×80, but its partner" in text


@pytest.mark.parametrize(("family", "names"), [("cyclegan", ("A", "B")), ("stargan", ("x", "y"))])
def test_images_below_the_crop_are_named_and_the_advice_works(
    family: str, names: tuple[str, str], tmp_path: Path, host: Any
) -> None:
    data = folder(tmp_path / "data", *names)
    draw(data / names[0] / "0.png", 40, 90)
    draw(data / names[1] / "2.png", 60, 50)
    text = complaint(family, data, host)
    assert "0.png is 40×90, too small for a crop of 64×64" in text
    assert "2.png is 60×50, too small for a crop of 64×64" in text
    advised = re.findall(r"-o (\w+)=(\d+)", text)
    assert [name for name, _ in advised] == ["resize", "crop"]
    for name, value in advised:
        assert len(look(family, data, host, **{name: int(value)})) == 6


def test_a_run_that_has_begun_is_told_to_go_on_with_resume(tmp_path: Path, host: Any) -> None:
    data = folder(tmp_path / "data", "A", "B")
    (data / "A/1.png").write_bytes(b"")
    assert complaint("cyclegan", data, host).endswith("Then type the command again: nothing has begun.")
    assert complaint("cyclegan", data, host, has_begun=True).endswith("Then go on with --resume.")


def test_only_what_the_family_takes_is_advised(photos: Path, tmp_path: Path, host: Any) -> None:
    data = Path(shutil.copytree(photos, tmp_path / "data"))
    draw(data / "0.png", 10, 10)
    assert "-o crop" not in complaint("srgan", data, host, scale=2, crop=16, perceptual="random")  # it is at least 16


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp", ".avif"])
def test_an_image_that_lies_on_its_side_is_measured_as_it_is_shown(suffix: str, tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    path = tmp_path / f"a{suffix}"
    PillowImage.new("RGB", (40, 24)).save(path, **({} if suffix == ".bmp" else {"exif": exif}))
    height, width = decode_image(read_file(path), path).pixels.shape[:2]
    assert size_of(path) == (width, height)
    assert (width, height) == ((40, 24) if suffix == ".bmp" else (24, 40))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_whole_image_is_measured_without_being_decoded(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = draw(tmp_path / f"a{suffix}", 40, 24)
    monkeypatch.delattr("img2img.media.image.glance.decode_image")
    assert size_of(path) == (40, 24)
