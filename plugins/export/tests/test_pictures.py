"""Models that take a picture beside their source are not exported; those that need none are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from img2img_export.exporting import export
from torch import Tensor, nn

import img2img
from img2img.models.file import save_model
from img2img.testing.family import host_of


class Family(img2img.ModelFamily[img2img.ModelConfig, Any]):
    name, summary, config_class = "mixing", "mixes in a picture", img2img.ModelConfig

    def __init__(self, kind: Literal["image", "map"], *, required: bool) -> None:
        self.condition = img2img.Condition("what is mixed in", kind=kind, required=required)

    def build_generator(self, config: img2img.ModelConfig) -> nn.Module:
        return nn.Conv2d(3, 3, 1)

    def translator(self, config: img2img.ModelConfig, generator: nn.Module) -> img2img.Translator:
        return Mixing(generator, img2img.Traits(conditions={"other": self.condition}))


class Mixing(img2img.Translator):
    def __call__(self, images: Tensor, other: Tensor | None = None) -> Tensor:  # type: ignore[override]
        result: Tensor = self.generator(images)
        return result if other is None else result + other.mean((2, 3), keepdim=True)


def saved(family: Family, folder: Path) -> str:
    config = img2img.ModelConfig()
    save_model(folder / "mixing.safetensors", family.build_generator(config), config, family="mixing")
    return str(folder / "mixing.safetensors")


@pytest.mark.parametrize("kind", ["image", "map"])
def test_a_model_that_needs_a_picture_is_refused(kind: Literal["image", "map"], tmp_path: Path) -> None:
    family = Family(kind, required=True)
    with pytest.raises(img2img.UsageError, match="takes a picture, other, beside its source"):
        export(saved(family, tmp_path), tmp_path / "mixing.pt2", {}, host_of(family))


def test_a_picture_cannot_be_fixed(tmp_path: Path) -> None:
    family = Family("image", required=False)
    with pytest.raises(img2img.UsageError, match="no input for one"):
        export(saved(family, tmp_path), tmp_path / "mixing.pt2", {"other": "a.png"}, host_of(family))


def test_a_picture_that_is_not_needed_is_left_out(tmp_path: Path) -> None:
    family = Family("image", required=False)
    export(saved(family, tmp_path), tmp_path / "mixing.pt2", {}, host_of(family))
    assert (tmp_path / "mixing.pt2").exists()
