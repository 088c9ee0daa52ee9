"""The examples of plugins/EXAMPLES.md, followed to the letter: written, installed and used by the page's commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "plugins" / "EXAMPLES.md").read_text("utf-8")
FILES = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^\$ img2img (.*)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's files, photos, and the plugin installed for those who look into `site`."""
    folder = tmp_path_factory.mktemp("examples")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    (folder / "photos").mkdir()
    for name in ("street", "garden"):
        (folder / "photos" / f"{name}.png").write_bytes((ROOT / "samples" / "images" / f"{name}.png").read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "--target", folder / "site", folder / "img2img-extras"], check=True, capture_output=True)
    return folder


def run(workplace: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(workplace / "site")}
    program = [sys.executable, "-m", "img2img", *shlex.split(command)]
    done = subprocess.run(program, cwd=workplace, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"img2img {command}\n{done.stdout}{done.stderr}"
    return done


def test_the_plugin_provides_an_extension_of_each_kind_that_is_listed(workplace: Path) -> None:
    listed = json.loads(run(workplace, "models --json").stdout)
    own = {"families": "steered", "filters": "fade", "importers": "gains", "sources": "sweep", "targets": "means"}
    assert {kind: name for kind, name in own.items() if name in listed[kind]} == own


@pytest.mark.slow
def test_the_commands_of_the_page_do_what_it_says(workplace: Path) -> None:
    assert [command.split()[0] for command in COMMANDS[:2]] == ["install", "check-plugin"]
    sizes, inspect, photos, sweep = (run(workplace, command) for command in COMMANDS[2:])
    assert re.fullmatch(r"garden.png: \d+×\d+\nstreet.png: \d+×\d+\n", sizes.stdout)
    assert "1.1" in inspect.stdout
    assert sorted(path.name for path in (workplace / "out" / "warm").glob("*.png")) == ["garden.png", "street.png"]
    assert re.search(r"warm\.gains: 2 done in \d+\.\d s", photos.stderr)
    rows = [line.split() for line in (workplace / "out" / "sweep.means").read_text().splitlines()]
    assert [row[0] for row in rows[:3]] == ["0.000", "0.040", "0.080"]
    means = [float(row[1]) for row in rows]
    assert len(means) == 25
    assert means[0] < means[4] < means[9] == pytest.approx(means[12], rel=0.4)
    assert sweep.returncode == 0


@pytest.mark.slow
def test_a_checkpoint_of_another_program_becomes_a_model_with_conditions(workplace: Path) -> None:
    weights = {"enter.weight": torch.rand(4, 3, 1, 1), "leave.weight": torch.rand(3, 4, 1, 1)}
    weights |= {"enter.bias": torch.rand(4), "leave.bias": torch.rand(3)}
    save_file(weights, workplace / "foreign.safetensors")
    run(workplace, "import foreign.safetensors -o steered.safetensors")
    run(workplace, "translate steered.safetensors photos out/winter -c season=winter -c strength=0.5")
    assert len([*(workplace / "out" / "winter").glob("*.png")]) == 2


@pytest.mark.slow
def test_what_the_page_writes_keeps_the_contract(workplace: Path) -> None:
    assert "BROKEN" not in run(workplace, COMMANDS[1]).stdout
