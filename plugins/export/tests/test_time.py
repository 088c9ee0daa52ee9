"""Models that know time are not exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from img2img_export.exporting import export
from torch import nn

import img2img
from img2img.models.file import save_model
from img2img.testing.family import host_of


class Film(img2img.ModelFamily[img2img.ModelConfig, Any]):
    name, summary, config_class = "film", "looks at films", img2img.ModelConfig

    def __init__(self, **traits: Any) -> None:
        self.traits = img2img.Traits(**traits)

    def build_generator(self, config: img2img.ModelConfig) -> nn.Module:
        return nn.Conv2d(3, 3, 1)

    def translator(self, config: img2img.ModelConfig, generator: nn.Module) -> img2img.Translator:
        return img2img.Translator(generator, self.traits)


@pytest.mark.parametrize("traits", [{"window": (0, 1)}, {"remembers": True}, {"frames_out": 2}], ids=str)
def test_a_model_that_knows_time_is_refused_with_a_reason(traits: Any, tmp_path: Path) -> None:
    family, config = Film(**traits), img2img.ModelConfig()
    save_model(tmp_path / "film.safetensors", family.build_generator(config), config, family="film")
    with pytest.raises(img2img.UsageError, match=r"film\.safetensors looks at several frames"):
        export(str(tmp_path / "film.safetensors"), tmp_path / "film.pt2", {}, host_of(family))
