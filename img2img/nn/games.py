"""A game is an adversarial objective: what a generator G and a discriminator D minimise against each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from img2img.config import TrainingConfig

if TYPE_CHECKING:  # configs are read without torch, and name a game
    from torch import Tensor

    Logits = Callable[[Tensor], Tensor]
    Penalty = Callable[[Logits, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Game:
    """One adversarial objective. Add one to `GAMES`, and every family can be trained with it.

    The losses are functions of logits (D never ends in a sigmoid) in float32, of any shape, and means over all of them.
    """

    name: str
    """The name that a user types: `objective=NAME`."""
    minimised_by_generator: Callable[[Tensor, Tensor], Tensor]
    """The loss of G, from D(G(x)) and D(y); only a game that compares is given D(y), the others leave it alone."""
    minimised_by_discriminator: Callable[[Tensor, Tensor, float], Tensor]
    """The loss of D, from D(y), D(G(x)) and the label s of real images; s is 1 where the game has no labels."""
    boundary: float | None = 0.0
    """The logit between real and generated images; None where only differences between logits count.

    In a game that compares it lies in the middle between the means of the two, wherever that is.
    """
    compares: bool = False
    """Whether what G minimises also depends on the logits of real images (a relativistic game)."""
    labels: bool = False
    """Whether D learns to answer real images by a number, which `real_label` may lower."""
    probabilities: bool = False
    """Whether the sigmoid of a logit is the probability that an image is real."""
    penalty: Penalty | None = None
    """The penalty that the game needs, from D, real and generated images; None where it needs none."""

    def generator_loss(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        """Return the loss of G, in float32.

        Raises:
            ValueError: The game compares, and there are no real logits.
        """
        if self.compares and real_logits is None:
            raise ValueError(f"objective={self.name} compares: give real_logits, too")
        fake = fake_logits.float()
        return self.minimised_by_generator(fake, fake if real_logits is None else real_logits.float())

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor, real_label: float = 1.0) -> Tensor:
        """Return the loss of D, in float32; a `real_label` below 1 smooths the label of real images."""
        return self.minimised_by_discriminator(real_logits.float(), fake_logits.float(), real_label)


def _softplus(logits: Tensor) -> Tensor:
    """Compute -log(1 - σ(logits)), with σ the sigmoid; so -log σ(logits) is that of the negative."""
    from torch.nn.functional import softplus

    return softplus(logits)


def _relativistic(real: Tensor, fake: Tensor) -> Tensor:
    """Compute -½ log σ(C(y) - mean C(G(x))) - ½ log(1 - σ(C(G(x)) - mean C(y))), with C the logits.

    So does ESRGAN's code; its equation has no ½.
    """
    return (_softplus(fake.mean() - real).mean() + _softplus(fake - real.mean()).mean()) / 2


def _gradient_penalty(discriminator: Logits, real: Tensor, fake: Tensor) -> Tensor:
    from img2img.nn.penalties import gradient_penalty

    return gradient_penalty(discriminator, real, fake)


VANILLA = Game(
    "vanilla",
    lambda fake, _: _softplus(-fake).mean(),
    lambda real, fake, label: (_softplus(-real) + (1 - label) * real).mean() + _softplus(fake).mean(),
    labels=True,
    probabilities=True,
)
"""Cross-entropy, non-saturating (Goodfellow et al. 2014): D minimises -s log D(y) - (1 - s) log(1 - D(y)) -
log(1 - D(G(x))) and G minimises -log D(G(x))."""

LEAST_SQUARES = Game(
    "lsgan",
    lambda fake, _: (fake - 1).square().mean(),
    lambda real, fake, label: (real - label).square().mean() + fake.square().mean(),
    boundary=0.5,
    labels=True,
)
"""Least squares (Mao et al. 2017): D minimises (D(y) - s)² + D(G(x))² and G minimises (D(G(x)) - 1)²."""

HINGE = Game(
    "hinge",
    lambda fake, _: -fake.mean(),
    lambda real, fake, _: (1 - real).relu().mean() + (1 + fake).relu().mean(),
)
"""A margin of 1 (Lim & Ye 2017): D minimises max(0, 1 - D(y)) + max(0, 1 + D(G(x))) and G minimises -D(G(x))."""

WASSERSTEIN = Game(
    "wgan",
    lambda fake, _: -fake.mean(),
    lambda real, fake, _: fake.mean() - real.mean(),
    boundary=None,
    penalty=_gradient_penalty,
)
"""The difference of the means (Arjovsky et al. 2017), with a gradient penalty (Gulrajani et al. 2017)."""

RELATIVISTIC = Game(
    "relativistic",
    lambda fake, real: _relativistic(fake, real),
    lambda real, fake, _: _relativistic(real, fake),
    compares=True,
)
"""The game asks which of two is the more real, on average (Jolicoeur-Martineau 2018, as in ESRGAN): G minimises D's
loss with real and generated exchanged."""

GAMES = {game.name: game for game in (VANILLA, LEAST_SQUARES, HINGE, WASSERSTEIN, RELATIVISTIC)}
"""Every game by its name; a new one is an entry here."""


class AdversarialConfig(TrainingConfig):
    """The options of a training against discriminators: the game, and what steadies it at little cost.

    `img2img.nn.adversary.Adversary` does what they ask for. A family that cannot play each game overrides `refusal`.
    """

    objective: str = Field("vanilla", description=f"the adversarial game: {', '.join(GAMES)}")
    discriminator_lr: float | None = Field(
        None, gt=0, le=1, description="learning rate of the discriminators; where left out, that of the generators"
    )
    r1_weight: float = Field(0.0, ge=0, description="weight of the gradient penalty on real images, every 16th step")
    spectral_norm: bool = Field(False, description="divide each layer of the discriminators by its largest stretch")
    real_label: float = Field(
        1.0,
        gt=0.5,
        le=1,
        description="what the discriminators are to say of real images; 0.9 keeps them unsure",
    )
    diff_augment: bool = Field(
        False, description="change colours, place and parts of all that the discriminators see; for few images"
    )

    @property
    def game(self) -> Game:
        """Return the game that `objective` names."""
        return GAMES[self.objective]

    @classmethod
    def refusal(cls, game: Game) -> str:
        """Return why this family cannot be trained by a game; empty where it can."""
        return ""

    @field_validator("objective")
    @classmethod
    def _check_objective(cls, name: str) -> str:
        reason = cls.refusal(GAMES[name]) if name in GAMES else "there is no such game"
        if reason:
            playable = ", ".join(repr(game.name) for game in GAMES.values() if not cls.refusal(game))
            raise PydanticCustomError(
                "game", "{reason}; give one of {playable}", {"reason": reason, "playable": playable}
            )
        return name

    @model_validator(mode="after")
    def _check_label(self) -> Self:
        if self.real_label != 1 and not self.game.labels:
            with_labels = " or ".join(game.name for game in GAMES.values() if game.labels)
            raise ValueError(
                f"real_label={self.real_label} is for objective={with_labels}; {self.objective} has no labels"
            )
        return self
