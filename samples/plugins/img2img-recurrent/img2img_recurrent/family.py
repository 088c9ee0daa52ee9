"""The family `recurrent`: its options, and what it is made of. Torch comes in only when something is built."""

from typing import ClassVar

from pydantic import Field

import img2img


class RecurrentConfig(img2img.ModelConfig):
    """What the network depends on; a model file holds it."""

    width: int = Field(16, ge=4, le=128, description="channels of each layer, and of what is remembered")
    depth: int = Field(4, ge=2, le=16, description="layers")


class RecurrentTraining(RecurrentConfig, img2img.TrainingConfig):
    """What only the training depends on."""

    noise: float = Field(0.1, gt=0, le=1, description="standard deviation of the noise, of pixels in [0, 1]")
    frames: int = Field(6, ge=2, le=64, description="frames of a training clip")
    crop: int = Field(48, ge=16, le=1024, description="side of a training clip, in pixels")
    speed: float = Field(
        1, ge=0, le=64, description="how far the picture moves from frame to frame, at most, in pixels"
    )
    batch_size: int = Field(4, ge=1, le=4096, description="clips in one step")
    ema: float = Field(0.98, ge=0, lt=1, description="decay of the averaged network")
    steps: int = Field(600, ge=1, description="steps of the training")
    lr: float = Field(2e-3, gt=0, le=1, description="learning rate of Adam at the beginning")

    @property
    def total_steps(self):
        return self.steps


class Recurrent(img2img.ModelFamily[RecurrentConfig, RecurrentTraining]):
    """A network whose last result and hidden layer go into the next frame (as in Sajjadi et al. 2018, without flow)."""

    name = "recurrent"
    summary = "takes noise from clips by what the frames before have shown"
    small: ClassVar = {"width": 4, "depth": 2, "crop": 32, "frames": 3, "steps": 20, "batch_size": 2}
    config_class, training_class = RecurrentConfig, RecurrentTraining

    def dataset(self, root, config, split):
        from img2img.datasets import hold_out, list_images

        from .data import Noisy

        return Noisy(hold_out(list_images(root), split), config)

    def build_generator(self, config):
        from .network import Cell

        return Cell(config.width, config.depth)

    def trainer(self, config, engine):
        from .trainer import RecurrentTrainer

        return RecurrentTrainer(config, engine, self.build_generator(config))

    def translator(self, config, generator):
        from .translator import RecurrentTranslator

        return RecurrentTranslator(generator, img2img.Traits(remembers=True, keeps_colour=True))
