"""Remedies: what to type against an ailment, among the options that a family has and a run has not set already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from img2img.nn import games
from img2img.training.run import Run

Value = Callable[[Any], object]
"""A function from the run's config to the new value of an option; None where the old one is as good."""


Remedy = Callable[[Run], str]
"""Returns the option to type, of the family's or the program's; empty where the run has no use for it."""


def to_type(remedies: Sequence[Remedy], run: Run) -> tuple[str, ...]:
    """Return what to type, as `-o r1_weight=0.5`, leaving out what the run has no use for."""
    return tuple(text for remedy in remedies if (text := remedy(run)))


def option(name: str, value: Value) -> Remedy:
    """Give an option of the family another value, where the family has it."""

    def text(run: Run) -> str:
        """Return the option with its new value, as a user types it; empty where it is of no use."""
        config = run.config
        try:
            changed = value(config) if name in type(config).model_fields else None
            type(config).parse({**config.model_dump(), name: changed})
        except Exception:  # what a stranger's family calls so may be anything
            return ""
        shown = f"{changed:.3g}" if isinstance(changed, float) else str(changed).lower()
        return "" if changed is None else f"-o {name}={shown}"

    return text


def scaled(name: str, factor: float) -> Remedy:
    """Multiply an option; where it is 0 and more of it would help, give it its default."""

    def value(config: Any) -> object:
        """Return the new value of the option; None where it is of no use."""
        default = type(config).model_fields[name].default if factor > 1 else 0
        return getattr(config, name) * factor or default or None

    return option(name, value)


def _set(name: str, value: object) -> Remedy:
    return option(name, lambda config: value if getattr(config, name) != value else None)


def _r1(config: Any) -> float | None:
    """2e-4 side² / batch, as in the code of StyleGAN2-ADA (Karras et al. 2020)."""
    return None if config.r1_weight else 2e-4 * getattr(config, "crop", 256) ** 2 / config.batch_size


def _slower(config: Any) -> float | None:
    lr = getattr(config, "lr", None) or getattr(config, "gan_lr", None)
    return lr / 4 if lr and config.discriminator_lr is None else None


def _smoothed(config: Any) -> float | None:
    return 0.9 if config.game.labels and config.real_label == 1 else None


def _usual_lr(config: Any) -> float | None:
    default: float = type(config).model_fields["lr"].default
    return default if config.lr > default else None


def another_seed(run: Run) -> str:
    """Suggest another seed."""
    return f"--seed {run.seed + 1}"


def full_precision(run: Run) -> str:
    """Suggest float32 where the run computes in less."""
    return "" if run.device.precision == torch.float32 else "--precision fp32"


R1 = option("r1_weight", _r1)
USUAL_LR = option("lr", _usual_lr)
SLOWER = option("discriminator_lr", _slower)
SPECTRAL_NORM = _set("spectral_norm", True)
SMOOTHING = option("real_label", _smoothed)
AUGMENT = _set("diff_augment", True)
LEAST_SQUARES = _set("objective", games.LEAST_SQUARES.name)
POOL = option("pool", lambda config: 50 if config.pool < 50 else None)
IDENTITY = option("identity_weight", lambda config: 0.5 if config.identity_weight < 0.5 else None)
NO_IDENTITY = _set("identity_weight", 0)
RESIDUAL = _set("residual", True)
