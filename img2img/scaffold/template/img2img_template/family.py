"""This module defines the family `template`. It imports torch late, so that listing is quick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import img2img

if TYPE_CHECKING:
    from torch import nn

    from .config import Config, Training


class Family(img2img.ModelFamily["Config", "Training"]):
    """Draws photographs in pen and wash."""

    name = "template"
    summary = "draws photographs in pen and wash"  # Change this: one line for `img2img models`.
    small: ClassVar = {"width": 8, "depth": 3, "crop": 16, "steps": 20}  # for a check that takes seconds

    @property
    def config_class(self) -> type[Config]:
        from .config import Config

        return Config

    @property
    def training_class(self) -> type[Training]:
        from .config import Training

        return Training

    def dataset(self, root: Path, config: Training, split: Literal["train", "validation"]) -> img2img.Dataset:
        from img2img.datasets import Geometry

        from .data import Drawings

        return Drawings(root, Geometry(config.resize, config.crop, flip=True), split)

    def build_generator(self, config: Config) -> nn.Module:
        from .networks import Generator

        return Generator(config.width, config.depth)

    def trainer(self, config: Training, engine: img2img.Engine) -> img2img.Trainer:
        from .trainer import Trainer

        return Trainer(config, engine, self.build_generator(config))

    def translator(self, config: Config, generator: nn.Module) -> img2img.Translator:
        # Change this: the traits of your network. A network that halves the image three times needs `multiple_of=8`;
        # one with InstanceNorm keeps the default `tiling="never"`; one that enlarges sets `scale`.
        return img2img.Translator(generator, img2img.Traits(tiling="exact", halo=config.depth))
