"""Plugins that do what no plugin should: none ends a command that does not need it, and none gets status 0 for work
that is not done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Program, picture, tree
from .misdeeds import MISDEEDS, install

OPTIONS = {"scale": 2, "width": 4, "depth": 1, "crop": 16, "batch_size": 1, "pretrain_steps": 2, "gan_steps": 0}
TRAINED = (
    "forces_step", "forces_config", "forces_losses", "exits", "dies_in_thread", "dies_late", "presses_ctrl_c",
    "deletes_all_late",
)  # fmt: skip
"""Those that are tried in a training, too, which takes its time."""
PREPARE = "from img2img import PluginHost; host = PluginHost.discover(); host._refuse_deadly(host.plugins)"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of programs for which all these plugins are installed, and their imports were tried."""
    site, cache = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("cache")
    for name in MISDEEDS:
        install(site, name)
    path = os.pathsep.join([str(site), *filter(None, sys.path)])
    return {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(cache), "PYTHONFAULTHANDLER": ""}


@pytest.fixture(scope="module")
def program(world: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    subprocess.run([sys.executable, "-c", PREPARE], env=world, check=True, capture_output=True, timeout=600)
    script = Path(__file__).with_name("forking.py")
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, script], text=True, env=world, start_new_session=True, **streams) as pipe:
        program = Program(pipe, tmp_path_factory.mktemp("programs"))
        yield program
        program.end_all()
        pipe.kill()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {f"{number}.png": picture(number, 18, 20) for number in range(3)}


def spread(photos: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, data in photos.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def options() -> list[str]:
    return [word for name, value in OPTIONS.items() for word in ("-o", f"{name}={value}")]


def test_no_plugin_ends_a_command_that_does_not_need_it(world: dict[str, str]) -> None:
    for words in (["--help"], ["models"], ["plugins"], ["models", "grain"]):
        done = subprocess.run(
            [sys.executable, "-m", "img2img", *words], env=world, capture_output=True, text=True, timeout=600
        )
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), (words, done.stderr)


@pytest.mark.slow
def test_no_job_succeeds_by_dying_or_by_being_emptied(
    program: Program, photos: dict[str, bytes], tmp_path: Path
) -> None:
    model = Path(__file__).parents[2] / "samples" / "models" / "photo-x2.safetensors"
    words = ("translate", model, "photos", "out")
    for name in ("none", *MISDEEDS):
        spread(photos, tmp_path / name / "photos")
    assert program("--plugins", "srgan", *words, cwd=tmp_path / "none").status == 0
    golden = tree(tmp_path / "none" / "out")
    wrong = []
    for name, misdeed in MISDEEDS.items():
        done = program("--plugins", f"srgan,{name}", *words, cwd=tmp_path / name)
        is_whole = (tmp_path / name / "out").is_dir() and tree(tmp_path / name / "out") == golden
        if (done.status == 0 and not is_whole) or misdeed.translate not in (None, done.status):
            wrong.append(f"{name}: status {done.status} and not {misdeed.translate}, {is_whole=}: {done.err}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_no_training_succeeds_by_dying_or_by_being_emptied(
    program: Program, photos: dict[str, bytes], options: list[str], tmp_path: Path
) -> None:
    wrong = []
    for name in TRAINED:
        misdeed = MISDEEDS[name]
        folder = spread(photos, tmp_path / name / "photos").parent
        words = ("train", "srgan", "photos", "--run", "run", "--log-every", 1, "--examine-every", 0, *options)
        done = program("--plugins", f"srgan,{name}", *words, cwd=folder)
        is_whole = (folder / "run" / "run.safetensors").is_file()
        if (done.status == 0 and not is_whole) or misdeed.train not in (None, done.status):
            wrong.append(f"{name}: status {done.status} and not {misdeed.train}, {is_whole=}: {done.err}")
    assert not wrong, "\n".join(wrong)
