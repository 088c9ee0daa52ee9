"""Bad observers, each of which breaks one promise; and good ones, which break none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from img2img import hookimpl
from img2img.contract import hookspecs
from img2img.testing.promises import observers
from img2img.testing.promises.observers import ObserverSubject, _job, _run

from .outcomes import broken, states

RUNS, JOBS = "it follows runs without an error", "it follows jobs without an error"


class Good:
    """It looks at all that the contract shows."""

    @hookimpl
    def training_started(self, run: Any) -> None:
        self.steps = run.config.total_steps - run.step

    @hookimpl
    def validated(self, run: Any, metrics: Mapping[str, float], previews: Mapping[str, Any]) -> None:
        self.seen = [images.clamp(0, 1).mean() for images in previews.values()]

    @hookimpl
    def frame_translated(self, item: Any, done: int, total: int) -> None:
        self.share = done / total if total else None

    @hookimpl
    def translation_finished(self, report: Any) -> None:
        self.counts = dict(report.counts)


class Dividing:
    """It believes that the number of frames is known."""

    @hookimpl
    def frame_translated(self, done: int, total: int) -> None:
        self.share = done / total


class Expecting:
    """It believes that all runs begin at step 0."""

    @hookimpl
    def training_started(self, run: Any) -> None:
        if run.step:
            raise ValueError("this did not begin")


class Prying:
    """It wants more than an observer may rely on."""

    @hookimpl
    def translation_started(self, job: Any) -> None:
        job.model.translator.generator.train()


class Rounding:
    @hookimpl
    def training_stepped(self, losses: dict[str, float]) -> None:
        for name in losses:
            losses[name] = round(losses[name])


class Stopping:
    @hookimpl
    def batch_translated(self, items: list[Any]) -> None:
        items[0].status = "skipped"


@pytest.mark.parametrize(
    ("observer", "promise", "measured"),
    [
        (Dividing, JOBS, "in frame_translated it raises ZeroDivisionError"),
        (Expecting, RUNS, "in training_started it raises ValueError: this did not begin"),
        (Prying, JOBS, "in translation_started it raises AttributeError"),
        (Rounding, "it changes nothing that it is shown", "in training_stepped it changes losses"),
        (Stopping, "it changes nothing that it is shown", "in batch_translated it changes job, items"),
    ],
)
def test_a_bad_observer_breaks_its_own_promise_and_no_other(
    observer: type, promise: str, measured: str, tmp_path: Path
) -> None:
    found = broken(ObserverSubject(observer(), tmp_path), observers)
    assert [*found] == [promise]
    assert measured in found[promise]


def test_a_good_observer_keeps_every_promise(tmp_path: Path) -> None:
    assert set(states(ObserverSubject(Good(), tmp_path), observers).values()) == {"ok"}


def test_an_observer_of_jobs_alone_is_shown_no_runs(tmp_path: Path) -> None:
    found = states(ObserverSubject(Stopping(), tmp_path), observers)
    assert (found[RUNS], found[JOBS]) == ("skipped", "ok")


def test_every_hook_of_runs_and_jobs_is_called_with_all_its_arguments(tmp_path: Path) -> None:
    shown = {hook: [*arguments] for hook, arguments in (*_run(tmp_path, 0, None), *_job(tmp_path, ""))}
    specs = {name: hook for name, hook in vars(hookspecs).items() if hasattr(hook, "img2img_spec")}
    wanted = {
        name: list(hook.__code__.co_varnames[: hook.__code__.co_argcount])
        for name, hook in specs.items()
        if not name.startswith("register_")
    }
    assert shown == wanted
