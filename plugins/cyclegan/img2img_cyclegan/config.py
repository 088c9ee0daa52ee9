"""The options of the family `cyclegan`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

import img2img


class CycleGANConfig(img2img.ModelConfig):
    """The options of the generators, which are the same for both directions."""

    width: int = Field(64, ge=4, le=256, description="channels of the generator's first layer")
    blocks: int = Field(9, ge=1, le=32, description="residual blocks; the paper takes 6 for 128 pixels, 9 from 256 on")
    halvings: int = Field(2, ge=1, le=6, description="of the size before the residual blocks; 4 in pix2pixHD")
    downsampling: Literal["strided", "blur"] = Field(
        "strided", description="blur: anti-aliased as in CUT, steadier from frame to frame"
    )
    upsampling: Literal["resize", "transposed", "blur"] = Field(
        "resize", description="transposed is the paper's, and may leave a lattice; blur: enlarged bilinearly"
    )
    residual: bool = Field(
        False,
        description="correct the image instead of drawing it anew: keeps the colours and brightness of flat areas",
    )
    norm: Literal["instance", "batch"] = Field("instance", description="of the generator")
    test_statistics: Literal["running", "image"] = Field(
        "running", description="what BatchNorm divides by at use: averages of training, or the image's own"
    )
    padding: Literal["reflect", "replicate", "zero"] = Field("reflect", description="borders in the residual blocks")
    channels_in: Literal[1, 3] = Field(3, description="of the source; 1 is grey")
    channels_out: Literal[1, 3] = Field(3, description="of the target")
    channel_order: Literal["rgb", "bgr"] = Field(
        "rgb", description="in which the generator sees colours; bgr is of foreign checkpoints"
    )

    @model_validator(mode="after")
    def _check_channels(self) -> Self:
        if self.residual and self.channels_in != self.channels_out:
            raise ValueError("residual=true needs a source and a target of equally many channels; leave it out")
        return self


class CycleGANTraining(CycleGANConfig, img2img.AdversarialConfig):
    """The options of a training; defaults are the authors' but for `upsampling` and the averaged weights (`ema`)."""

    batch_size: int = Field(1, ge=1, le=4096, description="images of each domain in one forward pass of training")
    source: str = Field("", description="folder of the source domain in the data; found by its name where empty")
    target: str = Field("", description="folder of the target domain in the data; found by its name where empty")
    resize: int = Field(286, ge=0, le=8192, description="shorter side that images are brought to; 0 leaves them")
    crop: int = Field(256, ge=16, le=2048, multiple_of=4, description="side of a training crop, in pixels")
    flip: bool = Field(True, description="mirror half of the crops")

    constant_steps: int = Field(100_000, ge=0, description="steps with a constant learning rate")
    decay_steps: int = Field(100_000, ge=0, description="further steps, in which it falls linearly to 0")
    lr: float = Field(2e-4, gt=0, le=1, description="learning rate of Adam")

    objective: str = Field("lsgan", description="the adversarial game; wgan has a gradient penalty")
    penalty_weight: float = Field(10.0, ge=0, description="weight of the gradient penalty of wgan")
    adversarial_weight: float = Field(1.0, ge=0)
    cycle_weight: float = Field(10.0, ge=0)
    identity_weight: float = Field(
        0.5, ge=0, description="of an image that is of the wanted domain already, in units of cycle_weight"
    )
    pool: int = Field(50, ge=0, le=1000, description="past results that the discriminators are shown again")
    discriminator: Literal["patch", "pixel"] = Field("patch", description="what the discriminators judge")
    discriminator_width: int = Field(64, ge=4, le=512, description="channels of the discriminators' first layer")
    discriminator_layers: int = Field(3, ge=1, le=6, description="layers of stride 2; 3 see patches of 70 pixels")

    @property
    def total_steps(self) -> int:
        """Return the number of steps of the training."""
        return self.constant_steps + self.decay_steps

    @model_validator(mode="after")
    def _check_crop(self) -> Self:
        if (self.channels_in, self.channels_out) != (3, 3):
            raise ValueError(
                "images of 1 channel are for the use of foreign checkpoints; leave channels_in and _out out"
            )
        if self.halvings != 2:
            raise ValueError("other halvings than 2 are for the use of foreign checkpoints; leave them out")
        if self.channel_order == "bgr":
            raise ValueError("channel_order=bgr is for the use of foreign checkpoints; leave it out")
        if self.discriminator == "patch" and self.crop < 4 * 2**self.discriminator_layers:
            raise ValueError(
                f"crop={self.crop} is too small for discriminator_layers={self.discriminator_layers}: "
                f"give at least {4 * 2**self.discriminator_layers}, or fewer layers"
            )
        return self
