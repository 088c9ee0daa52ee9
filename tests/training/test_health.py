"""What recorded figures show: each ailment on a trace of its own, nothing on healthy ones, and what to type."""

from __future__ import annotations

from math import nan
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from pydantic import create_model

from img2img.config import TrainingConfig
from img2img.inference.device import Device
from img2img.nn.games import AdversarialConfig
from img2img.training.health.ailments import AILMENTS, Finding, Look, diagnose
from img2img.training.run import Run

HEALTHY: dict[str, dict[str, float]] = {
    "cyclegan": {
        "accuracy": 0.65, "gap": 0.12, "adversarial_gradient": 6.5, "adversarial_share": 0.3, "sensitivity": 1.0,
        "diversity": 0.98, "correlation": 0.87, "change": 0.47,
    },
    "stargan": {
        "accuracy": 0.94, "gap": 0.21, "adversarial_gradient": 2.6, "adversarial_share": 0.17, "sensitivity": 0.87,
        "diversity": 0.79, "correlation": -0.01, "change": 1.2, "condition_effect": 0.2,
    },
    "srgan": {
        "accuracy": 1.0, "gap": 11.5, "adversarial_gradient": 0.25, "adversarial_share": 0.68, "sensitivity": 0.98,
        "diversity": 0.91, "correlation": 0.94, "change": 0.62,
    },
    "srgan, first stage": {"sensitivity": 0.95, "diversity": 0.88, "correlation": 0.96, "change": 0.04},
}  # fmt: skip
"""As measured on healthy trainings."""

ILL: dict[str, dict[str, float]] = {
    "discriminator overpowers": {"accuracy": 0.996, "gap": 96.0},
    "vanishing adversarial gradient": {"accuracy": 0.96, "adversarial_share": 5e-4},
    "collapse": {"diversity": 0.1, "sensitivity": 0.1},
    "ignored condition": {"condition_effect": 0.04},
    "identity wins": {"change": 0.02, "accuracy": 0.95},
    "inverted brightness": {"correlation": -0.4},
    "not a number": {"finite": 0.0},
}


def looks(*signals: dict[str, float], every: int = 100) -> list[Look]:
    return [Look(every * number, row) for number, row in enumerate(signals, 1)]


class Options(AdversarialConfig):
    crop: int = 128
    lr: float = 2e-4
    pool: int = 0
    identity_weight: float = 0.0
    cycle_weight: float = 10.0
    adversarial_weight: float = 1.0
    steps: int = 1000

    @property
    def total_steps(self) -> int:
        return self.steps


WELL = HEALTHY["cyclegan"] | {"condition_effect": 1.0}
EARLY = [Look(10, WELL), Look(20, WELL)]


def run_of(config: TrainingConfig | None = None, **others: Any) -> Run:
    return Run(Path(), "any", config or Options(), Path(), **others)


def diagnosed(trace: list[Look], **options: Any) -> list[Finding]:
    """The first look is at step 10 and comes before the warm-up, 50 steps, is over."""
    return diagnose([*EARLY, *trace], "forward", run_of(Options(**options)))


def names(trace: list[Look], **options: Any) -> list[str]:
    return [finding.name for finding in diagnosed(trace, **options)]


def test_there_is_a_trace_of_each_ailment() -> None:
    assert {ailment.name for ailment in AILMENTS} == set(ILL)


@pytest.mark.parametrize("run", HEALTHY)
def test_healthy_trainings_show_nothing(run: str) -> None:
    assert names(looks(*[HEALTHY[run]] * 20)) == []


@pytest.mark.parametrize("ailment", ILL)
def test_each_ailment_shows_alone(ailment: str) -> None:
    assert names(looks(*[HEALTHY["cyclegan"] | ILL[ailment]] * 5)) == [ailment]


@pytest.mark.parametrize("ailment", [name for name in ILL if name != "not a number"])
def test_what_shows_in_two_looks_of_three_is_not_told(ailment: str) -> None:
    healthy = WELL
    ill = {**healthy, **ILL[ailment]}
    assert names(looks(*[ill, ill, healthy] * 4)) == []


def test_a_finding_tells_the_step_of_the_third_look_in_a_row_and_of_the_last() -> None:
    healthy = HEALTHY["cyclegan"]
    trace = looks(healthy, healthy, *[healthy | ILL["collapse"]] * 5, healthy)
    (finding,) = diagnosed(trace)
    assert (finding.step, finding.last, finding.direction) == (500, 700, "forward")
    assert finding.evidence.startswith("results differ from each other by 0.10 of what targets")


def test_nothing_but_nan_shows_in_a_twentieth_of_the_run() -> None:
    trace = looks(*[HEALTHY["cyclegan"] | ILL["collapse"]] * 5)
    assert names(trace, steps=4000) == ["collapse"]
    assert names(trace, steps=6000) == []
    assert names(looks({"finite": 0.0}), steps=6000) == ["not a number"]


def test_nothing_but_nan_shows_in_the_first_two_looks() -> None:
    ill = HEALTHY["cyclegan"] | ILL["collapse"]
    assert [finding.step for finding in diagnose(looks(*[ill] * 9), "", run_of())] == [500]


