"""The options of the family `srgan`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

import img2img
from img2img.nn.games import Game


class SRGANConfig(img2img.ModelConfig):
    """The options of the generator."""

    scale: Literal[1, 2, 3, 4, 8, 16] = Field(4, description="size of the output over that of the input")
    generator: Literal["msrresnet", "srresnet", "rrdb", "compact", "fast"] = Field(
        "msrresnet",
        description="msrresnet: no normalisation, added to the bilinear image; srresnet: as published; "
        "rrdb: of ESRGAN; compact: of Real-ESRGAN, small; fast: of Fast-SRGAN, InstanceNorm, hence no tiles",
    )
    width: int = Field(64, ge=4, le=512, description="channels of the generator")
    depth: int = Field(16, ge=1, le=128, description="residual blocks of the generator; 23 in ESRGAN")
    growth: int = Field(32, ge=4, le=128, description="channels that each convolution of an rrdb adds")
    upsampling: Literal["pixel_shuffle", "resize"] = Field(
        "pixel_shuffle",
        description="of msrresnet and srresnet; resize: nearest neighbour and a convolution; leaves no lattice",
    )
    output: Literal["linear", "tanh"] = Field("linear", description="of srresnet; tanh holds it in [0, 1]")
    tail: Literal["norm", "prelu"] = Field(
        "norm", description="what follows the last convolution before the enlargement of srresnet; prelu: of 2018"
    )
    fold: bool = Field(
        True, description="whether an rrdb of ×1 or ×2 folds pixels into channels first; false: ESRGAN of 2018"
    )
    channels: Literal[1, 3, 4] = Field(
        3, description="of msrresnet, rrdb and compact; 1: grey, 4: with alpha; these are of foreign checkpoints"
    )

    @model_validator(mode="after")
    def _check_scale(self) -> Self:
        scales = {"rrdb": (1, 2, 4, 8, 16), "compact": (1, 2, 3, 4, 8, 16)}.get(self.generator, (2, 3, 4, 8, 16))
        if self.scale not in scales:
            raise ValueError(f"scale={self.scale} is none of generator={self.generator}; give one of {scales}")
        if self.channels != 3 and self.generator in ("srresnet", "fast"):
            raise ValueError(f"generator={self.generator} takes RGB; leave channels out")
        return self


class SRGANTraining(SRGANConfig, img2img.AdversarialConfig):
    """The options of a training, by default today's usual ones; `samples/configs/srgan-paper.toml` has the paper's."""

    crop: int = Field(96, ge=16, le=1024, description="side of a training crop of the target, in pixels")
    pretrain_steps: int = Field(100_000, ge=0, description="steps of stage `pretrain`: pixel loss alone")
    gan_steps: int = Field(50_000, ge=0, description="steps of stage `gan`: pixel, perceptual and adversarial loss")
    pretrain_lr: float = Field(2e-4, gt=0, le=1, description="learning rate of Adam, falling along a cosine")
    gan_lr: float = Field(1e-4, gt=0, le=1, description="learning rate of Adam, halved at 1/2 and at 3/4 of the stage")

    pixel_loss: Literal["l1", "l2"] = Field("l1", description="l2 is the paper's mean squared error")
    pixel_weight: float = Field(1e-2, ge=0, description="weight of the pixel loss in stage `gan`")
    perceptual: Literal["vgg19", "random", "none"] = Field("vgg19", description="the perceptual loss's features")
    perceptual_weight: float = Field(1.0, ge=0)
    vgg_layer: str = Field("conv5_4", description="convB_I is before the ReLU, reluB_I (the paper's) after it")
    vgg_weights: str = Field("", description="path of torchvision's VGG19 weights, .pth or .safetensors")
    vgg_sha256: str = Field("", description="SHA-256 that this file must have")
    objective: str = Field("vanilla", description="the adversarial game; relativistic: ESRGAN's")
    adversarial_weight: float = Field(5e-3, ge=0)
    discriminator_width: int = Field(64, ge=4, le=512, description="channels of the discriminator's first layer")

    @classmethod
    def refusal(cls, game: Game) -> str:
        """Refuse games that need a gradient penalty, which BatchNorm in the discriminator rules out."""
        return (
            "the discriminator's BatchNorm mixes the images of a batch, and a gradient penalty needs that of each"
            if game.penalty
            else ""
        )

    @property
    def total_steps(self) -> int:
        """Return the number of steps of both stages."""
        return self.pretrain_steps + self.gan_steps

    @model_validator(mode="after")
    def _check_crop(self) -> Self:
        if self.scale == 1:
            raise ValueError("scale=1 leaves nothing to learn; give a larger one")
        if self.scale > 4:
            raise ValueError(f"scale={self.scale} is for the use of foreign checkpoints; give 2, 3 or 4")
        if self.channels != 3:
            raise ValueError("images of 1 or 4 channels are for the use of foreign checkpoints; leave channels out")
        if self.generator == "rrdb" and self.crop % 4:
            raise ValueError(f"crop={self.crop} must be a multiple of 4 for generator=rrdb")
        if self.crop % self.scale:
            raise ValueError(f"crop={self.crop} must be a multiple of scale={self.scale}")
        if self.gan_steps and self.crop == 16 and self.batch_size == 1:
            raise ValueError("crop=16 with batch_size=1 leaves BatchNorm a single value; make one of them larger")
        return self
