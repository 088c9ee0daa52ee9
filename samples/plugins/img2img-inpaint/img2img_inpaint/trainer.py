"""This module trains `inpaint`: the network learns to paint what was there."""

import numpy as np
import torch

import img2img


def unchanged(photo, rng):
    """Return a photo as it is, since the network itself hides what is marked."""
    return photo


def with_mask(photo, rng):
    """Mark one to four rectangles of a photo, (H, W, 3)."""
    mask = np.zeros_like(photo[..., :1])
    for _ in range(rng.integers(1, 5)):
        height, width = (max(1, round(side * rng.uniform(0.1, 0.4))) for side in photo.shape[:2])
        y, x = (rng.integers(room + 1) for room in (photo.shape[0] - height, photo.shape[1] - width))
        mask[y : y + height, x : x + width] = np.iinfo(mask.dtype).max
    return photo, {"mask": mask}


class InpaintTrainer(img2img.Trainer):
    """With photo x, mask m and generator G, minimises |G(x, m) - x|, as a mean over what is marked."""

    goal = ("l1", "min")

    def __init__(self, config, engine, generator):
        self.engine, self.generator = engine, engine.prepare(generator)
        self.networks = {"generator": self.generator}
        self.optimizers = {"generator": torch.optim.Adam(self.generator.parameters(), config.lr)}

    def step(self, batch):
        with self.engine.autocast():
            result = self.generator(batch.source, **batch.condition)
        loss = error(result.float(), batch)
        self.engine.update(self.optimizers["generator"], loss)
        return {"l1": loss.detach()}

    def generators(self):
        return {"forward": self.generator}

    def validate(self, batches, translate):
        errors = [error(translate["forward"](batch.source, **batch.condition), batch).item() for batch in batches]
        return {"l1": sum(errors) / len(errors)} if errors else {}

    def previews(self, batch, translate):
        result = translate["forward"](batch.source, **batch.condition)
        return {"photo": batch.source, "mask": batch.condition["mask"], "result": result}


def error(result, batch):
    """Return the mean distance from the photo over the marked pixels."""
    mask = batch.condition["mask"]
    return ((result - batch.target).abs().mean(1, keepdim=True) * mask).sum() / mask.sum().clamp(min=1)
