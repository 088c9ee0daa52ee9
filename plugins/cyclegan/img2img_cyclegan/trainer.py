"""The training of CycleGAN: two generators that invert each other, each against a discriminator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

import img2img
from img2img import Translate
from img2img.nn import metrics, schedules
from img2img.nn.adversary import Adversary
from img2img.nn.blocks import frozen
from img2img.nn.distribution import mean_distance
from img2img.nn.patchgan import PatchGAN, PixelGAN
from img2img.nn.pool import ImagePool
from img2img.nn.signed import to_signed

from .config import CycleGANTraining


class CycleGANTrainer(img2img.Trainer):
    """Trains G from source x to target y (`forward`), F from y to x (`backward`), and a discriminator for each domain.

    L_G,F = adv(D_y, G(x)) + adv(D_x, F(y)) + λ (|F(G(x)) - x| + |G(F(y)) - y|)  (Zhu et al. 2017, equations 1 to 3)
            + λ λ_id (|G(y) - y| + |F(x) - x|)                                   (section 5.2)
    L_D   = half of the discriminators' losses on real images and on past results from the pool.

    Generators go first, then discriminators; the same image sizes let G(x) and G(y) be one pass, and so F(y) and F(x).

    Args:
        config: Weights, steps and networks.
        engine: Device, precision and step.
        build_generator: Called twice; builds one generator.
    """

    goal = ("swd", "min")

    def __init__(
        self, config: CycleGANTraining, engine: img2img.Engine, build_generator: Callable[[], nn.Module]
    ) -> None:
        self.config = config
        self.engine = engine
        self.forward, self.backward = (engine.prepare(build_generator()) for _ in range(2))
        self.judge_x, self.judge_y = (self._adversary() for _ in range(2))
        self.pool_x, self.pool_y = ImagePool(config.pool), ImagePool(config.pool)
        self.networks = {
            "forward": self.forward,
            "backward": self.backward,
            "source discriminator": self.judge_x.network,
            "target discriminator": self.judge_y.network,
        }
        self.optimizers = {
            "generators": self._adam(config.lr, self.forward, self.backward),
            "discriminators": self._adam(
                config.discriminator_lr or config.lr, self.judge_x.network, self.judge_y.network
            ),
        }

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        """Train the generators, then the discriminators, on one batch, and return the losses."""
        x, y = to_signed(batch.source), to_signed(batch.target)
        with frozen(self.judge_x.network, self.judge_y.network):
            fake_x, fake_y, losses = self._generator_losses(x, y)
            config = self.config
            total = config.adversarial_weight * losses["adversarial"] + config.cycle_weight * (
                losses["cycle"] + config.identity_weight * losses["identity"]
            )
            self.engine.update(self.optimizers["generators"], total)
        judged_x = self._judge("source", self.judge_x, x, self.pool_x.exchange(fake_x), losses)
        judged_y = self._judge("target", self.judge_y, y, self.pool_y.exchange(fake_y), losses)
        self.engine.update(self.optimizers["discriminators"], (judged_x + judged_y) / 2)
        return {name: loss.detach() for name, loss in losses.items()}

    def generators(self) -> Mapping[str, nn.Module]:
        """Return the generators of both directions."""
        return {"forward": self.forward, "backward": self.backward}

    def validate(self, batches: Iterable[img2img.Batch], translate: Mapping[str, Translate]) -> Mapping[str, float]:
        """Measure each direction's sliced Wasserstein distance to its domain, and how well a cycle restores images."""
        x, y, fake_x, fake_y, kept = [], [], [], [], []
        for batch in batches:
            result = metrics.to_8_bit(translate["forward"](batch.source))
            x.append(batch.source[0].cpu())
            y.append(batch.target[0].cpu())
            fake_y.append(result[0].cpu())
            fake_x.append(metrics.to_8_bit(translate["backward"](batch.target))[0].cpu())
            kept.append(metrics.psnr(translate["backward"](result).clamp(0, 1), batch.source).item())
        if not kept:
            return {}
        forward, backward = mean_distance(fake_y, y), mean_distance(fake_x, x)
        return {
            "swd": (forward + backward) / 2,
            "swd_forward": forward,
            "swd_backward": backward,
            "cycle_psnr": sum(kept) / len(kept),
        }

    def previews(self, batch: img2img.Batch, translate: Mapping[str, Translate]) -> Mapping[str, Tensor]:
        """Return sources, results, and what comes back through the other direction, for both directions."""
        forward, backward = translate["forward"], translate["backward"]
        result, back = forward(batch.source).clamp(0, 1), backward(batch.target).clamp(0, 1)
        return {
            "source": batch.source,
            "forward": result,
            "cycle": backward(result),
            "target": batch.target,
            "backward": back,
            "backward cycle": forward(back),
        }

    def views(self, batch: img2img.Batch) -> Mapping[str, img2img.Batch]:
        """Return the batch as each direction sees it."""
        back = replace(
            batch, source=batch.target, target=batch.source, names=batch.target_names, target_names=batch.names
        )
        return {"forward": batch, "backward": back}

    def examine(self, batch: img2img.Batch) -> Mapping[str, img2img.Verdict]:
        """Return how each generator and its discriminator stand to each other."""
        x, y = to_signed(batch.source), to_signed(batch.target)
        with self.engine.autocast():
            fake_x, fake_y = self.backward(y).float(), self.forward(x).float()
        weight = self.config.adversarial_weight
        return {
            "forward": self.judge_y.verdict(self.judge_y(y), self.judge_y(fake_y), weight),
            "backward": self.judge_x.verdict(self.judge_x(x), self.judge_x(fake_x), weight),
        }

    def state_dict(self) -> dict[str, list[Tensor]]:
        """Return the past results in the pools."""
        return {"pool_x": self.pool_x.images, "pool_y": self.pool_y.images}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        """Restore the pools."""
        self.pool_x.images, self.pool_y.images = state["pool_x"], state["pool_y"]

    def _generator_losses(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        with self.engine.autocast():
            if self.config.identity_weight:
                fake_y, same_y = self.forward(torch.cat([x, y])).float().split(len(x))
                fake_x, same_x = self.backward(torch.cat([y, x])).float().split(len(x))
            else:
                fake_y, same_y = self.forward(x).float(), y
                fake_x, same_x = self.backward(y).float(), x
            cycle_x, cycle_y = self.backward(fake_y).float(), self.forward(fake_x).float()
        logits_x, logits_y = self.judge_x(fake_x), self.judge_y(fake_y)
        losses = {
            "adversarial": self.judge_y.generator_loss(logits_y, lambda: self.judge_y(y))
            + self.judge_x.generator_loss(logits_x, lambda: self.judge_x(x)),
            "cycle": l1_loss(cycle_x, x) + l1_loss(cycle_y, y),
            "identity": l1_loss(same_y, y) + l1_loss(same_x, x),
        }
        return fake_x, fake_y, losses

    def _judge(self, domain: str, judge: Adversary, real: Tensor, fake: Tensor, losses: dict[str, Tensor]) -> Tensor:
        """Compute a discriminator's loss with its penalties, which are also put among the losses one by one."""
        real_logits, fake_logits = judge(torch.cat([real, fake])).split(len(real))
        judged, penalties = judge.loss(real_logits, fake_logits), judge.penalties(real, fake)
        losses[f"{domain} discriminator"] = judged
        losses.update({f"{domain} {name}": penalty for name, penalty in penalties.items()})
        return judged + judge.weighted(penalties)

    def _adversary(self) -> Adversary:
        config = self.config
        return Adversary(_discriminator(config), config, self.engine, penalty_weight=config.penalty_weight)

    def _adam(self, lr: float, *networks: nn.Module) -> torch.optim.Optimizer:
        parameters = chain.from_iterable(network.parameters() for network in networks)
        optimizer = torch.optim.Adam(parameters, lr, betas=(0.5, 0.999))
        self.engine.schedule(optimizer, schedules.linear(self.config.constant_steps, self.config.decay_steps))
        return optimizer


def _discriminator(config: CycleGANTraining) -> nn.Module:
    if config.discriminator == "pixel":
        return PixelGAN(width=config.discriminator_width)
    return PatchGAN(width=config.discriminator_width, layers=config.discriminator_layers)
