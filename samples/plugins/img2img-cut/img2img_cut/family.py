"""This module is the family `cut`; it imports torch only when something is built."""

from typing import ClassVar

import img2img

from .config import CUTConfig, CUTTraining


class CUT(img2img.ModelFamily[CUTConfig, CUTTraining]):
    """Contrastive unpaired translation (Park et al. 2020, arXiv:2007.15651)."""

    name = "cut"
    summary = "translation from one kind of images to another, without pairs, in one direction"
    small: ClassVar = {
        "width": 4, "blocks": 1, "resize": 0, "crop": 32, "batch_size": 2, "patches": 16, "discriminator_width": 4,
        "constant_steps": 2, "decay_steps": 2,
    }  # fmt: skip
    config_class, training_class = CUTConfig, CUTTraining

    def dataset(self, root, config, split):
        from img2img.datasets import Geometry, unpaired

        geometry = Geometry(config.resize, config.crop, flip=True)
        return unpaired(root, geometry=geometry, split=split, source=config.source, target=config.target)

    def build_generator(self, config):
        from img2img.nn.resnet import ResNetGenerator

        return ResNetGenerator(width=config.width, blocks=config.blocks, downsampling="blur", upsampling="blur")

    def trainer(self, config, engine):
        from .trainer import CUTTrainer

        return CUTTrainer(config, engine, self.build_generator(config))

    def translator(self, config, generator):
        from img2img.nn.signed import SignedTranslator

        return SignedTranslator(generator, img2img.Traits(multiple_of=4, minimum_size=8))
