"""The training of StarGAN: one generator for all classes, against a discriminator that also names the class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import itemgetter

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, l1_loss

import img2img
from img2img import Translate
from img2img.nn import metrics, schedules
from img2img.nn.adversary import Adversary
from img2img.nn.blocks import frozen
from img2img.nn.distribution import mean_distance
from img2img.nn.signed import to_signed

from .config import StarGANTraining
from .networks import Discriminator
from .translator import one_hot

PREVIEWED = 6
"""How many classes a preview sheet shows."""


class StarGANTrainer(img2img.Trainer):
    """Trains G(x, c) from images x of class c' to class c, against the heads D_src and D_cls of the discriminator.

    L_D = adv(D_src) + λ_gp GP + γ R1 + λ_cls CE(D_cls(x), c')                        (Choi et al. 2018, equation 5)
    L_G = adv(D_src(G(x, c))) + λ_cls CE(D_cls(G(x, c)), c) + λ_rec |G(G(x, c), c') - x|             (equation 6)

    A step is one batch. The generator learns in every `critic_steps`-th step, before the discriminator, which learns in
    each, on results from before the generator's update: so accumulated batches all meet the same networks. Losses of a
    network that does not learn in a step are absent.

    Args:
        config: Weights, steps and networks.
        engine: Device, precision and step.
        generator: The generator, with fresh weights.
    """

    goal = ("swd", "min")

    def __init__(self, config: StarGANTraining, engine: img2img.Engine, generator: nn.Module) -> None:
        self.config = config
        self.engine = engine
        self.generator = engine.prepare(generator)
        self.adversary = Adversary(
            Discriminator(len(config.classes), config.crop, config.discriminator_width, config.discriminator_layers),
            config, engine, penalty_weight=config.penalty_weight, logits=itemgetter(0),
        )  # fmt: skip
        self.networks = {"generator": self.generator, "discriminator": self.adversary.network}
        self.optimizers = {
            "generator": self._adam(self.generator, config.lr),
            "discriminator": self._adam(self.adversary.network, config.discriminator_lr or config.lr),
        }

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        """Train the generator in every `critic_steps`-th step, then the discriminator; return the losses."""
        real, label, own = to_signed(batch.source), batch.condition["label"], batch.condition["source_label"]
        generator_learns = (self.engine.step + 1) % self.config.critic_steps == 0
        with torch.set_grad_enabled(generator_learns), self.engine.autocast():
            fake = self.generator(real, label).float()
        losses = self._teach_generator(real, fake, label, own) if generator_learns else {}
        losses |= self._teach_discriminator(real, fake.detach(), own)
        return {name: loss.detach() for name, loss in losses.items()}

    def generators(self) -> Mapping[str, nn.Module]:
        """Return the generator."""
        return {"forward": self.generator}

    def validate(self, batches: Iterable[img2img.Batch], translate: Mapping[str, Translate]) -> Mapping[str, float]:
        """Measure the sliced Wasserstein distance of results to their class, as a mean over levels and classes."""
        images: dict[int, list[Tensor]] = defaultdict(list)
        results: dict[int, list[Tensor]] = defaultdict(list)
        for batch in batches:
            label = batch.condition["label"]
            result = metrics.to_8_bit(translate["forward"](batch.source, label=label))
            results[int(label.argmax())].append(result[0].cpu())
            images[int(batch.condition["source_label"].argmax())].append(batch.source[0].cpu())
        distances = [mean_distance(results[index], images[index]) for index in results if index in images]
        if not distances:
            return {}
        return {"swd": sum(distances) / len(distances)}

    def previews(self, batch: img2img.Batch, translate: Mapping[str, Translate]) -> Mapping[str, Tensor]:
        """Return the source and its translation to each of a few classes."""
        sheet = {"source": batch.source}
        for name in self.config.classes[:PREVIEWED]:
            label = one_hot(self.config.classes, name).to(batch.source.device).expand(len(batch.source), -1)
            sheet[f"to {name}"] = translate["forward"](batch.source, label=label).clamp(0, 1)
        return sheet

    def views(self, batch: img2img.Batch) -> Mapping[str, img2img.Batch]:
        """Return the batch as the generator sees it."""
        return {"forward": replace(batch, condition={"label": batch.condition["label"]})}

    def examine(self, batch: img2img.Batch) -> Mapping[str, img2img.Verdict]:
        """Return how the generator and the discriminator stand to each other."""
        real = to_signed(batch.source)
        with self.engine.autocast():
            fake = self.generator(real, batch.condition["label"]).float()
        fake_patches, real_patches = self.adversary(fake)[0], self.adversary(real)[0]
        return {"forward": self.adversary.verdict(real_patches, fake_patches)}

    def _teach_discriminator(self, real: Tensor, fake: Tensor, own: Tensor) -> dict[str, Tensor]:
        patches, classes = self.adversary(torch.cat([real, fake]))
        judged = self.adversary.loss(*patches.split(len(real)))
        recognised = cross_entropy(classes[: len(real)].float(), own)
        penalties = self.adversary.penalties(real, fake)
        total = judged + self.config.classification_weight * recognised + self.adversary.weighted(penalties)
        self.engine.update(self.optimizers["discriminator"], total)
        return {"discriminator": judged, "real classification": recognised, **penalties}

    def _teach_generator(self, real: Tensor, fake: Tensor, label: Tensor, own: Tensor) -> dict[str, Tensor]:
        config = self.config
        with frozen(self.adversary.network):
            patches, classes = self.adversary(fake)
            with self.engine.autocast():
                back = self.generator(fake, own).float()
            losses = {
                "adversarial": self.adversary.generator_loss(patches, lambda: self.adversary(real)[0]),
                "classification": cross_entropy(classes.float(), label),
                "cycle": l1_loss(back, real),
            }
            total = (
                losses["adversarial"]
                + config.classification_weight * losses["classification"]
                + config.cycle_weight * losses["cycle"]
            )
            self.engine.update(self.optimizers["generator"], total)
        return losses

    def _adam(self, network: nn.Module, lr: float) -> torch.optim.Optimizer:
        optimizer = torch.optim.Adam(network.parameters(), lr, betas=(0.5, 0.999))
        self.engine.schedule(optimizer, schedules.linear(self.config.constant_steps, self.config.decay_steps))
        return optimizer
