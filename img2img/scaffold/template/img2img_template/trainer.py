"""This module defines the training of the family `template`, which minimises the absolute error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import img2img
import torch
from img2img import Translate
from img2img.nn import metrics, schedules
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from .config import Training


class Trainer(img2img.Trainer):
    """With source x, target y and generator G, minimises |G(x) - y|.

    Change this: networks, optimisers and losses. `img2img.nn` has discriminators (`patchgan`), adversarial and
    perceptual losses; with a discriminator, a step has two updates, and both networks and optimisers are named.

    Args:
        config: Options of the training.
        engine: The core's engine, with the device, the precision and the step.
        generator: The network, with fresh weights.
    """

    goal = ("psnr", "max")

    def __init__(self, config: Training, engine: img2img.Engine, generator: nn.Module) -> None:
        self.engine = engine
        self.generator = engine.prepare(generator)
        self.optimizer = torch.optim.Adam(self.generator.parameters(), config.lr)
        engine.schedule(self.optimizer, schedules.cosine(config.steps))
        # A resumed training needs all networks and optimisers; any other state goes into `state_dict`.
        self.networks = {"generator": self.generator}
        self.optimizers = {"generator": self.optimizer}

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        with self.engine.autocast():
            result = self.generator(batch.source).float()
        loss = l1_loss(result, batch.target)
        self.engine.update(self.optimizer, loss)
        return {"l1": loss.detach()}

    def generators(self) -> Mapping[str, nn.Module]:
        return {"forward": self.generator}

    def validate(self, batches: Iterable[img2img.Batch], translate: Mapping[str, Translate]) -> Mapping[str, float]:
        """Return the mean PSNR of the results, in dB."""
        figures = [metrics.psnr(translate["forward"](batch.source), batch.target).item() for batch in batches]
        return {"psnr": sum(figures) / len(figures)} if figures else {}

    def previews(self, batch: img2img.Batch, translate: Mapping[str, Translate]) -> Mapping[str, Tensor]:
        return {"source": batch.source, "result": translate["forward"](batch.source), "truth": batch.target}
