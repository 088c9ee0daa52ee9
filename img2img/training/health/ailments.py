"""The ailments of trainings, and how each shows in the figures of `examiner`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

from img2img.models.card import LOOKS
from img2img.training.health import remedies
from img2img.training.health.remedies import Remedy
from img2img.training.run import Run


@dataclass(frozen=True)
class Look:
    """One examination: the figures of a direction at a step; NaN stands for no measurement: no comparison holds."""

    step: int
    signals: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        return self.signals.get(name, nan)


@dataclass(frozen=True)
class Ailment:
    """Something that goes wrong in trainings, and how to recognise it."""

    name: str
    needs: tuple[str, ...]
    """The figures it shows in; examinations without them are passed over."""
    shows: Callable[[Look, Look], bool]
    """Whether an examination shows it, given the first one after the warm-up as well."""
    evidence: str
    """The text of a warning, with places for figures of the examination."""
    remedies: Sequence[Remedy]
    """The likeliest help first."""
    at_once: bool = False
    """Whether a single examination is enough, also early on."""


@dataclass(frozen=True)
class Finding:
    """An ailment in one direction of a run."""

    name: str
    direction: str
    step: int
    """The step at which it was certain."""
    last: int
    """The step at which it was last seen."""
    evidence: str
    remedies: tuple[str, ...]
    """The options to type, the likeliest help first."""

    def __str__(self) -> str:
        where = f" ({self.direction})" if self.direction else ""
        remedies = f"; what may help, one at a time: {', '.join(self.remedies)}" if self.remedies else ""
        return f"step {self.step}: {self.name}{where}: {self.evidence}{remedies}"


def _overpowers(look: Look, first: Look) -> bool:
    """Return whether the discriminator overpowers; a gap of 20 is a certainty of 1 - 2e-9, healthy games reach 12."""
    return look["accuracy"] > 0.98 and (look["adversarial_share"] < 0.01 or look["gap"] > 20)


def _vanishes(look: Look, first: Look) -> bool:
    weak = look["adversarial_gradient"] < 0.01 * first["adversarial_gradient"]
    return look["accuracy"] > 0.95 and (weak or look["adversarial_share"] < 1e-3)


AILMENTS = (
    Ailment(
        "discriminator overpowers",
        ("accuracy", "gap"),
        _overpowers,
        "it is right about {accuracy:.1%} of what it sees, its logits are {gap:.3g} apart, and what the generator "
        "learns from it is {adversarial_share:.2g} of its gradient",
        (
            remedies.USUAL_LR, remedies.R1, remedies.SPECTRAL_NORM, remedies.SMOOTHING, remedies.SLOWER,
            remedies.AUGMENT, remedies.POOL,
        ),
    ),
    Ailment(
        "vanishing adversarial gradient",
        ("accuracy", "adversarial_gradient", "adversarial_share"),
        _vanishes,
        "the discriminator is right about {accuracy:.1%}, and what the generator learns from it is "
        "{adversarial_share:.2g} of its gradient",
        (remedies.LEAST_SQUARES, remedies.R1, remedies.SLOWER, remedies.scaled("adversarial_weight", 10)),
    ),
    Ailment(
        "collapse",
        ("diversity",),
        lambda look, _: look["diversity"] < 0.4,
        "results differ from each other by {diversity:.2f} of what targets, and by {sensitivity:.2f} of what their "
        "sources differ",
        (
            remedies.USUAL_LR, remedies.scaled("cycle_weight", 2), remedies.scaled("l1_weight", 2), remedies.AUGMENT,
            remedies.SLOWER,
        ),
    ),
    Ailment(
        "ignored condition",
        ("condition_effect",),
        lambda look, _: look["condition_effect"] < 0.1,
        "another condition changes a result by {condition_effect:.3f} of what the translation changes",
        (remedies.scaled("classification_weight", 4), remedies.scaled("cycle_weight", 0.5)),
    ),
    Ailment(
        "identity wins",
        ("change", "accuracy"),
        lambda look, _: look["change"] < 0.1 and look["accuracy"] > 0.9,
        "results differ from their sources by {change:.3f} of what targets differ, and the discriminator is right "
        "about {accuracy:.1%}",
        (
            remedies.scaled("adversarial_weight", 2), remedies.NO_IDENTITY, remedies.scaled("cycle_weight", 0.5),
            remedies.scaled("l1_weight", 0.1),
        ),
    ),
    Ailment(
        "inverted brightness",
        ("correlation",),
        lambda look, _: look["correlation"] < -0.2,
        "what was bright is dark: large shapes of results correlate by {correlation:.2f} with what they should keep",
        (remedies.IDENTITY, remedies.RESIDUAL, remedies.another_seed),
    ),
    Ailment(
        "not a number",
        ("finite",),
        lambda look, _: look["finite"] == 0,
        "a loss or a weight is no longer finite, and the run has ended",
        (remedies.scaled("lr", 0.5), remedies.scaled("gan_lr", 0.5), remedies.full_precision),
        at_once=True,
    ),
)  # fmt: skip


def diagnose(looks: Sequence[Look], direction: str, run: Run) -> list[Finding]:
    """Return what the examinations of one direction show, each ailment once.

    Args:
        looks: The examinations of the whole run so far, in order.
        direction: The direction that was examined.
        run: Its length decides how long it warms up, its options what may help.
    """
    found = []
    for ailment in AILMENTS:
        seen = [look for look in looks if all(name in look.signals for name in ailment.needs)]
        if not ailment.at_once:
            seen = settled(seen, looks, run)
        shown = [ailment.shows(look, seen[0]) for look in seen]
        certain = _first_run(shown, 1 if ailment.at_once else LOOKS)
        if certain is not None:
            look, last = seen[certain], max(look.step for look, shows in zip(seen, shown, strict=True) if shows)
            help_ = remedies.to_type(ailment.remedies, run)
            found.append(Finding(ailment.name, direction, look.step, last, ailment.evidence.format_map(look), help_))
    return found


def settled(some: Sequence[Look], looks: Sequence[Look], run: Run) -> list[Look]:
    """Return those of some examinations that come after the warm-up.

    The warm-up lasts a twentieth of the run, and at least two and a half times the distance between two examinations.
    It begins with the first of them, as a discriminator does that comes in a second stage, or a watch that began late.
    """
    if not some:
        return []
    apart = looks[1].step - looks[0].step if len(looks) > 1 else looks[0].step
    begin = some[0].step - apart
    warm_up = max(apart * 5 // 2, run.config.total_steps // 20)
    return [look for look in some if look.step - begin > warm_up]


def _first_run(shown: Sequence[bool], length: int) -> int | None:
    """Return where `length` in a row are true for the first time; None where they never are."""
    ends = range(length - 1, len(shown))
    return next((end for end in ends if all(shown[end - length + 1 : end + 1])), None)
