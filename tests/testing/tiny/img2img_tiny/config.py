"""Options."""

from __future__ import annotations

from pydantic import Field

import img2img


class TinyConfig(img2img.ModelConfig):
    width: int = Field(16, ge=4, le=64, description="channels")


class TinyTraining(TinyConfig, img2img.TrainingConfig):
    crop: int = Field(64, ge=16, le=512, multiple_of=4, description="side of a crop of the target, in pixels")
    steps: int = Field(1000, ge=1, description="steps of the training")

    @property
    def total_steps(self) -> int:
        return self.steps
