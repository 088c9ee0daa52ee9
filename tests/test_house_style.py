"""The rules of the house that ruff does not know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("img2img/**/*.py"), *ROOT.glob("plugins/*/img2img_*/**/*.py")])
BELOW_CLI = [path for path in SOURCES if path.relative_to(ROOT).parts[1] not in ("cli", "__main__.py")]
TESTS = sorted([*ROOT.glob("tests/**/*.py"), *ROOT.glob("plugins/*/tests/**/*.py")])

NAMES_COMMANDS = ("hookspecs.py", "kinds.py", "command.py")
"""Where plugins' commands are taken for what they are and not run, and where a plugin has one."""
ALLOWED = {
    "surroundings.py": {"sys.stdout", "sys.stderr"},
    "testing/server.py": {"sys.argv", "os._exit"},
    "testing/watch.py": {"sys.stdout", "os._exit"},
}
"""What restores the streams of a process, and the process that dies in place of the program."""
FORBIDDEN_BELOW_CLI = {"print", "input", "exit", "quit", "sys.exit", "sys.argv", "sys.stdout", "sys.stderr", "os._exit"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=name_of)
def test_a_file_has_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_function_has_at_most_40_lines_besides_its_docstring(path: Path) -> None:
    lengths = {f"{function.name}, line {function.lineno}": _length(function) for function in _functions(path)}
    assert not {name: length for name, length in lengths.items() if length > 40}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("path", BELOW_CLI, ids=name_of)
def test_nothing_below_the_program_prints_exits_or_reads_the_command_line(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}
    allowed = [names for file, names in ALLOWED.items() if path.as_posix().endswith(f"/{file}")]
    assert not used & FORBIDDEN_BELOW_CLI - set().union(*allowed)
    assert "click" not in used or path.name in NAMES_COMMANDS


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is None:
        return lines
    return lines - ((first.end_lineno or first.lineno) - first.lineno + 1)
