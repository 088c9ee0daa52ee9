"""The training of `doubler`: the frame between shall be the one that was there."""

import torch
from torch.nn.functional import avg_pool2d, l1_loss

import img2img
from img2img.nn.metrics import psnr
from img2img.nn.schedules import cosine


class DoublerTrainer(img2img.Trainer):
    """Minimises |B - b| at full, half, and quarter size, for the frame b between two frames and the network's B."""

    goal = ("psnr", "max")

    def __init__(self, config, engine, generator):
        self.engine, self.generator = engine, engine.prepare(generator)
        self.optimizer = torch.optim.Adam(self.generator.parameters(), config.lr)
        engine.schedule(self.optimizer, cosine(config.steps, warmup=min(20, config.steps // 10)))
        self.networks, self.optimizers = {"generator": self.generator}, {"generator": self.optimizer}

    def step(self, batch):
        with self.engine.autocast():
            found = self.generator(batch.source)[:, 1]
        wanted = batch.target[:, 1]
        loss = sum(l1_loss(avg_pool2d(found, size), avg_pool2d(wanted, size)) for size in (1, 2, 4))
        self.engine.update(self.optimizer, loss)
        return {"l1": loss.detach()}

    def generators(self):
        return {"forward": self.generator}

    def views(self, batch):
        """Return the single images: cards show those, each of which comes out as it is."""
        return {"forward": img2img.Batch(batch.source[:, 0], batch.target[:, 0], names=batch.names)}

    def validate(self, batches, translate):
        """Return the PSNR of the frames between, and that of repeated frames and of means in their place."""
        rows = []
        for batch in batches:
            first, last = batch.source.unbind(1)
            guesses = {"psnr": translate["forward"](batch.source)[:, 1], "repeated": first, "mean": (first + last) / 2}
            rows.append({name: psnr(guess.clamp(0, 1), batch.target[:, 1]).item() for name, guess in guesses.items()})
        return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} if rows else {}

    def previews(self, batch, translate):
        between = translate["forward"](batch.source)[:, 1]
        return {
            "first": batch.source[:, 0],
            "between": between,
            "truth": batch.target[:, 1],
            "last": batch.source[:, 1],
        }
