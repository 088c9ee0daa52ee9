"""The reference of what plugins may import is made from the docstrings, and these describe every attribute."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

import img2img

PLUGINS = Path(__file__).parents[2] / "plugins"
CONTRACT = sorted(Path(str(img2img.__file__)).with_name("contract").glob("*.py"))


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the page."""
    spec = importlib.util.spec_from_file_location("write_api", PLUGINS / "write_api.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_docstrings_say(script: ModuleType) -> None:
    assert script.render() == script.PAGE.read_text("utf-8"), "run: python plugins/write_api.py"


def test_the_page_has_each_public_name_once(script: ModuleType) -> None:
    names = [line for line in script.render().splitlines() if line.startswith("### ")]
    for name in img2img.__all__:
        found = [line for line in names if line.startswith((f"### `{name}`", f"### `{name}(", f"### class `{name}"))]
        assert [line for line in found if line.split("`")[1].split("(")[0] == name], name


def test_a_class_is_shown_with_its_arguments_fields_and_methods(script: ModuleType) -> None:
    page = script.render()
    assert "### class `PatchGAN(channels: int=3, width: int=64" in page
    assert "- `multiple_of: int = 1`: The height and width of the input are multiples of this;" in page
    assert "#### `Noise.draw(seeds: Sequence[int]) -> Tensor`" in page
    assert "- `DataError`: There is no folder of a class, or no picture in it." in page


@pytest.mark.parametrize("path", CONTRACT, ids=lambda path: path.name)
def test_help_shows_the_meaning_of_every_field_of_the_contract(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    for node in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and not node.name.startswith("_")):
        text = ast.get_docstring(node) or ""
        names = [field.target.id for field in node.body if isinstance(field, ast.AnnAssign)]  # type: ignore[union-attr]
        assert [name for name in names if name[0] != "_" and f"\n    {name}: " not in text] == [], node.name
