"""The family `cyclegan` names its config, data, networks and training; torch is imported only when one is built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import img2img

if TYPE_CHECKING:
    from torch import Tensor, nn

    from img2img import Recognised

    from .config import CycleGANConfig, CycleGANTraining


class CycleGAN(img2img.ModelFamily["CycleGANConfig", "CycleGANTraining"]):
    """Unpaired image-to-image translation (Zhu et al. 2017, arXiv:1703.10593)."""

    name = "cyclegan"
    summary = "translation between two sets of images without pairs, in both directions"
    exports = True
    small: ClassVar[Mapping[str, Any]] = {
        "width": 4, "blocks": 1, "resize": 0, "crop": 32, "pool": 2, "discriminator_width": 4,
        "discriminator_layers": 2, "constant_steps": 3, "decay_steps": 3,
    }  # fmt: skip

    @property
    def config_class(self) -> type[CycleGANConfig]:
        """Return the class of a generator's options."""
        from .config import CycleGANConfig

        return CycleGANConfig

    @property
    def training_class(self) -> type[CycleGANTraining]:
        """Return the class of a training's options."""
        from .config import CycleGANTraining

        return CycleGANTraining

    def dataset(self, root: Path, config: CycleGANTraining, split: Literal["train", "validation"]) -> img2img.Dataset:
        """Read two folders of images."""
        from img2img.datasets import Geometry, unpaired

        geometry = Geometry(config.resize, config.crop, config.flip)
        return unpaired(root, geometry=geometry, split=split, source=config.source, target=config.target)

    def build_generator(self, config: CycleGANConfig) -> nn.Module:
        """Build the ResNet generator of one direction."""
        from img2img.nn.resnet import ResNetGenerator

        from .config import CycleGANConfig

        return ResNetGenerator(**config.model_dump(include=set(CycleGANConfig.model_fields) - {"channel_order"}))

    def recognise(self, weights: Mapping[str, Tensor]) -> Recognised | None:
        """Recognise the generators of other programs."""
        from .foreign import recognise

        return recognise(weights)

    def trainer(self, config: CycleGANTraining, engine: img2img.Engine) -> img2img.Trainer:
        """Make the trainer of both directions."""
        from .trainer import CycleGANTrainer

        return CycleGANTrainer(config, engine, lambda: self.build_generator(config))

    def translator(self, config: CycleGANConfig, generator: nn.Module) -> img2img.Translator:
        """Wrap a generator, which takes images in [-1, 1]."""
        from img2img.nn.signed import SignedTranslator

        multiple = 2**config.halvings
        traits = img2img.Traits(
            multiple_of=multiple,
            minimum_size=max(16, 2 * multiple),
            channels_in=config.channels_in,
            channels_out=config.channels_out,
        )
        return SignedTranslator(generator, traits, config.channel_order)
