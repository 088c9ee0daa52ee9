"""The tutorial of plugins/README.md, followed to the letter: its files written, installed and used by its commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import torch

import img2img
from img2img import Translator
from img2img.contract.traits import Kind

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "plugins" / "README.md").read_text("utf-8")
FILES = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
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


def example(word: str) -> dict[str, Any]:
    """Run the one example in which a word stands, and return its names."""
    (code,) = (each for each in EXAMPLES if word in each)
    names: dict[str, Any] = {"img2img": img2img, "torch": torch}
    exec(code, names)
    return names


def test_the_page_declares_a_condition_of_each_kind() -> None:
    conditions = example("STYLE = ")["traits"].conditions.values()
    assert {condition.kind for condition in conditions} == set(get_args(Kind))


@pytest.mark.parametrize(("name", "frames"), [("Average", ()), ("Blend", (2,)), ("Recurrent", ())])
def test_the_translators_of_clips_on_the_page_give_the_frames_that_they_declare(
    name: str, frames: tuple[int, ...]
) -> None:
    class Remembering(torch.nn.Module):
        def forward(self, images: torch.Tensor, kept: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
            return images if kept is None else (images + kept) / 2, images

    network = Remembering() if name == "Recurrent" else torch.nn.Identity()
    translator: Translator = example(f"class {name}(")[name](network)
    taken = translator.traits.frames_in
    images = torch.rand(1, *([taken] if taken > 1 else []), 3, 4, 6)
    translator.begin()
    assert translator(images).shape == (1, *frames, 3, 4, 6)
    state = translator.state()
    later = translator(images / 2)
    translator.begin()
    translator.restore(state)
    assert torch.equal(translator(images / 2), later)


def test_the_page_declares_a_source_of_noise() -> None:
    assert example("img2img.Noise(")["traits"].source.draw([1, 2, 3]).shape == (3, 64)


@pytest.mark.parametrize("page", ["README.md", "EXAMPLES.md"])
def test_links_to_headings_lead_to_one(page: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / "plugins" / page).read_text("utf-8"), flags=re.DOTALL)
    for file, anchor in re.findall(r"\]\(([\w.]*)#([\w-]+)\)", text):
        headings = re.findall(r"^#+ (.*)$", (ROOT / "plugins" / (file or page)).read_text("utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in anchors, f"{file}#{anchor}"
