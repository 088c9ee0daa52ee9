"""The example of contrastive unpaired translation: what its loss says, and that it keeps the contract."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

PROJECT = Path(__file__).parents[2] / "samples" / "plugins" / "img2img-cut"


@pytest.fixture(scope="module")
def patches() -> Iterator[Any]:
    """The module that compares patches, imported from the folder of the project."""
    sys.path.insert(0, str(PROJECT))
    try:
        yield importlib.import_module("img2img_cut.patches")
    finally:
        sys.path.remove(str(PROJECT))
        for name in [name for name in sys.modules if name.startswith("img2img_cut")]:
            del sys.modules[name]


def test_a_patch_that_is_most_like_its_own_costs_least(patches: Any) -> None:
    own = torch.nn.functional.normalize(torch.randn(2, 8, 16), dim=2)
    right, wrong = (float(patches.contrast([query], [own], 0.07)) for query in (own, own.roll(1, dims=1)))
    assert right < 0.1
    assert wrong > 3


def test_equal_patches_cost_what_guessing_costs(patches: Any) -> None:
    same = torch.ones(1, 8, 4) / 2
    assert float(patches.contrast([same], [same], 0.07)) == pytest.approx(torch.log(torch.tensor(8.0)).item(), abs=1e-4)


@pytest.mark.slow
def test_it_keeps_the_contract() -> None:
    words = [sys.executable, "-m", "img2img", "check-plugin", str(PROJECT)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize("name", ["cut", "digits"])
def test_the_examples_import_nothing_but_what_is_lent_to_plugins(name: str) -> None:
    code = "".join(path.read_text("utf-8") for path in PROJECT.with_name(f"img2img-{name}").rglob("*.py"))
    modules = set(re.findall(r"^ *(?:from|import) (img2img[\w.]*)", code, re.MULTILINE))
    assert {module for module in modules if not re.fullmatch(r"img2img(\.datasets|\.nn\.\w+)?", module)} == set()


def test_it_is_as_short_as_its_readme_says() -> None:
    assert sum(len(path.read_text("utf-8").splitlines()) for path in PROJECT.rglob("*.py")) < 260
