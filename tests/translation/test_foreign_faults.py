"""What a plugin's source or target does wrong: it costs the clip, says what it was, and leaves nothing behind."""

from __future__ import annotations

import errno
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from img2img import Compute, Frame, Model, PluginHost, translate
from img2img.errors import WriteError
from img2img.translation.report import Report

from . import foreign
from .foreign import Told, ToldSource, ToldTarget, breaking, grey, raising

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def job(host: PluginHost, enlarger: Model, tmp_path: Path) -> Callable[..., Report]:
    """Translate what a plugin reads, into a video unless `fails` says how a plugin's target fails."""

    def job(clip: Any, fails: dict[str, BaseException] | None = None, **options: Any) -> Report:
        foreign.install(host, ToldSource(clip), *([] if fails is None else [ToldTarget(fails)]))
        target = tmp_path / ("out.mkv" if fails is None else "out.told")
        return translate("told:x", target, model=enlarger, host=host, **options)

    return job


class Unclosable(Told):
    def close(self) -> None:
        super().close()
        raise RuntimeError("stuck")


class Undamageable(Told):
    @property
    def damage(self) -> str:
        raise RuntimeError("who knows")

    @damage.setter
    def damage(self, value: str) -> None: ...


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (Told(info=None), "its info is None, which is no ClipInfo"),
        (object(), "AttributeError: 'object' object has no attribute 'info'"),
        (Told(width=0), "its info declares 3 frames of 0×12 pixels"),
        (Told(width=16.5), "TypeError: 'float' object cannot be interpreted as an integer"),
        (Told(time_base=0.04), r"the time_base of its info is 0.04; it must be a Fraction, such as Fraction(1, 25)"),
        (Told(rate=Fraction(0)), "time_base, rate and sample_aspect of its info must be more than 0"),
        (Told(chroma=None), "its info has chroma None"),
        (Told(raising(RuntimeError("no frames"))), "the plugin that reads it failed: RuntimeError: no frames"),
        (Told(lambda: None), "TypeError: 'NoneType' object is not iterable"),
        (Told(lambda: breaking(SystemExit(0))), "the plugin that reads it failed: SystemExit: 0"),
        (Told([(0, 1, grey(0))]), "is no Frame with a callable picture"),
        (Told([None]), "None, which is no Frame"),
        (Told([Frame(0.5, 1, grey(0))]), "'float' object cannot be interpreted as an integer"),  # type: ignore[arg-type]
        (Told([Frame(0, 1, lambda: None)]), "a frame is of NoneType, where an array was promised"),  # type: ignore[return-value]
        (Told([Frame(5, 1, grey(0)), Frame(5, 1, grey(0))]), "a frame at tick 5 follows one at 5; times must rise"),
        (Told([Frame(2, 0, grey(0))]), "the frame at tick 2 lasts 0 ticks; it must last 1 or more"),
    ],
)
def test_a_source_that_breaks_the_contract_costs_its_clip(
    clip: Any, reason: str, job: Callable[..., Report], tmp_path: Path
) -> None:
    report = job(clip)
    assert report.counts["failed"] == 1
    assert report.items[0].reason.startswith("told:x: ")
    assert reason in report.items[0].reason
    assert list(tmp_path.iterdir()) == []
    assert getattr(clip, "closed", 1) == 1


def test_whole_numbers_do_for_fractions(job: Callable[..., Report]) -> None:
    assert job(Told(rate=25, sample_aspect=1)).counts["done"] == 1


def test_a_source_whose_damage_cannot_be_told_costs_its_clip(job: Callable[..., Report], tmp_path: Path) -> None:
    assert "RuntimeError: who knows" in job(Undamageable()).items[0].reason
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_cannot_be_closed_harms_no_target(
    job: Callable[..., Report], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert job(Unclosable()).counts["done"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]
    assert "told:x: the plugin that reads it failed: RuntimeError: stuck; it could not be closed" in caplog.text


def test_what_cannot_be_closed_hides_no_other_failure(job: Callable[..., Report]) -> None:
    assert "its info is None" in job(Unclosable(info=None)).items[0].reason


def test_frames_with_more_pixels_than_allowed_are_refused(job: Callable[..., Report]) -> None:
    assert (
        "its 16×12 pixels are more than the allowed 191; raise --max-pixels"
        in job(Told(), compute=Compute(max_pixels=191)).items[0].reason
    )


@pytest.mark.parametrize("method", ["create", "add", "finish", "close"])
@pytest.mark.parametrize("error", [ValueError("hm"), SystemExit(0)], ids=repr)
def test_a_target_that_fails_costs_its_clip(
    error: BaseException, method: str, job: Callable[..., Report], tmp_path: Path
) -> None:
    report = job(Told(), {method: error})
    assert report.counts["failed"] == 1
    failure = f"{type(error).__name__}: {error}"
    assert report.items[0].reason == f"{tmp_path / 'out.told'}: the plugin that writes it failed: {failure}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", ["create", "add", "finish", "close"])
def test_a_full_disk_under_a_target_stops_the_job_with_a_remedy(
    method: str, job: Callable[..., Report], tmp_path: Path
) -> None:
    with pytest.raises(WriteError, match=r"out\.told: cannot be written: .*: free some space and run again"):
        job(Told(), {method: FULL})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", ["add", "finish"])
def test_a_target_that_cannot_be_closed_after_it_failed_is_told_by_what_came_first(
    method: str, job: Callable[..., Report]
) -> None:
    report = job(Told(), {method: ValueError("first"), "close": FULL})
    assert report.items[0].reason.endswith("ValueError: first")


def test_a_target_without_a_file_costs_its_clip(job: Callable[..., Report], tmp_path: Path) -> None:
    report = job(Told(), {"file": ValueError()})
    assert report.items[0].reason.endswith(
        "out.told: the plugin that writes it made no file at the path that it was given"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_target_is_whole(job: Callable[..., Report], tmp_path: Path) -> None:
    assert job(Told(), {}).counts["done"] == 1
    assert (tmp_path / "out.told").read_bytes() == b"fff"
    assert [path.name for path in tmp_path.iterdir()] == ["out.told"]
