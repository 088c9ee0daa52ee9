"""The options for training that are shipped as files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import img2img
from img2img.config import read_toml

CONFIGS = sorted((Path(__file__).parents[2] / "samples" / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_says_which_family_it_is_for_and_fits_it(path: Path, host: img2img.PluginHost, tmp_path: Path) -> None:
    named = re.match(r"# img2img train (\w+)", path.read_text("utf-8"))
    assert named
    family = host.family(named[1])
    classes = {"classes": ["a", "b"]} if "classes" in family.config_class.model_fields else {}
    assert family.configure(read_toml(path) | classes, tmp_path).total_steps > 0


def test_the_config_of_the_pix2pix_paper_is_the_papers(host: img2img.PluginHost) -> None:
    path = next(path for path in CONFIGS if path.stem == "pix2pix-paper")
    config = host.family("pix2pix").configure(read_toml(path), path.parent)
    found = config.model_dump(include={"generator", "width", "depth", "norm", "dropout", "batch_size", "l1_weight"})
    expected = {"generator": "unet", "width": 64, "depth": 8, "norm": "batch", "dropout": 0.5, "batch_size": 1}
    assert found == expected | {"l1_weight": 100}
    assert (config.test_statistics, config.test_dropout) == ("image", True)
    assert config.total_steps == 200 * 400  # epochs of the 400 facades
