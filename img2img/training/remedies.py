"""What to type against an ailment, of the options that a family has and the run does not have set already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from img2img.config import TrainingConfig


@dataclass(frozen=True)
class Remedy:
    """A change of one option."""

    option: str
    """Of the family's config; where it begins with `--`, of the program."""
    value: Callable[[Any], object]
    """From the run's config to the option's new value; None where it would change nothing."""


def to_type(remedies: Sequence[Remedy], config: TrainingConfig) -> tuple[str, ...]:
    """Return what to type, as `-o r1_weight=0.5`, leaving out what the family or the run has no use for."""
    return tuple(text for remedy in remedies if (text := _text(remedy, config)))


def scaled(option: str, factor: float) -> Remedy:
    """Multiply an option; where it is 0, give it its default."""
    return Remedy(option, lambda config: getattr(config, option) * factor or _default(option, config) or None)


def _text(remedy: Remedy, config: TrainingConfig) -> str:
    if remedy.option.startswith("--"):
        return f"{remedy.option} {remedy.value(config)}"
    if remedy.option not in type(config).model_fields:
        return ""
    value = remedy.value(config)
    shown = f"{value:.3g}" if isinstance(value, float) else str(value).lower()
    return f"-o {remedy.option}={shown}" if value is not None else ""


def _default(option: str, config: TrainingConfig) -> Any:
    return type(config).model_fields[option].default


def _set(option: str, value: object) -> Remedy:
    """Give an option a value that it does not have."""
    return Remedy(option, lambda config: value if getattr(config, option) != value else None)


def _r1(config: Any) -> float | None:
    """2e-4 side² / batch (Karras et al. 2020, appendix)."""
    return None if config.r1_weight else 2e-4 * getattr(config, "crop", 256) ** 2 / config.batch_size


def _slower(config: Any) -> float | None:
    lr = getattr(config, "lr", None) or getattr(config, "gan_lr", None)
    return lr / 4 if lr and config.discriminator_lr is None else None


def _smoothed(config: Any) -> float | None:
    return 0.9 if config.objective in ("vanilla", "lsgan") and config.real_label == 1 else None


R1 = Remedy("r1_weight", _r1)
SLOWER = Remedy("discriminator_lr", _slower)
SPECTRAL_NORM = _set("spectral_norm", True)
SMOOTHING = Remedy(
    "real_label", lambda config: 0.9 if config.objective in ("vanilla", "lsgan") and config.real_label == 1 else None
)
AUGMENT = _set("diff_augment", True)
LEAST_SQUARES = _set("objective", "lsgan")
POOL = Remedy("pool", lambda config: 50 if config.pool < 50 else None)
IDENTITY = Remedy("identity_weight", lambda config: 0.5 if config.identity_weight < 0.5 else None)
NO_IDENTITY = _set("identity_weight", 0)
RESIDUAL = _set("residual", True)
ANOTHER_SEED = Remedy("--seed", lambda config: "N, another one")
FULL_PRECISION = Remedy("--precision", lambda config: "fp32")
