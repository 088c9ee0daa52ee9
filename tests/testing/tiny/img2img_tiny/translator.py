"""Its use."""

from __future__ import annotations

import torch

import img2img


def parse(text):
    return torch.tensor([float(text)])


class TinyTranslator(img2img.Translator):
    traits = img2img.Traits(
        scale=2,
        multiple_of=2,
        tiling="exact",
        halo=5,
        conditions={"strength": img2img.Condition("how strongly, 0 to 1", parse)},
    )

    def __call__(self, images, **conditions):
        strength = conditions.get("strength", images.new_full((images.shape[0], 1), 0.5))
        return self.generator(images, strength)
