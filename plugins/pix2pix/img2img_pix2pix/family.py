"""The family `pix2pix` names its config, data, networks and training; torch is imported only when one is built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import img2img

if TYPE_CHECKING:
    from torch import Tensor, nn

    from img2img import Recognised

    from .config import Pix2PixConfig, Pix2PixTraining


class Pix2Pix(img2img.ModelFamily["Pix2PixConfig", "Pix2PixTraining"]):
    """Image-to-image translation with conditional adversarial networks (Isola et al. 2017, arXiv:1611.07004)."""

    name = "pix2pix"
    summary = "translation learnt from pairs; also colours grey photos, fills edges, and paints holes"
    exports = True
    small: ClassVar[Mapping[str, Any]] = {
        "width": 4, "depth": 4, "resize": 0, "crop": 32, "discriminator_width": 4, "discriminator_layers": 2,
        "constant_steps": 2, "decay_steps": 2,
    }  # fmt: skip

    @property
    def config_class(self) -> type[Pix2PixConfig]:
        """Return the class of a generator's options."""
        from .config import Pix2PixConfig

        return Pix2PixConfig

    @property
    def training_class(self) -> type[Pix2PixTraining]:
        """Return the class of a training's options."""
        from .config import Pix2PixTraining

        return Pix2PixTraining

    def dataset(self, root: Path, config: Pix2PixTraining, split: Literal["train", "validation"]) -> img2img.Dataset:
        """Read pairs, or photos from which pairs are made."""
        from img2img.datasets import Geometry, edges, grey, holes, made_pairs, paired

        geometry = Geometry(config.resize, config.crop, config.flip)
        if config.task == "pairs":
            return paired(
                root, geometry=geometry, split=split, reverse=config.reverse, source=config.source, target=config.target
            )
        make_source = {"colorize": grey, "edges": edges, "inpaint": holes}[config.task]
        return made_pairs(root, make_source, geometry=geometry, split=split)

    def build_generator(self, config: Pix2PixConfig) -> nn.Module:
        """Build the generator that the config chooses."""
        from .networks import build_generator

        return build_generator(config)

    def recognise(self, weights: Mapping[str, Tensor]) -> Recognised | None:
        """Recognise the generators of other programs."""
        from .foreign import recognise

        return recognise(weights)

    def trainer(self, config: Pix2PixTraining, engine: img2img.Engine) -> img2img.Trainer:
        """Make the trainer."""
        from .trainer import Pix2PixTrainer

        return Pix2PixTrainer(config, engine)

    def translator(self, config: Pix2PixConfig, generator: nn.Module) -> img2img.Translator:
        """Wrap a generator in the space of its task."""
        from .spaces import space_of
        from .translator import Pix2PixTranslator

        space, multiple = space_of(config.task), config.multiple_of
        minimum = max(16, multiple) if config.generator == "resnet" else multiple
        traits = img2img.Traits(
            multiple_of=multiple,
            minimum_size=minimum,
            channels_in=space.channels_in,
            keeps_colour=config.task == "inpaint",
        )
        return Pix2PixTranslator(generator, traits, space, config.channel_order)
