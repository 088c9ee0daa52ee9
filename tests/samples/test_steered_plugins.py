"""The examples of plugins whose models take a picture beside their source: a style, and a mask."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import img2img
from img2img.media import Image, encode_image, write_file
from img2img.testing.family import host_of

PLUGINS = Path(__file__).parents[2] / "samples" / "plugins"
NAMES = {"adain": "AdaIN", "inpaint": "Inpaint"}
LINES = 200
SMALL = {"width": 4, "crop": 16, "batch_size": 2, "steps": 2}


@pytest.fixture
def family() -> Iterator[Callable[[str], Any]]:
    """Import a family from the folder of its project."""
    before, paths = set(sys.modules), list(sys.path)

    def family(name: str) -> Any:
        sys.path.insert(0, str(PLUGINS / f"img2img-{name}"))
        return getattr(importlib.import_module(f"img2img_{name}.family"), NAMES[name])()

    yield family
    sys.path[:] = paths
    for name in set(sys.modules) - before:
        if name.startswith(("img2img_adain", "img2img_inpaint")):
            del sys.modules[name]


def draw(folder: Path, count: int = 3, height: int = 40, width: int = 32, *, channels: int = 3) -> Path:
    """Write a folder of pictures of noise."""
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = np.random.default_rng((number, len(folder.name))).integers(0, 256, (height, width, channels), np.uint8)
        write_file(folder / f"{number}.png", encode_image(Image(pixels), ".png").data)
    return folder


def trained(family: Any, data: Path, folder: Path, **options: Any) -> Path:
    """Train a model for two steps, and return its file."""
    img2img.train(
        family.name, data, folder / "run", SMALL | options, compute=img2img.Compute("cpu", "fp32"),
        intervals=img2img.Intervals(2, 2, 2), host=host_of(family),
    )  # fmt: skip
    return folder / "run" / "run.safetensors"


def test_a_style_is_learnt_and_taken(family: Callable[[str], Any], tmp_path: Path, caplog: Any) -> None:
    adain = family("adain")
    draw(tmp_path / "data" / "source")
    draw(tmp_path / "data" / "target", height=24, width=50)
    file = trained(adain, tmp_path / "data", tmp_path)
    model = img2img.load_model(file, device="cpu", precision="fp32", host=host_of(adain))
    assert not [record for record in caplog.records if "card" in record.message]
    photo = torch.rand(1, 3, 21, 33)
    dark, bright = (model(photo, style=np.full((24, 50, 3), level, np.uint8)) for level in (0, 255))
    assert dark.shape == photo.shape
    assert (dark - bright).abs().max() > 1e-4


@pytest.mark.parametrize("given", [False, True])
def test_what_a_mask_marks_is_painted_and_nothing_else(
    given: bool, family: Callable[[str], Any], tmp_path: Path, caplog: Any
) -> None:
    inpaint = family("inpaint")
    masks = {"masks": str(draw(tmp_path / "masks", height=20, channels=1))} if given else {}
    file = trained(inpaint, draw(tmp_path / "photos"), tmp_path, reach=2, **masks)
    assert not [record for record in caplog.records if "card" in record.message]
    model = img2img.load_model(file, device="cpu", host=host_of(inpaint))
    photo, mask = np.full((30, 40, 3), 90, np.uint8), np.zeros((30, 40), np.uint8)
    mask[5:9, 7:20] = 255
    changed = (model(photo, mask=mask) != photo).any(2)
    assert changed[mask > 0].mean() > 0.9
    assert not changed[mask == 0].any()


def test_each_photo_of_a_job_has_its_own_mask(family: Callable[[str], Any], tmp_path: Path) -> None:
    inpaint = family("inpaint")
    photos, masks = draw(tmp_path / "photos"), draw(tmp_path / "masks", channels=1)
    file = trained(inpaint, photos, tmp_path, reach=2)
    report = img2img.translate(
        photos, tmp_path / "out", model=file, conditions={"mask": str(masks)}, compute=img2img.Compute("cpu"),
        host=host_of(inpaint),
    )  # fmt: skip
    assert [item.status for item in report.items] == ["done"] * 3


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_the_contract(name: str) -> None:
    words = [sys.executable, "-m", "img2img", "check-plugin", str(PLUGINS / f"img2img-{name}")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_it_imports_what_is_lent_to_plugins_and_is_short(name: str) -> None:
    code = "".join(path.read_text("utf-8") for path in (PLUGINS / f"img2img-{name}").rglob("*.py"))
    modules = set(re.findall(r"^ *(?:from|import) (img2img[\w.]*)", code, re.MULTILINE))
    assert {module for module in modules if not re.fullmatch(r"img2img(\.datasets|\.nn\.\w+)?", module)} == set()
    assert len(code.splitlines()) < LINES


def test_a_part_with_its_mask_gives_what_the_whole_gives(family: Callable[[str], Any]) -> None:
    inpaint = family("inpaint")
    config = inpaint.config_class.parse({"width": 4, "reach": 3})
    translator = inpaint.translator(config, inpaint.build_generator(config))
    images, mask = torch.rand(1, 3, 40, 60), (torch.rand(1, 1, 40, 60) > 0.5).float()
    halo = translator.traits.halo
    with torch.inference_mode():
        whole = translator(images, mask=mask)[..., :20]
        part = translator(images[..., : 20 + halo], mask=mask[..., : 20 + halo])[..., :20]
    torch.testing.assert_close(whole, part)
