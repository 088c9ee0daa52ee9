"""The training of SRGAN: a stage with a pixel loss, then a stage against a discriminator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, l1_loss, mse_loss

import img2img
from img2img import Translate
from img2img.nn import metrics, schedules
from img2img.nn.adversary import Adversary
from img2img.nn.blocks import frozen
from img2img.nn.perceptual import VGG19, PerceptualLoss, random_features
from img2img.nn.signed import to_signed

from .config import SRGANTraining
from .discriminator import Discriminator
from .generators import build_generator


class SRGANTrainer(img2img.Trainer):
    """Trains in two stages, with G the generator, D the discriminator, φ the features, x the source and y the target.

    `pretrain`: L = |G(x) - y|.
    `gan`: L_G = w_pix |G(x) - y| + w_perc |φ(G(x)) - φ(y)| - w_adv log D(G(x)); L_D = -log D(y) - log(1 - D(G(x))),
    or as `objective` says.
    With `pixel_loss=l2` each |…| is the mean squared difference.

    Args:
        config: The options, with `pretrain_steps` of the first stage and `gan_steps` of the second.
        engine: Device, precision and step.
    """

    goal = ("psnr_y", "max")

    def __init__(self, config: SRGANTraining, engine: img2img.Engine) -> None:
        self.config = config
        self.engine = engine
        self.pixel_loss = l1_loss if config.pixel_loss == "l1" else mse_loss
        self.generator = engine.prepare(build_generator(config))
        self.networks: dict[str, nn.Module] = {"generator": self.generator}
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "generator": torch.optim.Adam(self.generator.parameters(), config.pretrain_lr, betas=(0.9, 0.99))
        }
        engine.schedule(self.optimizers["generator"], self._generator_lr)
        if config.gan_steps:
            self._prepare_gan()
        if config.gan_steps and config.pretrain_steps:
            self.milestones = {config.pretrain_steps: "pretrain"}

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        """Train on one batch, in the stage of the step, and return the losses."""
        if self.engine.step < self.config.pretrain_steps:
            return self._pretrain_step(batch)
        return self._gan_step(batch)

    def generators(self) -> Mapping[str, nn.Module]:
        """Return the generator."""
        return {"forward": self.generator}

    def validate(self, batches: Iterable[img2img.Batch], translate: Mapping[str, Translate]) -> Mapping[str, float]:
        """Measure PSNR and SSIM of the luma as papers do, and the results' sharpness over the truth's."""
        rows = [self._figures(batch, translate["forward"]) for batch in batches]
        return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} if rows else {}

    def previews(self, batch: img2img.Batch, translate: Mapping[str, Translate]) -> Mapping[str, Tensor]:
        """Return source, result and target."""
        bicubic = interpolate(batch.source, scale_factor=self.config.scale, mode="bicubic", antialias=True)
        return {"bicubic": bicubic, "result": translate["forward"](batch.source), "truth": batch.target}

    def examine(self, batch: img2img.Batch) -> Mapping[str, img2img.Verdict]:
        """Return how the generator and the discriminator stand to each other."""
        if self.engine.step <= self.config.pretrain_steps:  # no step of stage `gan` has been done
            return {}
        with self.engine.autocast():
            fake = self.generator(batch.source)
        fake_logits, real_logits = self.adversary(to_signed(fake)), self.adversary(to_signed(batch.target))
        return {"forward": self.adversary.verdict(real_logits, fake_logits, self.config.adversarial_weight)}

    def _pretrain_step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        with self.engine.autocast():
            fake = self.generator(batch.source)
        loss = self.pixel_loss(fake.float(), batch.target)
        self.engine.update(self.optimizers["generator"], loss)
        return {"pixel": loss.detach()}

    def _gan_step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        fake, losses = self._generator_losses(batch)
        weights = {
            "pixel": self.config.pixel_weight,
            "perceptual": self.config.perceptual_weight,
            "adversarial": self.config.adversarial_weight,
        }
        self.engine.update(
            self.optimizers["generator"], torch.stack([weights[name] * losses[name] for name in weights]).sum()
        )
        real, fake = to_signed(batch.target), to_signed(fake.detach())
        real_logits, fake_logits = self.adversary(real), self.adversary(fake)
        judged, penalties = self.adversary.loss(real_logits, fake_logits), self.adversary.penalties(real, fake)
        self.engine.update(self.optimizers["discriminator"], judged + self.adversary.weighted(penalties))
        losses |= {"discriminator": judged, **penalties}
        if self.adversary.game.probabilities:
            losses |= {"real": real_logits.float().sigmoid().mean(), "fake": fake_logits.float().sigmoid().mean()}
        return {name: loss.detach() for name, loss in losses.items()}

    def _generator_losses(self, batch: img2img.Batch) -> tuple[Tensor, dict[str, Tensor]]:
        with self.engine.autocast():
            fake = self.generator(batch.source)
            perceptual = self.perceptual_loss(fake, batch.target) if self.perceptual_loss else fake.new_zeros(())
        with frozen(self.adversary.network):
            fake_logits = self.adversary(to_signed(fake))
            adversarial = self.adversary.generator_loss(fake_logits, lambda: self.adversary(to_signed(batch.target)))
        pixel = self.pixel_loss(fake.float(), batch.target)
        return fake, {"pixel": pixel, "perceptual": perceptual, "adversarial": adversarial}

    def _prepare_gan(self) -> None:
        config = self.config
        self.adversary = Adversary(Discriminator(config.discriminator_width), config, self.engine)
        discriminator = self.networks["discriminator"] = self.adversary.network
        self.optimizers["discriminator"] = torch.optim.Adam(
            discriminator.parameters(), config.discriminator_lr or config.gan_lr, betas=(0.9, 0.99)
        )
        self.engine.schedule(self.optimizers["discriminator"], self._gan_factor)
        self.perceptual_loss = self._build_perceptual_loss()

    def _build_perceptual_loss(self) -> PerceptualLoss | None:
        config = self.config
        if config.perceptual == "none" or config.perceptual_weight == 0:
            return None
        if config.perceptual == "random":
            features = random_features()
        elif config.vgg_weights:
            features = VGG19(config.vgg_layer, Path(config.vgg_weights), config.vgg_sha256)
        else:
            raise img2img.ConfigError(
                "perceptual=vgg19 needs torchvision's weights file: give vgg_weights=PATH and vgg_sha256=HEX, "
                "or choose fixed random features with perceptual=random, or perceptual=none"
            )
        loss = self.engine.prepare(PerceptualLoss(features, config.pixel_loss))
        assert isinstance(loss, PerceptualLoss)
        return loss

    def _generator_lr(self, step: int) -> float:
        config = self.config
        if step < config.pretrain_steps:
            return schedules.cosine(config.pretrain_steps, warmup=min(500, config.pretrain_steps // 10))(step)
        return config.gan_lr / config.pretrain_lr * self._gan_factor(step)

    def _gan_factor(self, step: int) -> float:
        start, length = self.config.pretrain_steps, self.config.gan_steps
        return schedules.halved(start + length // 2, start + length * 3 // 4)(step)

    def _figures(self, batch: img2img.Batch, translate: Translate) -> dict[str, float]:
        crop = self.config.scale
        result = metrics.to_8_bit(translate(batch.source))
        return {
            "psnr_y": metrics.psnr_y(result, batch.target, crop).mean().item(),
            "ssim_y": metrics.ssim_y(result, batch.target, crop).mean().item(),
            "sharpness": (metrics.detail(result) / metrics.detail(batch.target)).mean().item(),
        }
