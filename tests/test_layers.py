"""Imports go one way, as read from the source: those inside functions count, and those for type checkers too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import img2img

ROOT = Path(__file__).parents[1]
CORE = ROOT / "img2img"
TEMPLATE = CORE / "scaffold" / "template"
"""What new plugins are copied from: a plugin itself, and no part of the core."""
CORE_FILES = sorted(path for path in CORE.rglob("*.py") if TEMPLATE not in path.parents)
PLUGINS = [*sorted(path for path in (ROOT / "plugins").iterdir() if path.is_dir()), TEMPLATE]

FLOORS = (
    "text", "errors", "config", "media", "contract", "nn", "host", "models", "inference", "datasets", "translation",
    "live", "training", "evaluation", "testing", "scaffold", "cli", "__main__",
)  # fmt: skip
"""Each part of the core imports only what stands before it."""
RANK = {unit: rank for rank, unit in enumerate(FLOORS)}

LENT_TO_PLUGINS = {f"img2img{part}" for part in ("", ".nn", ".datasets", ".errors", ".media", ".cli")}


def imports(path: Path, *, types: bool = False) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports when it runs, or also for type checkers (`types`)."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree) if types else _running(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = ".".join([*_package(path, node.level), *filter(None, [node.module])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def unit(name: str) -> str:
    """The part of the core that a dotted name is in: `img2img.nn.losses.x` in `nn`, `img2img.Batch` in `contract`."""
    part = name.split(".")[1] if "." in name else ""
    return img2img._HOMES.get(part, part).split(".")[0]


def core_imports(*, types: bool = False) -> Iterator[tuple[str, str, str]]:
    """Importing unit, imported unit, and where."""
    for path in CORE_FILES:
        own = path.relative_to(CORE).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        for line, name in imports(path, types=types):
            if name.split(".")[0] == "img2img" and unit(name) != own:
                yield own, unit(name), f"{path.relative_to(ROOT)}:{line} imports {name}"


def test_every_part_of_the_core_has_its_floor() -> None:
    parts = {path.name.removesuffix(".py") for path in CORE.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))}
    assert parts - set(RANK) == {"__init__"}


def test_each_part_of_the_core_imports_only_what_stands_before_it() -> None:
    wrong = [where for own, other, where in core_imports() if RANK[other] > RANK[own]]
    assert not wrong, "\n".join(wrong)


def test_imports_for_type_checkers_go_the_same_way_so_that_no_two_folders_need_each_other() -> None:
    wrong = [where for own, other, where in core_imports(types=True) if RANK[other] > RANK[own]]
    assert not wrong, "\n".join(wrong)


def test_the_core_never_imports_a_plugin() -> None:
    wrong = [f"{path}:{line}" for path in CORE_FILES for line, name in imports(path) if name.startswith("img2img_")]
    assert not wrong


def test_importing_the_package_runs_nothing_of_it() -> None:
    assert [name for _, name in imports(CORE / "__init__.py") if name.startswith("img2img")] == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_imports_only_itself_the_public_face_and_third_parties(plugin: Path) -> None:
    (package,) = plugin.glob("img2img_*")
    for path in package.rglob("*.py"):
        for line, name in imports(path):
            module = ".".join(name.split(".")[:2])
            own = name.split(".")[0] == package.name
            lent = module in LENT_TO_PLUGINS or module.removeprefix("img2img.") in img2img.__all__
            assert own or lent or not name.startswith("img2img"), f"{path.relative_to(ROOT)}:{line} imports {name}"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from img2img.nn.losses import x", ["img2img.nn.losses.x"]),
        ("import img2img.media.files as f, os", ["img2img.media.files", "os"]),
        ("def f():\n    from img2img import plugins", ["img2img.plugins"]),
        ("from . import files\nfrom ..nn import y", ["img2img.media.files", "img2img.nn.y"]),
        ("if TYPE_CHECKING:\n    import torch\nelse:\n    import numpy", ["numpy"]),
        ("if typing.TYPE_CHECKING:\n    import torch\ntry:\n    import av\nexcept ImportError:\n    pass", ["av"]),
    ],
)  # fmt: skip
def test_imports_are_found_wherever_they_run(code: str, expected: list[str], tmp_path: Path) -> None:
    path = tmp_path / "img2img" / "media" / "probe.py"
    path.parent.mkdir(parents=True)
    path.write_text(code)
    for package in (path.parent, path.parents[1]):
        (package / "__init__.py").touch()
    assert [name for _, name in imports(path)] == expected


def test_imports_for_type_checkers_are_found_where_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "probe.py"
    path.write_text("import os\nif TYPE_CHECKING:\n    import torch")
    assert [name for _, name in imports(path, types=True)] == ["os", "torch"]


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below, without what stands under `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).split(".")[-1] == "TYPE_CHECKING":
            for other in child.orelse:
                yield other
                yield from _running(other)
        else:
            yield child
            yield from _running(child)


def _package(path: Path, level: int) -> tuple[str, ...]:
    """What the dots of a relative import stand for."""
    if level == 0:
        return ()
    root = next(folder for folder in path.parents if not (folder / "__init__.py").exists())
    parts = path.parent.relative_to(root).parts
    return parts[: len(parts) - level + 1]
