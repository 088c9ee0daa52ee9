"""Prints which tests belong to the files that differ from a commit, and those that hold for every change.

python tests/changed.py [COMMIT]
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ALWAYS = ("tests/test_house_style.py", "tests/test_layers.py", "tests/test_api.py")


def changed(commit: str) -> list[str]:
    """Names of the files that differ from the commit, and of new ones."""
    commands = (["diff", "--name-only", commit], ["ls-files", "--others", "--exclude-standard"])
    return [
        name
        for words in commands
        for name in subprocess.run(
            ["git", *words], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.splitlines()
    ]


def tests_of(name: str) -> Iterator[str]:
    """Where the tests of a file may stand, by the layout of the repository."""
    match name.split("/"):
        case ["tests", *_, last] if last.startswith("test_"):
            yield name
        case ["img2img", *folders, last]:
            yield "/".join(["tests", *folders, f"test_{last}"])
            yield "/".join(["tests", *folders[:1]]) if folders else f"tests/test_{last}"
        case ["plugins" | "samples" as where, plugin, *_]:
            yield f"plugins/{plugin}/tests" if where == "plugins" else "tests/samples"


def chosen(names: Iterable[str]) -> list[str]:
    """Tests of these files that exist, each once."""
    found = [test for name in names for test in tests_of(name) if test != "tests" and (ROOT / test).exists()]
    return list(dict.fromkeys([*ALWAYS, *found]))


if __name__ == "__main__":
    print(*chosen(changed(sys.argv[1] if len(sys.argv) > 1 else "HEAD")))
