"""The tutorial of plugins/README.md, followed to the letter: its files written, installed and used by its commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "plugins" / "README.md").read_text("utf-8")
FILES = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^\$ img2img (.*)$", PAGE, re.MULTILINE)
FEWER = {"train": "-o steps=3 -o width=8 -o crop=32 -o batch_size=2"}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tutorial's files, photos, and the plugin installed for those who look into `site`."""
    folder = tmp_path_factory.mktemp("tutorial")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    for images in ("photos", "noisy"):
        (folder / images).mkdir()
        for name in ("street", "garden", "poster"):
            (folder / images / f"{name}.png").write_bytes((ROOT / "samples" / "images" / f"{name}.png").read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "--target", folder / "site", folder / "img2img-restore"], check=True, capture_output=True)
    return folder


def run(workplace: Path, command: str) -> str:
    words = shlex.split(command)
    words += shlex.split(FEWER.get(words[0], ""))
    environment = {**os.environ, "PYTHONPATH": str(workplace / "site")}
    program = [sys.executable, "-m", "img2img", *words]
    done = subprocess.run(program, cwd=workplace, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"img2img {command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_what_the_tutorial_writes_trains_and_translates_by_its_commands(workplace: Path) -> None:
    assert len(FILES) == 5
    assert [command.split()[0] for command in COMMANDS[:4]] == ["install", "check-plugin", "train", "translate"]
    assert re.search(
        r"^restore +img2img-restore 0.1.0 +ok  families: restore$", run(workplace, "plugins"), re.MULTILINE
    )
    for command in COMMANDS[2:4]:
        run(workplace, command)
    assert sorted(path.name for path in (workplace / "out" / "clean").glob("*.png")) == [
        "garden.png",
        "poster.png",
        "street.png",
    ]
    assert "family         img2img-restore/restore" in run(workplace, "inspect runs/restore/restore.safetensors")


@pytest.mark.slow
def test_what_the_tutorial_writes_keeps_the_contract(workplace: Path) -> None:
    for command in COMMANDS[1], "check-plugin ./img2img-restore":
        assert "BROKEN" not in run(workplace, command)
