"""The family `doubler`: its options, and what it is made of. Torch comes in only when something is built."""

from typing import ClassVar

from pydantic import Field

import img2img


class DoublerConfig(img2img.ModelConfig):
    """What the network depends on; a model file holds it."""

    width: int = Field(24, ge=4, le=128, description="channels of the first layer; each next level has more")


class DoublerTraining(DoublerConfig, img2img.TrainingConfig):
    """What only the training depends on."""

    crop: int = Field(96, ge=16, le=1024, description="side of a training clip, in pixels")
    speed: float = Field(8, gt=0, le=64, description="how far things move from frame to frame, at most, in pixels")
    batch_size: int = Field(4, ge=1, le=4096, description="clips in one step")
    ema: float = Field(0.98, ge=0, lt=1, description="decay of the averaged network")
    steps: int = Field(1000, ge=1, description="steps of the training")
    lr: float = Field(1e-3, gt=0, le=1, description="learning rate of Adam at the beginning")

    @property
    def total_steps(self):
        return self.steps


class Doubler(img2img.ModelFamily[DoublerConfig, DoublerTraining]):
    """Intermediate frames by estimated motion (after Huang et al. 2022, arXiv:2011.06294), in small."""

    name = "doubler"
    summary = "gives each frame of a clip, and one between it and the next"
    small: ClassVar = {"width": 4, "crop": 32, "steps": 20, "batch_size": 2}
    config_class, training_class = DoublerConfig, DoublerTraining

    def dataset(self, root, config, split):
        from img2img.datasets import hold_out, list_images

        from .data import Moving

        return Moving(hold_out(list_images(root), split), config.crop, config.speed)

    def build_generator(self, config):
        from .network import Between

        return Between(config.width)

    def trainer(self, config, engine):
        from .trainer import DoublerTrainer

        return DoublerTrainer(config, engine, self.build_generator(config))

    def translator(self, config, generator):
        # The network looks at a frame and the next one, and shows the frame and what is between.
        traits = img2img.Traits(window=(0, 1), frames_out=2, multiple_of=16, keeps_colour=True)
        return img2img.Translator(generator, traits)
