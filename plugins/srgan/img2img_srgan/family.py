"""The family `srgan` names its config, data, networks and training; torch is imported only when one is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import img2img

if TYPE_CHECKING:
    from torch import Tensor, nn

    from img2img import Recognised

    from .config import SRGANConfig, SRGANTraining


class SRGAN(img2img.ModelFamily["SRGANConfig", "SRGANTraining"]):
    """Photo-realistic single-image super-resolution (Ledig et al. 2017, arXiv:1609.04802)."""

    name = "srgan"
    summary = "super-resolution ×2, ×3, ×4: SRResNet, MSRResNet, RRDBNet, by pixel loss and then adversarially"
    exports = True
    small: ClassVar[Mapping[str, Any]] = {
        "scale": 2, "width": 8, "depth": 1, "crop": 32, "batch_size": 2, "discriminator_width": 4,
        "perceptual": "random", "pretrain_steps": 2, "gan_steps": 2,
    }  # fmt: skip

    @property
    def config_class(self) -> type[SRGANConfig]:
        """Return the class of a generator's options."""
        from .config import SRGANConfig

        return SRGANConfig

    @property
    def training_class(self) -> type[SRGANTraining]:
        """Return the class of a training's options."""
        from .config import SRGANTraining

        return SRGANTraining

    def dataset(self, root: Path, config: SRGANTraining, split: Literal["train", "validation"]) -> img2img.Dataset:
        """Read high-resolution images, and low-resolution ones where they exist."""
        from img2img.datasets import super_resolution

        return super_resolution(root, scale=config.scale, crop=config.crop, split=split)

    def build_generator(self, config: SRGANConfig) -> nn.Module:
        """Build the generator that the config chooses."""
        from .generators import build_generator

        return build_generator(config)

    def recognise(self, weights: Mapping[str, Tensor]) -> Recognised | None:
        """Recognise the generators of other programs."""
        from .foreign import recognise

        return recognise(weights)

    def trainer(self, config: SRGANTraining, engine: img2img.Engine) -> img2img.Trainer:
        """Make the trainer of both stages."""
        from .trainer import SRGANTrainer

        return SRGANTrainer(config, engine)

    def translator(self, config: SRGANConfig, generator: nn.Module) -> img2img.Translator:
        """Wrap a generator, with its scale and halo."""
        from .generators import halo
        from .rrdb import folding
        from .translator import OpaqueTranslator

        channels = min(config.channels, 3)
        traits = img2img.Traits(scale=config.scale, keeps_colour=True, channels_in=channels, channels_out=channels)
        if config.generator == "fast":
            traits = replace(traits, minimum_size=2)  # a single pixel has no statistics
        else:
            multiple = folding(config.scale, config.fold) if config.generator == "rrdb" else 1
            traits = replace(traits, multiple_of=multiple, tiling="exact", halo=halo(config))
        return (OpaqueTranslator if config.channels == 4 else img2img.Translator)(generator, traits)
