"""This module is the family `adain` and its options; it imports torch only when something is built."""

from typing import ClassVar

from pydantic import Field

import img2img

STYLE = img2img.Condition("the picture whose style is taken", kind="image", required=True)


class AdaINConfig(img2img.ModelConfig):
    """The options of the network, which a model file holds."""

    width: int = Field(32, ge=4, le=256, description="channels of the first layer")


class AdaINTraining(AdaINConfig, img2img.TrainingConfig):
    """The further options of a training."""

    resize: int = Field(0, ge=0, le=8192, description="shorter side that pictures are brought to; 0 leaves them")
    crop: int = Field(128, ge=16, le=2048, description="side of a training crop, in pixels")
    steps: int = Field(8000, ge=1, description="steps of the training")
    lr: float = Field(1e-3, gt=0, le=1, description="learning rate of Adam")
    style_weight: float = Field(2.0, ge=0, description="more of it takes more of the style")

    @property
    def total_steps(self):
        return self.steps


class AdaIN(img2img.ModelFamily[AdaINConfig, AdaINTraining]):
    """Style transfer by adaptive instance normalisation (Huang & Belongie 2017, arXiv:1703.06868)."""

    name = "adain"
    summary = "paints photos in the style of any picture"
    small: ClassVar = {"width": 4, "crop": 32, "steps": 6, "batch_size": 2}
    config_class, training_class = AdaINConfig, AdaINTraining

    def dataset(self, root, config, split):
        from img2img.datasets import Geometry, unpaired

        return unpaired(root, geometry=Geometry(config.resize, config.crop, flip=True), split=split)

    def build_generator(self, config):
        from .network import Stylist

        return Stylist(config.width)

    def trainer(self, config, engine):
        from .trainer import AdaINTrainer

        return AdaINTrainer(config, engine, self.build_generator(config))

    def translator(self, config, generator):
        from .network import StyleTranslator

        return StyleTranslator(generator, img2img.Traits(multiple_of=4, minimum_size=8, conditions={"style": STYLE}))
