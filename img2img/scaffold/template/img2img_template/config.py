"""This module declares the options of the family `template`, which users give as `-o key=value`."""

from __future__ import annotations

import img2img
from pydantic import Field


class Config(img2img.ModelConfig):
    """The options of the network. A model file holds them, so give each a range that bounds the network's size."""

    # Change this: every option of your network.
    width: int = Field(24, ge=4, le=256, description="channels of each layer")
    depth: int = Field(6, ge=2, le=32, description="layers; each lets a pixel see one pixel farther")


class Training(Config, img2img.TrainingConfig):
    """The options of the training alone."""

    # Change this: every option of your training. The defaults show a result within minutes, also without a GPU.
    batch_size: int = Field(8, ge=1, le=4096, description="images in one forward pass of training")
    ema: float = Field(0.99, ge=0, lt=1, description="decay of the averaged generator: nearer to 1 for more steps")
    resize: int = Field(0, ge=0, le=8192, description="shorter side that images are brought to; 0 leaves them")
    crop: int = Field(48, ge=16, le=2048, description="side of a training crop, in pixels")
    steps: int = Field(600, ge=1, description="steps of the training")
    lr: float = Field(2e-3, gt=0, le=1, description="learning rate of Adam at the beginning")

    @property
    def total_steps(self) -> int:
        """The number of steps of the whole training."""
        return self.steps
