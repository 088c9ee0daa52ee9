"""The family `faststyle`: its options, and what it is made of. Torch comes in only when something is built."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, FilePath

import img2img


class StyleConfig(img2img.ModelConfig):
    """What the network depends on; a model file holds it."""

    width: int = Field(16, ge=4, le=128, description="channels of the first layer; the blocks have four times as many")
    blocks: int = Field(4, ge=1, le=16, description="residual blocks; each looks 8 pixels farther")


class StyleTraining(StyleConfig, img2img.TrainingConfig):
    """What only the training depends on, such as the path of a picture."""

    style: Annotated[FilePath, AfterValidator(Path.resolve)] = Field(
        Path(__file__).with_name("dusk.jpg"), description="the picture whose style is learnt"
    )
    resize: int = Field(0, ge=0, le=8192, description="shorter side that photos are brought to; 0 leaves them")
    crop: int = Field(128, ge=32, le=2048, description="side of a training crop, in pixels")
    batch_size: int = Field(2, ge=1, le=4096, description="photos in one step")
    ema: float = Field(0.98, ge=0, lt=1, description="decay of the averaged network")
    steps: int = Field(1500, ge=1, description="steps of the training")
    lr: float = Field(2e-3, gt=0, le=1, description="learning rate of Adam at the beginning")
    content_weight: float = Field(0.7, ge=0, description="more of it keeps more of the photo")

    @property
    def total_steps(self):
        return self.steps


class FastStyle(img2img.ModelFamily[StyleConfig, StyleTraining]):
    """Style transfer by a network that learns one style (Johnson et al. 2016, arXiv:1603.08155)."""

    name = "faststyle"
    summary = "paints photos in the colours and the texture of one picture"
    small: ClassVar = {"width": 4, "blocks": 1, "crop": 32, "steps": 20}
    config_class, training_class = StyleConfig, StyleTraining

    def dataset(self, root, config, split):
        from img2img.datasets import Geometry, made_pairs

        return made_pairs(root, _unchanged, geometry=Geometry(config.resize, config.crop, flip=True), split=split)

    def build_generator(self, config):
        from img2img.nn.blocks import initialise
        from img2img.nn.resnet import ResNetGenerator

        network = ResNetGenerator(width=config.width, blocks=config.blocks, norm="none", upsampling="resize")
        initialise(network, 0.05)  # the usual 0.02 would fade from layer to layer without normalisation
        return network

    def trainer(self, config, engine):
        from .trainer import StyleTrainer

        return StyleTrainer(config, engine, self.build_generator(config))

    def translator(self, config, generator):
        from img2img.nn.signed import SignedTranslator

        halo = 8 * config.blocks + 15
        return SignedTranslator(generator, img2img.Traits(multiple_of=4, minimum_size=8, tiling="exact", halo=halo))


def _unchanged(photo, rng):
    return photo
