"""What came of holding a subject to the promises of a module."""

from __future__ import annotations

from types import ModuleType

from img2img.testing.promise import Outcome, Subject


def outcomes(subject: Subject, module: ModuleType) -> list[Outcome]:
    return [subject.outcome(promise) for promise in module.PROMISES]


def broken(subject: Subject, module: ModuleType) -> dict[str, str]:
    """What was measured, by broken promise."""
    return {outcome.promise: outcome.detail for outcome in outcomes(subject, module) if outcome.state == "broken"}


def states(subject: Subject, module: ModuleType) -> dict[str, str]:
    return {outcome.promise: outcome.state for outcome in outcomes(subject, module)}
