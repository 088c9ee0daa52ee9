"""The family `stargan` names its config, data, networks and training; torch is imported only when one is built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import img2img

if TYPE_CHECKING:
    from torch import nn

    from .config import StarGANConfig, StarGANTraining


class StarGAN(img2img.ModelFamily["StarGANConfig", "StarGANTraining"]):
    """Label-conditional image-to-image translation among many classes (Choi et al. 2018, arXiv:1711.09020)."""

    name = "stargan"
    summary = "translation among any number of classes of images without pairs, by one generator"
    exports = True
    small: ClassVar[Mapping[str, Any]] = {
        "width": 4, "blocks": 1, "resize": 0, "crop": 16, "batch_size": 2, "discriminator_width": 4,
        "discriminator_layers": 2, "critic_steps": 2, "constant_steps": 2, "decay_steps": 2,
    }  # fmt: skip

    @property
    def config_class(self) -> type[StarGANConfig]:
        """Return the class of a generator's options."""
        from .config import StarGANConfig

        return StarGANConfig

    @property
    def training_class(self) -> type[StarGANTraining]:
        """Return the class of a training's options."""
        from .config import StarGANTraining

        return StarGANTraining

    def configure(self, options: Mapping[str, Any], root: Path) -> StarGANTraining:
        """Take the classes from the folders of the data where the options name none."""
        from img2img.datasets import class_names

        return super().configure({**options, "classes": options.get("classes") or class_names(root)}, root)

    def dataset(self, root: Path, config: StarGANTraining, split: Literal["train", "validation"]) -> img2img.Dataset:
        """Read one folder of images a class."""
        from img2img.datasets import Geometry, labelled

        geometry = Geometry(config.resize, config.crop, config.flip)
        return labelled(root, config.classes, geometry=geometry, split=split)

    def build_generator(self, config: StarGANConfig) -> nn.Module:
        """Build the generator for all classes."""
        from .networks import Generator

        return Generator(len(config.classes), config.width, config.blocks, config.upsampling, config.residual)

    def trainer(self, config: StarGANTraining, engine: img2img.Engine) -> img2img.Trainer:
        """Make the trainer."""
        from .trainer import StarGANTrainer

        return StarGANTrainer(config, engine, self.build_generator(config))

    def translator(self, config: StarGANConfig, generator: nn.Module) -> img2img.Translator:
        """Wrap a generator, with the condition `label`."""
        from .translator import StarGANTranslator

        return StarGANTranslator(generator, config.classes)
