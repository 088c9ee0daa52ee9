"""This module trains `adain`: results get the statistics of the style and keep the structure of the photo."""

from dataclasses import replace

import torch
from torch.nn.functional import avg_pool2d, instance_norm, l1_loss, mse_loss

import img2img
from img2img.nn.perceptual import random_features
from img2img.nn.sizes import reflect

from .network import statistics

LEVELS = 3


class AdaINTrainer(img2img.Trainer):
    """With photo x, style s, generator G, pixels φ_0, and features φ_k at 2 / 2^k of the size, k = 1 … 3, minimises

    |φ_1(G(x, s)) - φ_1(x)|², normalised, + λ sum_k |μ(φ_k(G(x, s))) - μ(φ_k(s))| + |σ(φ_k(G(x, s))) - σ(φ_k(s))|.
    """

    goal = ("loss", "min")

    def __init__(self, config, engine, generator):
        self.engine, self.style_weight = engine, config.style_weight
        self.generator = engine.prepare(generator)
        self.phi = engine.prepare(random_features().requires_grad_(False))
        self.networks = {"generator": self.generator}
        self.optimizers = {"generator": torch.optim.Adam(self.generator.parameters(), config.lr)}

    def step(self, batch):
        with self.engine.autocast():
            result = self.generator(batch.source, batch.target)
        losses = self.losses(result.float(), batch.source, batch.target)
        self.engine.update(self.optimizers["generator"], losses["loss"])
        return {name: loss.detach() for name, loss in losses.items()}

    def generators(self):
        return {"forward": self.generator}

    def views(self, batch):
        """Return the batch with its target as the style."""
        return {"forward": replace(batch, condition={"style": batch.target})}

    def validate(self, batches, translate):
        rows = []
        for batch in batches:
            result = translate["forward"](batch.source, style=batch.target)
            unchanged = self.losses(batch.source, batch.source, batch.target)["style"]
            rows.append(self.losses(result, batch.source, batch.target) | {"identity": unchanged})
        return {name: sum(row[name].item() for row in rows) / len(rows) for name in rows[0]} if rows else {}

    def previews(self, batch, translate):
        result = translate["forward"](batch.source, style=batch.target)
        return {"photo": batch.source, "style": batch.target, "result": result}

    def losses(self, result, photo, style):
        found, wanted = self.features(result), self.features(style)
        pairs = zip(map(statistics, found), map(statistics, wanted), strict=True)
        far = sum(l1_loss(*each) for pair in pairs for each in zip(*pair, strict=True))
        kept = mse_loss(instance_norm(found[1]), instance_norm(self.features(photo)[1]))
        return {"style": far, "content": kept, "loss": self.style_weight * far + kept}

    def features(self, images):
        """Return (N, C, h, w) for each level; a tiny image is mirrored until the smallest has two pixels."""
        images = reflect(images, *(max(0, 2 ** (LEVELS + 1) - side) for side in (images.shape[3], images.shape[2])))
        return [images, *(self.phi(avg_pool2d(images, 2**level)) for level in range(LEVELS))]
