"""The training of pix2pix: the generator has an absolute error and a discriminator, which sees the source, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

import img2img
from img2img import Translate
from img2img.nn import metrics, schedules
from img2img.nn.adversary import Adversary
from img2img.nn.blocks import frozen
from img2img.nn.distribution import mean_distance

from .config import Pix2PixTraining
from .networks import build_discriminator, build_generator
from .spaces import psnr_ab, space_of


class Pix2PixTrainer(img2img.Trainer):
    """Trains with source x, target y, generator G and discriminator D, all in the space of the task.

    L_D = ½ (-log D(x, y) - log(1 - D(x, G(x))))     (Isola et al. 2017, equation 1; section 3.3 halves it)
    L_G = w_adv (-log D(x, G(x))) + w_L1 |G(x) - y|  (equation 4)
    or as `objective` says.

    The discriminator goes first, and then judges the generator with its new weights.

    Args:
        config: Weights, steps and networks.
        engine: Device, precision and step.
    """

    def __init__(self, config: Pix2PixTraining, engine: img2img.Engine) -> None:
        self.config = config
        self.engine = engine
        self.space = space_of(config.task)
        # PSNR prefers an average of the possible answers, which the adversary is there to prevent.
        self.goal = ("swd", "min") if config.adversarial_weight else ("psnr", "max")
        self.generator = engine.prepare(build_generator(config))
        parts = (self.space.channels_in, self.space.channels_out)
        self.adversary = Adversary(build_discriminator(config), config, engine, parts=parts)
        self.networks = {"generator": self.generator, "discriminator": self.adversary.network}
        self.optimizers = {
            "generator": self._adam(self.generator, config.lr),
            "discriminator": self._adam(self.adversary.network, config.discriminator_lr or config.lr),
        }

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        """Train the discriminator, then the generator, on one batch, and return the losses."""
        source, target = self.space.encode_source(batch.source), self.space.encode_target(batch.target)
        with self.engine.autocast():
            fake = self.generator(source).float()
        real_pair, fake_pair = torch.cat([source, target], 1), torch.cat([source, fake.detach()], 1)
        judged, penalties = self._judge(real_pair, fake_pair), self.adversary.penalties(real_pair, fake_pair)
        self.engine.update(self.optimizers["discriminator"], (judged + self.adversary.weighted(penalties)) / 2)
        with frozen(self.adversary.network):
            fake_logits = self.adversary(torch.cat([source, fake], 1))
            adversarial = self.adversary.generator_loss(fake_logits, lambda: self.adversary(real_pair))
        l1 = l1_loss(fake, target)
        total = self.config.adversarial_weight * adversarial + self.config.l1_weight * l1
        self.engine.update(self.optimizers["generator"], total)
        losses = {"l1": l1, "adversarial": adversarial, "discriminator": judged, **penalties}
        return {name: loss.detach() for name, loss in losses.items()}

    def generators(self) -> Mapping[str, nn.Module]:
        """Return the generator."""
        return {"forward": self.generator}

    def validate(self, batches: Iterable[img2img.Batch], translate: Mapping[str, Translate]) -> Mapping[str, float]:
        """Measure PSNR and SSIM, `swd` (the distance of textures from the truths'), and PSNR of the colours."""
        results, truths, rows = [], [], []
        for batch in batches:
            result = metrics.to_8_bit(translate["forward"](batch.source))
            results.append(result[0].cpu())
            truths.append(batch.target[0].cpu())
            rows.append(self._figures(result, batch.target))
        if not rows:
            return {}
        means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
        return means | {"swd": mean_distance(results, truths)}

    def previews(self, batch: img2img.Batch, translate: Mapping[str, Translate]) -> Mapping[str, Tensor]:
        """Return source, result and target."""
        source = batch.source.expand(-1, 3, -1, -1)
        return {"source": source, "result": translate["forward"](batch.source), "truth": batch.target}

    def examine(self, batch: img2img.Batch) -> Mapping[str, img2img.Verdict]:
        """Return how the generator and the discriminator stand to each other."""
        source, target = self.space.encode_source(batch.source), self.space.encode_target(batch.target)
        with self.engine.autocast():
            fake = self.generator(source).float()
        real_logits = self.adversary(torch.cat([source, target], 1))
        fake_logits = self.adversary(torch.cat([source, fake], 1))
        return {"forward": self.adversary.verdict(real_logits, fake_logits, self.config.adversarial_weight)}

    def _judge(self, real: Tensor, fake: Tensor) -> Tensor:
        if self.config.norm == "batch":  # its statistics are of real or of generated images, never of both
            real_logits, fake_logits = self.adversary(real), self.adversary(fake)
        else:
            real_logits, fake_logits = self.adversary(torch.cat([real, fake])).split(len(real))
        return self.adversary.loss(real_logits, fake_logits)

    def _figures(self, result: Tensor, truth: Tensor) -> dict[str, float]:
        figures = {"psnr": metrics.psnr(result, truth), "ssim": metrics.ssim(result, truth)}
        if self.config.task == "colorize":
            figures["psnr_ab"] = psnr_ab(result, truth)
        return {name: figure.mean().item() for name, figure in figures.items()}

    def _adam(self, network: nn.Module, lr: float) -> torch.optim.Optimizer:
        optimizer = torch.optim.Adam(network.parameters(), lr, betas=(0.5, 0.999))
        self.engine.schedule(optimizer, schedules.linear(self.config.constant_steps, self.config.decay_steps))
        return optimizer
