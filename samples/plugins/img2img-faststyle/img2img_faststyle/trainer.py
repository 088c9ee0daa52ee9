"""The training of `faststyle`: results with the statistics of the style and the structure of the photo."""

import torch
from torch.nn.functional import avg_pool2d, conv2d, instance_norm, mse_loss, pad

import img2img
from img2img.datasets import ImageCache, to_tensor
from img2img.nn.perceptual import random_features
from img2img.nn.schedules import cosine
from img2img.nn.signed import from_signed, to_signed
from img2img.nn.sizes import reflect

LEVELS = 4
COLOURS = [[0.30, 0.59, 0.11], [1.50, -1.26, -0.24], [-0.51, -0.99, 1.50]]
"""Luma, and red and blue three times as strong as usual: random features would hardly see colour else."""


class StyleTrainer(img2img.Trainer):
    """With photo x, style s, network T, and features φ_0 … φ_3 of images at 1, 1/2, 1/4, 1/8 of their size, minimises

    mean_k ‖G(φ_k(T(x))) - G(φ_k(s))‖ / ‖G(φ_k(s))‖ + λ |φ_0(T(x)) - φ_0(x)|²  (Johnson et al. 2016, equations 2 and 4)

    where G is the Gram matrix, and features are normalised: in G by the style's mean and deviation, else by their own.
    """

    goal = ("loss", "min")

    def __init__(self, config, engine, generator):
        self.engine, self.content_weight = engine, config.content_weight
        self.generator = engine.prepare(generator)
        self.phi = engine.prepare(random_features().requires_grad_(False))
        self.optimizer = torch.optim.Adam(self.generator.parameters(), config.lr)
        engine.schedule(self.optimizer, cosine(config.steps, warmup=min(20, config.steps // 10)))
        self.networks, self.optimizers = {"generator": self.generator}, {"generator": self.optimizer}
        style = self.features(to_tensor(ImageCache().read(config.style))[None].to(engine.device))
        self.scales = [torch.std_mean(level, (0, 2, 3), correction=0, keepdim=True) for level in style]
        self.goals = self.grams(style)

    def step(self, batch):
        with self.engine.autocast():
            result = self.generator(to_signed(batch.source))
        losses = self.losses(from_signed(result), batch.source)
        self.engine.update(self.optimizer, losses["loss"])
        return {name: loss.detach() for name, loss in losses.items()}

    def generators(self):
        return {"forward": self.generator}

    def validate(self, batches, translate):
        """Return the losses, and as `identity` how far the photos themselves are from the style."""
        rows = []
        for batch in batches:
            row = self.losses(translate["forward"](batch.source), batch.source)
            rows.append(row | {"identity": self.losses(batch.source, batch.source)["style"]})
        return {name: sum(row[name].item() for row in rows) / len(rows) for name in rows[0]} if rows else {}

    def previews(self, batch, translate):
        return {"source": batch.source, "result": translate["forward"](batch.source)}

    def losses(self, result: torch.Tensor, photo: torch.Tensor) -> dict[str, torch.Tensor]:
        found, wanted = self.features(result), self.features(photo)
        pairs = zip(self.grams(found), self.goals, strict=True)
        style = sum((gram - goal).norm(dim=(1, 2)).mean() / goal.norm() for gram, goal in pairs) / LEVELS
        content = mse_loss(instance_norm(found[0]), instance_norm(wanted[0]))
        return {"style": style, "content": content, "loss": style + self.content_weight * content}

    def features(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return (N, 64, h, w) for each level; a tiny image is mirrored until the smallest has two pixels."""
        images = reflect(images, *(max(0, 2**LEVELS - side) for side in (images.shape[3], images.shape[2])))
        images = conv2d(images, images.new_tensor(COLOURS)[..., None, None])
        return [self.phi(avg_pool2d(images, 2**level)) for level in range(LEVELS)]

    def grams(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return (N, 65, 65) for each level: mean products of normalised features with each other and with 1."""
        normal = [(level - mean) / (std + 1e-3) for level, (std, mean) in zip(features, self.scales, strict=True)]
        rows = [pad(level.flatten(2), (0, 0, 0, 1), value=1.0) for level in normal]
        return [row @ row.mT / row.shape[2] for row in rows]
