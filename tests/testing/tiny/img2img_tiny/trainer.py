"""The training: a generator against a judge, which is shown the last results as well."""

from __future__ import annotations

import torch
from torch import nn

import img2img


class TinyTrainer(img2img.Trainer):
    goal = ("error", "min")

    def __init__(self, engine, generator):
        self.engine = engine
        self.generator = engine.prepare(generator)
        self.judge = engine.prepare(nn.Conv2d(3, 1, 3))
        self.networks = {"generator": self.generator, "judge": self.judge}
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), 1e-2) for name, network in self.networks.items()
        }
        self.shown = None

    def step(self, batch):
        fake = self.generator(batch.source, batch.source.new_full((len(batch.source), 1), 0.5))
        loss = (fake - batch.target).abs().mean() - 0.01 * self.judge(fake).mean()
        self.engine.update(self.optimizers["generator"], loss)
        shown = fake.detach() if self.shown is None else self.shown
        judged = (self.judge(shown).square() + (self.judge(batch.target) - 1).square()).mean()
        self.engine.update(self.optimizers["judge"], judged)
        self.shown = fake.detach()
        return {"error": loss.detach(), "judge": judged.detach()}

    def generators(self):
        return {"forward": self.generator}

    def validate(self, batches, translate):
        errors = [float((translate["forward"](batch.source) - batch.target).abs().mean()) for batch in batches]
        return {"error": sum(errors) / len(errors)}

    def previews(self, batch, translate):
        return {"result": translate["forward"](batch.source), "target": batch.target}

    def examine(self, batch):
        fake = self.generator(batch.source, batch.source.new_full((len(batch.source), 1), 0.5))
        adversarial = -0.01 * self.judge(fake).mean()
        return {"forward": img2img.Verdict(self.judge(batch.target), self.judge(fake), adversarial, 0.5)}

    def state_dict(self):
        return {"shown": self.shown}

    def load_state_dict(self, state):
        self.shown = state["shown"]
