"""A training with a single thing wrong is warned of by name, and a healthy one is not warned of.

The trainings are those of `tests/evidence/health.py`. How soon an ailment is certain depends on how a processor rounds;
that it becomes certain long before the training ends does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "evidence"))  # where each script imports others by their names

import health

from img2img.training.health.log import HealthLog


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, training in health.TRAININGS.items() if training.expected])
def test_a_broken_training_is_warned_of_by_name(name: str, pictures: Path, tmp_path: Path) -> None:
    training = health.TRAININGS[name]
    found = HealthLog(health.trained(training, pictures, tmp_path / "run")).load().findings
    assert training.expected in {finding.name for finding in found}


@pytest.mark.slow
@pytest.mark.parametrize("family", ["cyclegan", "stargan"])
def test_a_healthy_training_is_not_warned_of(family: str, pictures: Path, tmp_path: Path) -> None:
    run = health.trained(health.TRAININGS[f"healthy {family}"], pictures, tmp_path / "run", 200)
    assert HealthLog(run).load().findings == []