def test_a_discriminator_of_a_second_stage_warms_up_from_its_beginning() -> None:
    first = {"diversity": 0.9, "correlation": 0.9}
    second = first | {"accuracy": 0.97, "adversarial_gradient": 5.0, "adversarial_share": 0.5}
    faded = second | {"adversarial_gradient": 0.01}
    trace = looks(*[first] * 9, second, second, second, *[faded] * 3)
    assert [(finding.name, finding.step) for finding in diagnose(trace, "", run_of())] == [
        ("vanishing adversarial gradient", 1500)
    ]


def test_a_gradient_that_fades_to_a_hundredth_has_vanished() -> None:
    strong = HEALTHY["cyclegan"] | {"accuracy": 0.97, "adversarial_gradient": 5.0}
    assert names(looks(strong, *[strong | {"adversarial_gradient": 0.04}] * 3)) == ["vanishing adversarial gradient"]
    assert names(looks(strong, *[strong | {"adversarial_gradient": 0.06}] * 3)) == []


def test_a_discriminator_that_is_right_is_no_ailment_while_the_generator_learns_from_it() -> None:
    assert names(looks(*[HEALTHY["cyclegan"] | {"accuracy": 1.0}] * 5)) == []
    assert "discriminator overpowers" in names(looks(*[{"accuracy": 1.0, "gap": 1.0, "adversarial_share": 0.009}] * 5))


def test_what_was_not_measured_or_is_nan_shows_nothing() -> None:
    assert names(looks(*[{}] * 5)) == []
    assert names(looks(*[dict.fromkeys(HEALTHY["stargan"], nan)] * 5)) == []


def remedies(ailment: str, run: Run) -> tuple[str, ...]:
    trace = [*EARLY, *looks(*[HEALTHY["cyclegan"] | ILL[ailment]] * 3)]
    (finding,) = diagnose(trace, "", run)
    return finding.remedies


def test_remedies_are_options_of_the_family_with_values_to_type() -> None:
    run = run_of(Options(batch_size=8), seed=6)
    assert remedies("discriminator overpowers", run) == (
        "-o r1_weight=0.41", "-o spectral_norm=true", "-o real_label=0.9", "-o discriminator_lr=5e-05",
        "-o diff_augment=true", "-o pool=50",
    )  # fmt: skip
    assert remedies("inverted brightness", run) == ("-o identity_weight=0.5", "--seed 7")


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ({"r1_weight": 1.0}, "r1_weight"),
        ({"spectral_norm": True}, "spectral_norm"),
        ({"objective": "hinge"}, "real_label"),
        ({"discriminator_lr": 1e-4}, "discriminator_lr"),
        ({"pool": 50}, "pool"),
    ],
    ids=str,
)
def test_what_is_set_already_or_cannot_be_is_no_remedy(options: dict[str, Any], given: str) -> None:
    found = remedies("discriminator overpowers", run_of(Options(**options)))
    assert found
    assert not any(given in remedy for remedy in found)


def test_a_weight_of_0_gets_its_default_where_more_helps_and_nothing_where_less_does() -> None:
    run = run_of(Options(adversarial_weight=0, cycle_weight=0))
    assert remedies("identity wins", run) == ("-o adversarial_weight=1",)
    assert "-o cycle_weight=10" in remedies("collapse", run)


def test_a_learning_rate_above_the_default_is_the_first_suspect() -> None:
    assert remedies("collapse", run_of(Options(lr=0.1)))[0] == "-o lr=0.0002"


def test_full_precision_is_no_remedy_where_it_is_used() -> None:
    assert remedies("not a number", run_of()) == ("-o lr=0.0001",)
    assert remedies("not a number", run_of(device=Device(precision=torch.bfloat16))) == (
        "-o lr=0.0001",
        "--precision fp32",
    )


def test_a_finding_reads_as_a_sentence() -> None:
    finding = Finding("collapse", "forward", 500, 600, "results are alike", ("-o cycle_weight=20", "-o lr=0.1"))
    assert str(finding) == (
        "step 500: collapse (forward): results are alike; what may help, one at a time: -o cycle_weight=20, -o lr=0.1"
    )
    assert str(Finding("collapse", "", 500, 600, "results are alike", ())) == "step 500: collapse: results are alike"


def test_a_watch_that_began_late_warms_up_from_there() -> None:
    ill = HEALTHY["cyclegan"] | ILL["collapse"]
    late = [Look(step, ill) for step in range(900, 1000, 10)]
    (finding,) = diagnose(late, "", run_of())
    assert finding.step == 970  # the third that is more than 50 steps behind 890


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"pool": (str, "max")}, "pool"),
        ({"lr": (float, ...)}, "lr="),
        ({"objective": (Literal["hinge"], "hinge")}, "lsgan"),
    ],
    ids=["pool", "lr", "objective"],
)
def test_an_option_of_a_strangers_that_means_something_else_is_no_remedy(options: Any, remedy: str) -> None:
    stranger = create_model("Stranger", __base__=Options, **options)
    config = stranger(**({"lr": 0.1} if "lr" in options else {}))
    for ailment in ("collapse", "vanishing adversarial gradient", "discriminator overpowers"):
        assert not any(remedy in text.replace("discriminator_lr", "") for text in remedies(ailment, run_of(config)))
