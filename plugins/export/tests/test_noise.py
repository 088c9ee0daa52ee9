"""Models that make pictures of noise are not exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from img2img_export.exporting import export
from torch import Tensor, nn

import img2img
from img2img.models.file import save_model
from img2img.testing.family import host_of


class Painter(img2img.Translator):
    traits = img2img.Traits(source=img2img.Noise((4,), height=1, width=4), channels_out=1)

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return self.generator(images)[:, None, None]


class Paint(img2img.ModelFamily[img2img.ModelConfig, Any]):
    name, summary, config_class = "paint", "paints noise", img2img.ModelConfig

    def build_generator(self, config: img2img.ModelConfig) -> nn.Module:
        return nn.Linear(4, 4)

    def translator(self, config: img2img.ModelConfig, generator: nn.Module) -> img2img.Translator:
        return Painter(generator)


def test_a_model_that_makes_pictures_of_noise_is_refused(tmp_path: Path) -> None:
    config = img2img.ModelConfig()
    save_model(tmp_path / "paint.safetensors", Paint().build_generator(config), config, family="paint")
    with pytest.raises(img2img.UsageError, match="makes pictures of noise"):
        export(str(tmp_path / "paint.safetensors"), tmp_path / "paint.pt2", {}, host_of(Paint()))
    assert not (tmp_path / "paint.pt2").exists()
