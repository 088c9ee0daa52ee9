"""What can ail a training, and how that shows in the figures of `examiner`: no torch, no files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

from img2img.config import TrainingConfig
from img2img.training import remedies
from img2img.training.remedies import Remedy

LOOKS = 3
"""So many looks in a row show what is reported; one may be bad luck."""


@dataclass(frozen=True)
class Look:
    """The figures of one direction at one step; what was not measured is NaN, with which no comparison holds."""

    step: int
    signals: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        return self.signals.get(name, nan)


@dataclass(frozen=True)
class Ailment:
    """Something that goes wrong in trainings, and how to tell."""

    name: str
    shows: Callable[[Look, Look], bool]
    """Whether a look shows it, given the first one after the warm-up as well."""
    evidence: str
    """What was seen, with the figures of the last look to be filled in."""
    remedies: Sequence[Remedy]
    """The likeliest help first."""
    at_once: bool = False
    """Whether a single look is enough, also early on."""


@dataclass(frozen=True)
class Finding:
    """An ailment in one direction of a run."""

    name: str
    direction: str
    step: int
    """When it was certain."""
    evidence: str
    remedies: tuple[str, ...]
    """What to type, the likeliest help first."""

    def __str__(self) -> str:
        where = f" ({self.direction})" if self.direction else ""
        remedies = f"; what may help, one at a time: {', '.join(self.remedies)}" if self.remedies else ""
        return f"step {self.step}: {self.name}{where}: {self.evidence}{remedies}"


def _overpowers(look: Look, first: Look) -> bool:
    """A gap of 20 is a certainty of 1 - 2e-9; healthy games were seen to reach 12."""
    return look["accuracy"] > 0.98 and (look["adversarial_share"] < 0.01 or look["gap"] > 20)


def _vanishes(look: Look, first: Look) -> bool:
    weak = look["adversarial_gradient"] < 0.01 * first["adversarial_gradient"]
    return look["accuracy"] > 0.95 and (weak or look["adversarial_share"] < 1e-3)


AILMENTS = (
    Ailment(
        "discriminator overpowers",
        _overpowers,
        "it is right about {accuracy:.1%} of what it sees, its logits are {gap:.3g} apart, and {adversarial_share:.2%} "
        "of the generator's gradient comes from it",
        (remedies.R1, remedies.SPECTRAL_NORM, remedies.SMOOTHING, remedies.SLOWER, remedies.AUGMENT, remedies.POOL),
    ),
    Ailment(
        "vanishing adversarial gradient",
        _vanishes,
        "the discriminator is right about {accuracy:.1%}, and {adversarial_share:.3%} of the generator's gradient "
        "comes from it",
        (remedies.LEAST_SQUARES, remedies.R1, remedies.SLOWER, remedies.scaled("adversarial_weight", 10)),
    ),
    Ailment(
        "collapse",
        lambda look, _: look["diversity"] < 0.4,
        "results differ from each other by {sensitivity:.2f} of what their sources, and by {diversity:.2f} of what the "
        "targets differ",
        (remedies.scaled("cycle_weight", 2), remedies.scaled("l1_weight", 2), remedies.AUGMENT, remedies.SLOWER),
    ),
    Ailment(
        "ignored condition",
        lambda look, _: look["condition_effect"] < 0.1,
        "another label changes a result by {condition_effect:.3f} of what the translation changes",
        (remedies.scaled("classification_weight", 4), remedies.scaled("cycle_weight", 0.5)),
    ),
    Ailment(
        "identity wins",
        lambda look, _: look["change"] < 0.1 and look["accuracy"] > 0.9,
        "results go {change:.3f} of the way from sources to targets, and the discriminator is right about "
        "{accuracy:.1%}",
        (remedies.NO_IDENTITY, remedies.scaled("cycle_weight", 0.5), remedies.scaled("l1_weight", 0.1)),
    ),
    Ailment(
        "inverted brightness",
        lambda look, _: look["correlation"] < -0.2,
        "what was bright is dark: large shapes of results correlate by {correlation:.2f} with what they should keep",
        (remedies.IDENTITY, remedies.RESIDUAL, remedies.ANOTHER_SEED),
    ),
    Ailment(
        "not a number",
        lambda look, _: look["finite"] == 0,
        "a loss or a weight is no longer finite, and the run has ended",
        (remedies.scaled("lr", 0.5), remedies.scaled("gan_lr", 0.5), remedies.FULL_PRECISION),
        at_once=True,
    ),
)


def diagnose(looks: Sequence[Look], direction: str, config: TrainingConfig, warm_up: int) -> list[Finding]:
    """Return what the looks at one direction show, each ailment once, in the order in which they became certain.

    Args:
        looks: Of the whole run so far, in order.
        direction: Whose looks these are.
        config: The run's, for the remedies.
        warm_up: Steps in whose looks nothing but NaN is to be seen.
    """
    settled = [look for look in looks if look.step > warm_up]
    found = []
    for ailment in AILMENTS:
        seen = looks if ailment.at_once else settled
        shown = [ailment.shows(look, seen[0]) for look in seen]
        certain = _first_run(shown, 1 if ailment.at_once else LOOKS)
        if certain is not None:
            look = seen[certain]
            help_ = remedies.to_type(ailment.remedies, config)
            found.append(Finding(ailment.name, direction, look.step, ailment.evidence.format_map(look), help_))
    return sorted(found, key=lambda finding: finding.step)


def _first_run(shown: Sequence[bool], length: int) -> int | None:
    """Where `length` in a row are true for the first time."""
    ends = range(length - 1, len(shown))
    return next((end for end in ends if all(shown[end - length + 1 : end + 1])), None)
