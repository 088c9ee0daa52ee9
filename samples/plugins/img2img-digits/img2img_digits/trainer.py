"""This module trains `digits`: the discriminator sees pictures and their labels."""

import torch
from torch import nn
from torch.nn.functional import one_hot

import img2img
from img2img.nn.adversary import Adversary
from img2img.nn.blocks import frozen
from img2img.nn.distribution import mean_distance
from img2img.nn.signed import to_signed


def discriminator(channels, width, halvings):
    """Return the network that halves pictures down to 4 × 4 pixels, and judges them as a whole."""
    layers = []
    for level in range(halvings):
        out = width * 2 ** min(level, 3)
        layers += [nn.Conv2d(channels, out, 4, 2, 1), nn.LeakyReLU(0.2)]
        channels = out
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * 16, 1))


class DigitsTrainer(img2img.Trainer):
    """With noise z, label c and picture y: L_D = loss(D(y, c), D(G(z, c), c)) and L_G = loss(D(G(z, c), c))."""

    goal = ("swd", "min")

    def __init__(self, config, engine, generator):
        self.engine, self.classes = engine, len(config.classes)
        self.generator = engine.prepare(generator)
        judge = discriminator(3 + self.classes, config.width, config.doublings)
        self.adversary = Adversary(judge, config, engine, parts=(3, *[1] * self.classes))
        self.networks = {"generator": self.generator, "discriminator": self.adversary.network}
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), lr, betas=(0.0, 0.99))
            for (name, network), lr in zip(
                self.networks.items(), (config.lr, config.discriminator_lr or config.lr), strict=True
            )
        }

    def step(self, batch):
        label = batch.condition["label"]
        fake = self.generate(batch)
        real_pair, fake_pair = (self.labelled(each, label) for each in (to_signed(batch.target), fake.detach()))
        judged = self.adversary.loss(self.adversary(real_pair), self.adversary(fake_pair))
        penalties = self.adversary.penalties(real_pair, fake_pair)
        self.engine.update(self.optimizers["discriminator"], judged + self.adversary.weighted(penalties))
        with frozen(self.adversary.network):
            logits = self.adversary(self.labelled(fake, label))
            adversarial = self.adversary.generator_loss(logits, lambda: self.adversary(real_pair))
        self.engine.update(self.optimizers["generator"], adversarial)
        return {"adversarial": adversarial.detach(), "discriminator": judged.detach()}

    def generators(self):
        return {"forward": self.generator}

    def validate(self, batches, translate):
        results, pictures = [], []
        for batch in batches:
            results.append(translate["forward"](batch.source, **batch.condition)[0].cpu())
            pictures.append(batch.target[0].cpu())
        return {"swd": mean_distance(results, pictures)} if results else {}

    def previews(self, batch, translate):
        return {"result": translate["forward"](batch.source, **batch.condition), "picture": batch.target}

    def examine(self, batch):
        label = batch.condition["label"]
        pairs = (self.labelled(images, label) for images in (to_signed(batch.target), self.generate(batch)))
        return {"forward": self.adversary.verdict(*map(self.adversary, pairs))}

    def generate(self, batch):
        with self.engine.autocast():
            return self.generator(batch.source, batch.condition["label"]).float()

    def labelled(self, pictures, label):
        """Add a plane for each class, which is 1 for that of the picture and else 0."""
        planes = one_hot(label, self.classes).to(pictures)[..., None, None]
        return torch.cat([pictures, planes.expand(-1, -1, *pictures.shape[2:])], 1)
