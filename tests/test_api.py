"""The public names of the package."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import img2img

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", img2img.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(getattr(img2img, name), "__name__", "hookimpl") == name


def test_the_public_names_are_listed_once_and_are_what_type_checkers_see() -> None:
    tree = ast.parse(Path(img2img.__file__).read_text("utf-8"))
    typed = [alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    typed = [name for name in typed if name not in ("annotations", "import_module", "TYPE_CHECKING", "Any")]
    assert sorted(img2img.__all__) == sorted(typed) == sorted(img2img._HOMES) == sorted(dir(img2img))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'img2img' has no attribute 'trane'"):
        img2img.trane  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "names", ["", "PluginHost, ModelFamily, Trainer, Translator, Batch, Sample, Img2ImgError, hookimpl"]
)
def test_nothing_that_takes_long_is_imported_before_it_is_used(names: str) -> None:
    program = f"import sys, img2img; [getattr(img2img, name) for name in {names.split(', ') if names else []}]"
    command = [sys.executable, "-c", f"{program}; print(*sys.modules)"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "cv2", "pydantic", "numpy", "kornia", "PIL", "safetensors"} & set(loaded)


def test_plugins_use_only_public_names_of_the_package() -> None:
    for path in sorted(ROOT.glob("plugins/*/img2img_*/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "img2img":
                assert node.attr in img2img.__all__, f"{path}:{node.lineno}: img2img.{node.attr}"
