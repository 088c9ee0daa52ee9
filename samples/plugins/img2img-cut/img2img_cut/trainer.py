"""This module trains `cut`: a discriminator judges the look, and patches the content."""

import torch

import img2img
from img2img.nn.adversary import Adversary
from img2img.nn.blocks import frozen
from img2img.nn.distribution import mean_distance
from img2img.nn.patchgan import PatchGAN
from img2img.nn.schedules import linear
from img2img.nn.signed import to_signed

from .patches import Patches, choose, contrast, look


class CUTTrainer(img2img.Trainer):
    """With source x, target y, generator G and discriminator D:

    L_D = ½ loss(D(y), D(G(x))) and L_G = adv(D(G(x))) + λ ½ (PatchNCE(x, G(x)) + PatchNCE(y, G(y)))  (equation 5).
    """

    goal = ("swd", "min")

    def __init__(self, config, engine, generator):
        self.config, self.engine = config, engine
        self.patches = engine.prepare(Patches(generator, config.blocks))
        self.generator = engine.prepare(generator)
        self.adversary = Adversary(PatchGAN(width=config.discriminator_width), config, engine)
        self.networks = {
            "generator": self.generator, "patches": self.patches, "discriminator": self.adversary.network
        }  # fmt: skip
        own = [*self.generator.parameters(), *self.patches.parameters()]
        self.optimizers = {
            "generator": self.adam(own, config.lr),
            "discriminator": self.adam(self.adversary.network.parameters(), config.discriminator_lr or config.lr),
        }

    def step(self, batch):
        x, y = to_signed(batch.source), to_signed(batch.target)
        inputs = torch.cat([x, y]) if self.config.identity else x
        with self.engine.autocast():
            results = self.generator(inputs).float()
        fake = results[: len(x)]
        real_logits, fake_logits = self.adversary(torch.cat([y, fake.detach()])).split(len(y))
        judged, penalties = self.adversary.loss(real_logits, fake_logits), self.adversary.penalties(y, fake.detach())
        self.engine.update(self.optimizers["discriminator"], (judged + self.adversary.weighted(penalties)) / 2)
        with frozen(self.adversary.network):
            adversarial = self.adversary.generator_loss(self.adversary(fake), lambda: self.adversary(y))
        nce = self.nce(inputs, results)
        self.engine.update(self.optimizers["generator"], adversarial + self.config.nce_weight * nce)
        losses = {"adversarial": adversarial, "nce": nce, "discriminator": judged, **penalties}
        return {name: loss.detach() for name, loss in losses.items()}

    def generators(self):
        return {"forward": self.generator}

    def validate(self, batches, translate):
        """Return how far the patches of results are from those of targets."""
        results, targets = [], []
        for batch in batches:
            results.append(translate["forward"](batch.source)[0].cpu())
            targets.append(batch.target[0].cpu())
        return {"swd": mean_distance(results, targets)} if results else {}

    def previews(self, batch, translate):
        return {"source": batch.source, "result": translate["forward"](batch.source)}

    def examine(self, batch):
        with self.engine.autocast():
            fake = self.generator(to_signed(batch.source)).float()
        return {"forward": self.adversary.verdict(self.adversary(to_signed(batch.target)), self.adversary(fake))}

    def nce(self, inputs: torch.Tensor, results: torch.Tensor) -> torch.Tensor:
        """Compare the patches of results with those of what they were made of; half and half where y is among these."""
        with self.engine.autocast():
            seen = look(self.generator, self.patches.layers, inputs)
            places = choose(seen, self.config.patches)
            keys = self.patches(seen, places)
            queries = self.patches(look(self.generator, self.patches.layers, results), places)
        return contrast(queries, keys, self.config.temperature)

    def adam(self, weights, lr):
        optimizer = torch.optim.Adam(weights, lr, betas=(0.5, 0.999))
        self.engine.schedule(optimizer, linear(self.config.constant_steps, self.config.decay_steps))
        return optimizer
