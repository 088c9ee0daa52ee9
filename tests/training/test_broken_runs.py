"""Trainings with a single thing wrong are told by name, and the healthy ones beside them are left in peace.

The trainings are those of `tests/evidence/health.py`, as long as it takes until their ailment is certain.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "evidence"))  # where each script imports others by their names

import health

from img2img.training.watch import findings


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("overpowers", 160), ("vanishing", 220), ("collapse", 120), ("ignored condition", 120),
        ("identity wins", 200), ("inverted brightness", 120), ("not a number", 80),
    ],
)  # fmt: skip
def test_a_broken_training_is_told_by_name(name: str, steps: int, pictures: Path, tmp_path: Path) -> None:
    training = health.TRAININGS[name]
    found = findings(health.trained(training, pictures, tmp_path / "run", steps))
    assert training.expected in {finding.name for finding in found}


@pytest.mark.parametrize("family", ["cyclegan", "stargan"])
def test_a_healthy_training_is_left_in_peace(family: str, pictures: Path, tmp_path: Path) -> None:
    assert findings(health.trained(health.TRAININGS[f"healthy {family}"], pictures, tmp_path / "run", 200)) == []
