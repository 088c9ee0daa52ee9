"""No shell, no code from data, and no user's file in the hands of OpenCV: read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("img2img/**/*.py"), *ROOT.glob("plugins/*/img2img_*/**/*.py")])

BUILTINS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN = {
    "os": {"system", "popen", "execv", "execvp", "spawnv", "spawnl", "startfile"},
    "subprocess": {"getoutput", "getstatusoutput"},
    "pickle": {"load", "loads", "Unpickler"},
    "dill": {"load", "loads"},
    "marshal": {"load", "loads"},
    "shelve": {"open"},
    "joblib": {"load"},
    "yaml": {"load", "unsafe_load", "full_load"},
    "torch.jit": {"load"},
    "torch.hub": {"load"},
    "torch.package": {"PackageImporter"},
    "cv2": {"imread", "imreadmulti", "imreadanimation", "imwrite", "imwritemulti", "VideoCapture", "VideoWriter"},
}
# A camera has a number, which is no file, and PyAV's wheel knows no cameras; `CameraSource` takes nothing but numbers.
ALLOWED = {"plugins/clips/img2img_clips/camera.py": {"cv2.VideoCapture"}}


def dangers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each thing that may not be used, under whatever name it was imported."""
    names = _imported_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if _is_forbidden(f"{node.module}.{alias.name}"):
                    yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Name) and node.id in BUILTINS:
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and _is_forbidden(_dotted(node, names)):
            yield node.lineno, _dotted(node, names)
        elif isinstance(node, ast.Call):
            yield from _dangerous_arguments(node, _dotted(node.func, names))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_file_uses_nothing_dangerous(path: Path) -> None:
    found = [name for _, name in dangers(ast.parse(path.read_text("utf-8")))]
    assert set(found) == ALLOWED.get(path.relative_to(ROOT).as_posix(), set()), found


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')",
        "exec(text)",
        "import os; os.system('ls')",
        "import os as o; o.popen('ls')",
        "from os import system",
        "import subprocess; subprocess.run('ls', shell=True)",
        "run(command, shell=flag)",
        "import pickle; pickle.load(file)",
        "from pickle import loads as read",
        "import torch; torch.load(path)",
        "import torch as t; t.load(path, weights_only=False)",
        "import torch; torch.load(path, weights_only=flag)",
        "from torch import load; load(path)",
        "import torch; torch.jit.load(path)",
        "from torch import jit; jit.load(path)",
        "import numpy as np; np.load(path, allow_pickle=True)",
        "import cv2; cv2.imread(name)",
        "def f():\n    import cv2 as opencv\n    opencv.imwrite(name, image)",
        "from img2img.media.opencv import cv2; cv2.VideoCapture(0)",
    ],
)
def test_what_is_dangerous_is_found(code: str) -> None:
    assert list(dangers(ast.parse(code)))


def test_what_is_harmless_is_let_through() -> None:
    code = "import torch, subprocess, re; torch.load(p, weights_only=True); subprocess.run(['ls']); re.compile(x)"
    assert list(dangers(ast.parse(code))) == []


def _imported_names(tree: ast.AST) -> dict[str, str]:
    """What a name in the file stands for: `np` for `numpy`, `jit` for `torch.jit`."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return {name: target.removeprefix("img2img.media.opencv.") for name, target in names.items()}


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    first, _, rest = ast.unparse(node).partition(".")
    return ".".join(filter(None, [names.get(first, first), rest]))


def _is_forbidden(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    return attribute in FORBIDDEN.get(module, ())


def _dangerous_arguments(call: ast.Call, name: str) -> Iterator[tuple[int, str]]:
    given = {argument.arg: ast.unparse(argument.value) for argument in call.keywords}
    if given.get("shell", "False") != "False":
        yield call.lineno, f"{name}(shell=…)"
    if given.get("allow_pickle", "False") != "False":
        yield call.lineno, f"{name}(allow_pickle=…)"
    if name == "torch.load" and given.get("weights_only") != "True":
        yield call.lineno, "torch.load without weights_only=True"
