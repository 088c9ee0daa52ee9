"""The family."""

from __future__ import annotations

import img2img


class Tiny(img2img.ModelFamily):
    name = "tiny"
    summary = "enlarges twice, more or less strongly"
    exports = True
    small = {"width": 4, "crop": 32, "batch_size": 2, "steps": 4}  # noqa: RUF012

    @property
    def config_class(self):
        from .config import TinyConfig

        return TinyConfig

    @property
    def training_class(self):
        from .config import TinyTraining

        return TinyTraining

    def dataset(self, root, config, split):
        from img2img.datasets import super_resolution

        return super_resolution(root, scale=2, crop=config.crop, split=split)

    def build_generator(self, config):
        from .networks import Generator

        return Generator(config.width)

    def trainer(self, config, engine):
        from .trainer import TinyTrainer

        return TinyTrainer(engine, self.build_generator(config))

    def translator(self, config, generator):
        from .translator import TinyTranslator

        return TinyTranslator(generator)
