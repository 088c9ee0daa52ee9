"""Copies of a tiny plugin that keeps every promise, to be made bad; and what came of checking one."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TINY = Path(__file__).with_name("tiny")


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Copy the tiny plugin's project under a name of its own: `project("halo", ("translator.py", "halo=5", "…"))`."""

    def project(name: str = "tiny", *changes: tuple[str, str, str]) -> Path:
        root = tmp_path / f"project-{name}"
        for source in TINY.rglob("*.*"):
            if source.suffix in (".py", ".toml"):
                target = root / str(source.relative_to(TINY)).replace("img2img_tiny", f"img2img_{name}")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(source.read_text("utf-8").replace("tiny", name), "utf-8")
        for file, old, new in changes:
            path = root / file if file == "pyproject.toml" else root / f"img2img_{name}" / file
            text = path.read_text("utf-8")
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
            path.write_text(text.replace(old, new), "utf-8")
        return root

    return project


@pytest.fixture
def family(
    project: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """Import the family of such a copy: `family("halo", (file, old, new))`."""
    before = set(sys.modules)

    def family(name: str = "tiny", *changes: tuple[str, str, str]) -> Any:
        monkeypatch.syspath_prepend(str(project(name, *changes)))
        return importlib.import_module(f"img2img_{name}.family").Tiny()

    yield family
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
