"""The options of the family `stargan`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

import img2img

Label = Annotated[str, Field(min_length=1, max_length=255)]


class StarGANConfig(img2img.ModelConfig):
    """The options of the generator, and the names of its labels."""

    classes: tuple[Label, ...] = Field(
        (), max_length=1000, description="names of the classes; those of the data where empty"
    )
    width: int = Field(64, ge=4, le=256, description="channels of the generator's first layer")
    blocks: int = Field(6, ge=1, le=32, description="residual blocks of the generator")
    upsampling: Literal["resize", "transposed"] = Field(
        "resize", description="transposed is the paper's, and may leave a lattice"
    )
    residual: bool = Field(
        False,
        description="correct the image instead of drawing it anew: keeps the colours and brightness of flat areas",
    )

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        if len(self.classes) < 2:
            raise ValueError(f"option 'classes': give two or more, not {len(self.classes)}")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("option 'classes': a name stands twice")
        return self


class StarGANTraining(StarGANConfig, img2img.AdversarialConfig):
    """The options of a training; defaults are the authors' but for `upsampling` and the averaged weights (`ema`)."""

    resize: int = Field(143, ge=0, le=8192, description="shorter side that images are brought to; 0 leaves them")
    crop: int = Field(128, ge=16, le=2048, description="side of a training crop, in pixels")
    flip: bool = Field(True, description="mirror half of the crops")

    constant_steps: int = Field(100_000, ge=0, description="steps with a constant learning rate")
    decay_steps: int = Field(100_000, ge=0, description="further steps, in which it falls linearly to 0")
    lr: float = Field(1e-4, gt=0, le=1, description="learning rate of Adam")
    critic_steps: int = Field(
        5, ge=1, le=100, description="the discriminator learns in every step, the generator in every such-th"
    )

    objective: str = Field("wgan", description="the adversarial game; wgan has a gradient penalty")
    penalty_weight: float = Field(10.0, ge=0, description="weight of the gradient penalty of wgan")
    classification_weight: float = Field(1.0, ge=0)
    cycle_weight: float = Field(10.0, ge=0)
    discriminator_width: int = Field(64, ge=4, le=256, description="channels of the discriminator's first layer")
    discriminator_layers: int = Field(6, ge=1, le=8, description="layers of stride 2; each doubles the channels")

    @property
    def total_steps(self) -> int:
        """Return the number of steps of the training."""
        return self.constant_steps + self.decay_steps

    @model_validator(mode="after")
    def _check_crop(self) -> Self:
        multiple = max(4, 2**self.discriminator_layers)
        if self.crop % multiple:
            raise ValueError(
                f"crop={self.crop} must be a multiple of {multiple} with discriminator_layers="
                f"{self.discriminator_layers}; change one of them"
            )
        return self
