"""The training of `recurrent`, through the frames of short clips."""

import torch
from torch.nn.functional import l1_loss

import img2img
from img2img.nn.metrics import psnr
from img2img.nn.schedules import cosine


class RecurrentTrainer(img2img.Trainer):
    """Minimises the mean of |R_t - x_t| over the frames t of a clip, for results R_t and frames x_t without noise."""

    goal = ("psnr", "max")

    def __init__(self, config, engine, generator):
        self.engine, self.generator = engine, engine.prepare(generator)
        self.optimizer = torch.optim.Adam(self.generator.parameters(), config.lr)
        engine.schedule(self.optimizer, cosine(config.steps, warmup=min(20, config.steps // 10)))
        self.networks, self.optimizers = {"generator": self.generator}, {"generator": self.optimizer}

    def step(self, batch):
        results, kept = [], None
        with self.engine.autocast():
            for frame in batch.source.unbind(1):
                result, kept = self.generator(frame, kept)
                results.append(result.float())
        loss = l1_loss(torch.stack(results, 1), batch.target)
        self.engine.update(self.optimizer, loss)
        return {"l1": loss.detach()}

    def generators(self):
        return {"forward": self.generator}

    def views(self, batch):
        """Return the first frames, which are translated as single images."""
        return {"forward": img2img.Batch(batch.source[:, 0], batch.target[:, 0], names=batch.names)}

    def validate(self, batches, translate):
        """Return the PSNR of the last frames, of the first ones (which have none before them), and of the noise."""
        rows = []
        for batch in batches:
            results = translate["forward"](batch.source).clamp(0, 1)
            found = {"psnr": results[:, -1], "psnr_first": results[:, 0], "psnr_noisy": batch.source[:, -1]}
            truths = {"psnr_first": batch.target[:, 0]}
            rows.append(
                {name: psnr(each, truths.get(name, batch.target[:, -1])).item() for name, each in found.items()}
            )
        return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} if rows else {}

    def previews(self, batch, translate):
        results = translate["forward"](batch.source)
        return {
            "noisy": batch.source[:, -1],
            "first": results[:, 0],
            "last": results[:, -1],
            "truth": batch.target[:, -1],
        }
