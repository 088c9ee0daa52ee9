"""run.toml and the lock."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from img2img.config import TrainingConfig
from img2img.errors import FatalError, UsageError
from img2img.training.run import Intervals, Run


class Options(TrainingConfig):
    sizes: tuple[int, ...] = (1, 2)
    weights: Path = Path("none.pth")
    limit: int | None = None


@pytest.fixture
def run_of(tmp_path: Path) -> Callable[..., Run]:
    """The run in one folder, with these options."""

    def run_of(**options: Any) -> Run:
        return Run(tmp_path, "any", Options.parse(options), tmp_path)

    return run_of


def test_options_of_any_kind_survive_run_toml(run_of: Callable[..., Run]) -> None:
    run_of(sizes=(3, 4), weights="a/b.pth").begin()
    run_of(sizes=(3, 4), weights="a/b.pth").check_same()


@pytest.mark.parametrize(
    ("then", "now", "named"),
    [
        ({"limit": 5}, {}, "config.limit: 5 then, None now"),
        ({}, {"limit": 5}, "config.limit: None then, 5 now"),
        ({}, {"sizes": (1, 3)}, r"config.sizes: \[1, 2\] then, \[1, 3\] now"),
    ],
)
def test_each_option_that_differs_is_named(
    then: dict[str, Any], now: dict[str, Any], named: str, run_of: Callable[..., Run]
) -> None:
    run_of(**then).begin()
    with pytest.raises(UsageError, match=named):
        run_of(**now).check_same()


def test_a_folder_is_free_again_after_its_run(run_of: Callable[..., Run]) -> None:
    with run_of().locked(), pytest.raises(FatalError, match="another process is training"), run_of().locked():
        pass
    with run_of().locked():
        pass


@pytest.mark.parametrize(
    ("name", "value", "least"), [("validate_every", 0, 1), ("log_every", 0, 1), ("examine_every", -1, 0)]
)
def test_intervals_that_are_too_small_are_refused(name: str, value: int, least: int) -> None:
    with pytest.raises(UsageError, match=f"{name}={value} is too small; it is at least {least}"):
        Intervals(**{name: value})


def test_the_intervals_stand_in_run_toml(tmp_path: Path) -> None:
    Run(tmp_path, "any", Options(), tmp_path, intervals=Intervals(7, 5, 3)).begin()
    written = tomllib.loads((tmp_path / "run.toml").read_text())
    assert [written[name] for name in ("validate_every", "log_every", "examine_every")] == [7, 5, 3]


@pytest.mark.parametrize("name", ["log.csv", "log.png", "health.csv", "previews", "checkpoints", "zebra.safetensors"])
def test_a_run_does_not_begin_where_it_would_replace_files_of_the_users(name: str, tmp_path: Path) -> None:
    (tmp_path / "zebra" / name).mkdir(parents=True)
    with pytest.raises(UsageError, match=f"holds no run, and {name}, which a run would replace"):
        Run(tmp_path / "zebra", "any", Options(), tmp_path).begin()
    assert [path.name for path in (tmp_path / "zebra").iterdir()] == [name]


@pytest.mark.parametrize(
    ("direction", "milestone", "expected"),
    [
        ("forward", "", "zebra.safetensors"),
        ("backward", "", "zebra-backward.safetensors"),
        ("forward", "pretrain", "zebra-pretrain.safetensors"),
        ("backward", "pretrain", "zebra-backward-pretrain.safetensors"),
    ],
)
def test_a_model_file_has_the_runs_name(direction: str, milestone: str, expected: str, tmp_path: Path) -> None:
    run = Run(tmp_path / "zebra", "any", Options(), tmp_path)
    assert run.model_path(direction, milestone).name == expected
