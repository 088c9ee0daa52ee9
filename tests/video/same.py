"""A plugin whose networks change nothing: family `same`, which repeats each pixel `scale` times in both directions."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field
from torch import Tensor, nn, ones
from torch.nn.functional import interpolate

import img2img
from img2img.models.file import save_model


class SameConfig(img2img.ModelConfig):
    scale: int = Field(1, ge=1)


class Same(nn.Module):
    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale, self.one = scale, nn.Parameter(ones(1))

    def forward(self, images: Tensor) -> Tensor:
        return interpolate(self.one * images, scale_factor=self.scale, mode="nearest")


class Family(img2img.ModelFamily[SameConfig, Any]):
    name, summary, config_class = "same", "changes nothing", SameConfig
    training_class = dataset = trainer = None

    def build_generator(self, config: SameConfig) -> nn.Module:
        return Same(config.scale)

    def translator(self, config: SameConfig, generator: nn.Module) -> img2img.Translator:
        return img2img.Translator(generator, img2img.Traits(scale=config.scale, tiling="exact"))


@img2img.hookimpl
def register_models(register: Callable[[Any], None]) -> None:
    register(Family())


def install(folder: Path) -> Path:
    """Make a folder for PYTHONPATH, where programs find the plugin."""
    info = folder / "img2img_same-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(__file__, folder / "img2img_same.py")
    (info / "entry_points.txt").write_text("[img2img]\nsame = img2img_same\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: img2img-same\nVersion: 1.0\n")
    return folder


def model(path: Path, scale: int = 1) -> Path:
    """Write a model file of the family."""
    save_model(path, Same(scale), SameConfig(scale=scale), family="same", scale=scale)
    return path
