"""The options of the family `pix2pix`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

import img2img
from img2img.nn.games import Game


class Pix2PixConfig(img2img.ModelConfig):
    """The options of the generator, and of the way images are presented to it."""

    task: Literal["pairs", "colorize", "edges", "inpaint"] = Field(
        "pairs", description="pairs are read from the data; the others make the source of any photo"
    )
    generator: Literal["unet", "resnet"] = Field("unet", description="resnet: that of CycleGAN")
    width: int = Field(64, ge=4, le=256, description="channels of the generator's first layer")
    depth: int = Field(8, ge=2, le=10, description="halvings of the unet: 8 for crops of 256 pixels, 7 for 128")
    blocks: int = Field(9, ge=1, le=32, description="residual blocks of the resnet")
    upsampling: Literal["resize", "transposed", "blur"] = Field(
        "resize", description="of the resnet; transposed may leave a lattice; blur: enlarged bilinearly"
    )
    norm: Literal["instance", "batch", "none"] = Field("instance", description="of all networks; batch is the paper's")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="in inner layers of a unet of depth 6 or more; 0.5 in the paper"
    )
    test_statistics: Literal["running", "image"] = Field(
        "running", description="what BatchNorm divides by at use: averages of training, or the image's own (the paper)"
    )
    test_dropout: bool = Field(False, description="whether dropout goes on at use, with one mask for all (the paper)")
    channel_order: Literal["rgb", "bgr"] = Field(
        "rgb", description="in which the generator sees colours; bgr is of foreign checkpoints"
    )

    @property
    def multiple_of(self) -> int:
        """Return the number of which the height and width of the generator's input are multiples."""
        return 2**self.depth if self.generator == "unet" else 4

    @model_validator(mode="after")
    def _check_generator(self) -> Self:
        if self.generator == "resnet" and (self.dropout or self.test_statistics == "image"):
            raise ValueError("generator=resnet has neither dropout nor test_statistics=image; leave them out")
        if self.task == "colorize" and self.channel_order == "bgr":
            raise ValueError("task=colorize sees L*, a* and b*, which channel_order=bgr is not; leave it out")
        return self


class Pix2PixTraining(Pix2PixConfig, img2img.AdversarialConfig):
    """The options of a training; defaults are the authors' but for norm, dropout and the averaged weights (`ema`)."""

    batch_size: int = Field(1, ge=1, le=4096, description="images in one forward pass of training")
    source: str = Field("", description="folder of the sources of task=pairs; found by its name where empty")
    target: str = Field("", description="folder of the targets of task=pairs; found by its name where empty")
    reverse: bool = Field(False, description="exchange source and target of task=pairs")
    resize: int = Field(286, ge=0, le=8192, description="shorter side that images are brought to; 0 leaves them")
    crop: int = Field(256, ge=16, le=2048, description="side of a training crop, in pixels")
    flip: bool = Field(True, description="mirror half of the crops")

    constant_steps: int = Field(100_000, ge=0, description="steps with a constant learning rate")
    decay_steps: int = Field(100_000, ge=0, description="further steps, in which it falls linearly to 0")
    lr: float = Field(2e-4, gt=0, le=1, description="learning rate of Adam")

    adversarial_weight: float = Field(1.0, ge=0)
    l1_weight: float = Field(100.0, ge=0, description="weight of the absolute error")
    discriminator: Literal["patch", "pixel"] = Field("patch", description="what the discriminator judges")
    discriminator_width: int = Field(64, ge=4, le=512, description="channels of the discriminator's first layer")
    discriminator_layers: int = Field(3, ge=1, le=6, description="layers of stride 2; 3 see patches of 70 pixels")

    @classmethod
    def refusal(cls, game: Game) -> str:
        """Refuse games that need a gradient penalty, for whose weight there is no option."""
        return "pix2pix has no option for the weight of a gradient penalty" if game.penalty else ""

    @property
    def total_steps(self) -> int:
        """Return the number of steps of the training."""
        return self.constant_steps + self.decay_steps

    @model_validator(mode="after")
    def _check_crop(self) -> Self:
        if self.channel_order == "bgr":
            raise ValueError("channel_order=bgr is for the use of foreign checkpoints; leave it out")
        if self.crop % self.multiple_of:
            remedy = ", or lower depth" if self.generator == "unet" else ""
            raise ValueError(f"crop={self.crop} must be a multiple of {self.multiple_of}{remedy}")
        if self.discriminator == "patch" and self.crop < 4 * 2**self.discriminator_layers:
            raise ValueError(
                f"crop={self.crop} is too small for discriminator_layers={self.discriminator_layers}: "
                f"give at least {4 * 2**self.discriminator_layers}, or fewer layers"
            )
        return self
