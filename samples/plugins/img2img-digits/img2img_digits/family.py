"""This module is the family `digits` and its options; it imports torch only when something is built."""

from typing import Annotated, ClassVar

from pydantic import Field

import img2img

Name = Annotated[str, Field(min_length=1, max_length=255)]


class DigitsConfig(img2img.ModelConfig):
    """The options of the network, which a model file holds."""

    classes: tuple[Name, ...] = Field((), max_length=1000, description="names of the classes; those of the data")
    latent: int = Field(64, ge=1, le=1024, description="numbers of noise for one picture")
    width: int = Field(32, ge=4, le=256, description="channels of the generator's last layer")
    doublings: int = Field(3, ge=1, le=6, description="a picture has a side of 4 × 2^doublings: 32 pixels for 3")

    @property
    def noise(self):
        side = 4 * 2**self.doublings
        return img2img.Noise((self.latent,), height=side, width=side)


class DigitsTraining(DigitsConfig, img2img.AdversarialConfig):
    """The further options of a training, with the game and the remedies of `img2img.AdversarialConfig`."""

    objective: str = Field("hinge", description="the adversarial game")
    spectral_norm: bool = Field(True, description="divide each layer of the discriminator by its largest stretch")
    batch_size: int = Field(32, ge=1, le=4096, description="pictures in one step")
    flip: bool = Field(False, description="mirror half of the pictures; not for digits and letters")
    steps: int = Field(5000, ge=1, description="steps of the training")
    lr: float = Field(3e-4, gt=0, le=1, description="learning rate of Adam")

    @property
    def total_steps(self):
        return self.steps


class Digits(img2img.ModelFamily[DigitsConfig, DigitsTraining]):
    """A GAN whose generator takes noise and a label (Mirza & Osindero 2014, arXiv:1411.1784)."""

    name = "digits"
    summary = "makes pictures of noise and a label, after a folder of pictures for each class"
    small: ClassVar = {"latent": 8, "width": 4, "doublings": 2, "steps": 8, "batch_size": 4}
    config_class, training_class = DigitsConfig, DigitsTraining

    def configure(self, options, root):
        from img2img.datasets import class_names

        return super().configure({**options, "classes": options.get("classes") or class_names(root)}, root)

    def dataset(self, root, config, split):
        from img2img.datasets import noise_and_pictures

        return noise_and_pictures(root, config.noise, split=split, classes=config.classes, flip=config.flip)

    def build_generator(self, config):
        from .networks import Generator

        return Generator(len(config.classes), config.latent, config.width, config.doublings)

    def trainer(self, config, engine):
        from .trainer import DigitsTrainer

        return DigitsTrainer(config, engine, self.build_generator(config))

    def translator(self, config, generator):
        from .networks import LabelledNoise

        label = img2img.Condition("what the picture shows", choices=config.classes, required=True)
        return LabelledNoise(generator, img2img.Traits(source=config.noise, conditions={"label": label}))
