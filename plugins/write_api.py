"""This script writes API.md, which describes what plugins may import, from the docstrings; it imports none of that."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path(__file__).with_name("API.md")
PACKAGES = ("img2img", "img2img.datasets", "img2img.media", "img2img.testing")
"""Packages whose `__all__` is what they offer."""
MODULES = ("img2img.errors", "img2img.nn.*", "img2img.testing.trainers")
"""Modules that offer every name without an underscore."""
HEAD = """\
# What plugins may import

`python plugins/write_api.py` makes this page of the docstrings: change these, and not the page. `help` shows the same.
"""
SECTIONS = ("Args", "Returns", "Raises", "Yields")

Named = ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign
Definition = tuple[str, Named, str]
"""A name, its definition, and the text that describes it."""


def render() -> str:
    """Return the text of the page."""
    parts = [HEAD]
    for package in PACKAGES:
        parts += [f"## {package}\n", *(text for definition in offered(package) for text in described(*definition))]
    for module in modules():
        tree = parsed(module)
        parts += [f"## {module}\n", f"{ast.get_docstring(tree)}\n"]
        parts += [text for definition in own(tree) if definition[2] for text in described(*definition)]
    return "\n".join(parts)


def modules() -> Iterator[str]:
    """Return the modules that are described whole."""
    for module in MODULES:
        if module.endswith(".*"):
            folder = ROOT.joinpath(*module.split(".")[:-1])
            yield from (f"{module[:-2]}.{path.stem}" for path in sorted(folder.glob("[!_]*.py")))
        else:
            yield module


def offered(package: str) -> Iterator[Definition]:
    """Return the definition of each name in a package's `__all__`."""
    tree = parsed(package)
    (names,) = (node.value for node in tree.body if isinstance(node, ast.Assign) and "__all__" in targets(node))
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module)
    homes = {alias.name: str(node.module) for node in imports for alias in node.names}
    for name in ast.literal_eval(names):
        yield next(definition for definition in own(parsed(homes[name])) if definition[0] == name)


def own(tree: ast.Module) -> Iterator[Definition]:
    """Return the definitions of the public names of a module, in their order."""
    for place, node in enumerate(tree.body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found = [node.name]
            text = ast.get_docstring(node) or ""
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found = targets(node)
            text = text_below(tree.body, place)
        else:
            continue
        yield from ((name, node, text) for name in found if not name.startswith("_"))


def described(name: str, node: Named, text: str) -> Iterator[str]:
    """Return the section of a name: its signature, its docstring, and what is in it."""
    if isinstance(node, ast.ClassDef):
        about, attributes = divided(text)
        yield f"### class `{name}{made_of(node)}`\n\n{formatted(about)}"
        yield from fields(node, attributes)
        yield from methods(node)
    elif isinstance(node, ast.FunctionDef):
        yield f"### `{signature(node)}`\n\n{formatted(text)}"
    else:
        yield f"### `{name}`\n\n{formatted(text)}"


def divided(docstring: str) -> tuple[str, dict[str, str]]:
    """Return the docstring of a class without its section of attributes, and name to text of these."""
    before, _, rest = f"{docstring}\n".partition("\nAttributes:\n")
    section, blank, after = rest.partition("\n\n")
    attributes: dict[str, str] = {}
    for line in section.splitlines():
        if entry := re.match(r"    (\w+):\s+(.*)", line):
            attributes[name := entry[1]] = entry[2]
        elif attributes:
            attributes[name] += f" {line.strip()}"
    return before.rstrip() + (f"\n\n{after}" if blank else ""), attributes


def made_of(node: ast.ClassDef) -> str:
    """Return in brackets what a class is made with, or else what it extends."""
    begin = next((each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None)
    text = args(begin) if begin else ", ".join(map(ast.unparse, node.bases))
    return f"({text})" if text else ""


def fields(node: ast.ClassDef, attributes: dict[str, str]) -> Iterator[str]:
    """Return a line for each public field of a class."""
    lines = []
    for place, field in enumerate(node.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and field.target.id[0] != "_":
            text = attributes.get(field.target.id) or " ".join(text_below(node.body, place).split())
            lines.append(f"- `{ast.unparse(field)}`{f': {text}' if text else ''}")
    if lines:
        yield "\n".join(lines) + "\n"


def methods(node: ast.ClassDef) -> Iterator[str]:
    """Return the public methods and properties of a class."""
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and (method.name[0] != "_" or method.name == "__call__"):
            decorators = {ast.unparse(decorator) for decorator in method.decorator_list}
            if "overload" not in decorators:
                yield f"#### `{signature(method, node.name)}`\n\n{formatted(ast.get_docstring(method) or '')}"


def signature(node: ast.FunctionDef, owner: str = "") -> str:
    """Return how a function is called, with the types of its arguments."""
    name = f"{owner}.{node.name}" if owner else node.name
    if any(ast.unparse(decorator) in ("property", "cached_property") for decorator in node.decorator_list):
        return f"{name}: {ast.unparse(node.returns) if node.returns else ''}"
    return f"{name}({args(node)}){f' -> {ast.unparse(node.returns)}' if node.returns else ''}"


def args(node: ast.FunctionDef) -> str:
    """Return the arguments of a function, without `self` and `cls`."""
    return re.sub(r"^(self|cls)(, |$)", "", ast.unparse(node.args))


def formatted(docstring: str) -> str:
    """Return a docstring as Markdown: its sections are lists."""
    lines, section = [], ""
    for line in docstring.splitlines():
        if line.rstrip(":") in SECTIONS and line.endswith(":"):
            section = line.rstrip(":")
            lines += [f"**{section}**", ""]
        elif section and (entry := re.match(r"    (\*{0,2}[\w.]+):\s+(.*)", line)):
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        elif section and line.startswith("    "):
            lines.append(f"  {line.strip()}" if lines[-1].startswith(("- ", "  ")) else line.strip())
        else:
            section = section if not line else ""
            lines.append(line)
    return "\n".join(lines).strip() + "\n"


def text_below(body: list[ast.stmt], place: int) -> str:
    """Return the string that stands below a statement and describes it."""
    after = body[place + 1] if place + 1 < len(body) else None
    is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    return str(after.value.value) if is_text and isinstance(after.value.value, str) else ""  # type: ignore[union-attr]


def targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    """Return the names to which a statement gives a value."""
    found = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in found if isinstance(target, ast.Name)]


def parsed(module: str) -> ast.Module:
    """Return the syntax tree of a module."""
    path = ROOT.joinpath(*module.split("."))
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8"))


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
