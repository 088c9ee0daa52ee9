"""The opponent of a generator: a discriminator, the game that the two play, and what steadies it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from img2img.contract.trainers import Engine, Verdict
from img2img.nn.augment import diff_augment
from img2img.nn.games import AdversarialConfig
from img2img.nn.penalties import r1_penalty

R1_EVERY = 16
"""How many steps lie between two R1 penalties, each of which is multiplied by this number (StyleGAN2, Karras et al.
2020, section 3.1, but for the correction of Adam)."""


class Adversary:
    """A discriminator D in the game that a training's options describe.

    With images in [-1, 1], L_D = loss(D(T(y)), D(T(G(x)))) + λ GP + γ R1 and L_G = loss(D(T(G(x)))), where T is
    DiffAugment or nothing; `loss` and GP are those of the game (`img2img.nn.games`), and many games have no GP.

    Args:
        discriminator: The network D, with fresh weights.
        config: The game and the remedies; spectral norm is put around every layer that has a weight matrix.
        engine: Device, precision and step.
        penalty_weight: λ.
        logits: Takes the logits from the discriminator's output, if that holds more.
        parts: Channels of each image, where D sees several as one.
    """

    def __init__(
        self,
        discriminator: nn.Module,
        config: AdversarialConfig,
        engine: Engine,
        *,
        penalty_weight: float = 10.0,
        logits: Callable[[Any], Tensor] = lambda output: output,
        parts: Sequence[int] | None = None,
    ) -> None:
        if config.spectral_norm:
            _bound(discriminator)
        self.network = engine.prepare(discriminator)
        self.config, self.game, self.engine = config, config.game, engine
        self.penalty_weight, self.logits, self.parts = penalty_weight, logits, parts

    def __call__(self, images: Tensor) -> Any:
        """Return D's logits of T(images), in the precision of the run."""
        with self.engine.autocast():
            return self.network(self._augmented(images))

    def generator_loss(self, fake_logits: Tensor, real_logits: Callable[[], Tensor]) -> Tensor:
        """Return the loss of G; `real_logits` is called where the game compares, and no gradient flows through it."""
        return self.game.generator_loss(fake_logits, real_logits().detach() if self.game.compares else None)

    def loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the loss of D, without the penalties."""
        return self.game.discriminator_loss(real_logits, fake_logits, self.config.real_label)

    def penalties(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """Return the penalties that are due in this step, by name, unweighted as they are logged."""
        found = {}
        if self.game.penalty:
            found["penalty"] = self.game.penalty(self._judge, real, fake)
        if self.config.r1_weight and self.engine.step % R1_EVERY == 0:
            found["r1"] = r1_penalty(self._judge, real)
        return found

    def weighted(self, penalties: Mapping[str, Tensor]) -> Tensor | float:
        """Return the sum of the penalties, weighted, which is added to the discriminator's loss."""
        weights = {"penalty": self.penalty_weight, "r1": R1_EVERY * self.config.r1_weight}
        return sum(weights[name] * penalty for name, penalty in penalties.items())

    def verdict(self, real_logits: Tensor, fake_logits: Tensor, weight: float = 1.0) -> Verdict:
        """Return what `Trainer.examine` returns for a direction, with the generator's loss multiplied by `weight`."""
        loss = self.generator_loss(fake_logits, lambda: real_logits)
        middle = float(real_logits.detach().mean() + fake_logits.detach().mean()) / 2  # waits for the device
        boundary = middle if self.game.compares else self.game.boundary
        return Verdict(real_logits, fake_logits, weight * loss if weight else None, boundary)

    def _judge(self, images: Tensor) -> Tensor:
        return self.logits(self.network(self._augmented(images)))

    def _augmented(self, images: Tensor) -> Tensor:
        return diff_augment(images, self.parts) if self.config.diff_augment else images


def _bound(network: nn.Module) -> None:
    """Divide each weight matrix by its largest singular value (Miyato et al. 2018)."""
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d | nn.Linear):
            spectral_norm(module)
