"""The example of a stranger's plugin: installed from its folder into a fresh environment, and used there."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "samples" / "plugins" / "img2img-faststyle"
PICTURES = ROOT / "samples" / "images"
SMALL = ["steps=4", "batch_size=1", "crop=32", "width=4", "blocks=1"]


def run(*words: object, cwd: Path | None = None, status: int = 0) -> str:
    """Run a program; return what it says, on either stream."""
    done = subprocess.run([*map(str, words)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has all that this one has, and the plugin."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    base = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", vars=base))
    (site / "linked.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--no-index", "--no-build-isolation", "--no-cache-dir", PROJECT)
    return python


@pytest.fixture(scope="module")
def trained(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file, after a few steps on the samples."""
    folder = tmp_path_factory.mktemp("runs") / "print"
    options = [word for option in ("style=images/poster.png", *SMALL) for word in ("-o", option)]
    words = ("train", "faststyle", PICTURES, "--run", folder, "--device", "cpu", *options)
    run(python, "-m", "img2img", *words, cwd=PICTURES.parent)
    return folder / "print.safetensors"


def test_it_is_listed_once_it_is_installed(python: Path) -> None:
    (line,) = [line for line in run(python, "-m", "img2img", "plugins").splitlines() if "img2img-faststyle" in line]
    assert line.split() == ["faststyle", "img2img-faststyle", "0.1.0", "ok", "families:", "faststyle"]


@pytest.mark.slow
def test_it_keeps_the_contract(python: Path) -> None:
    assert "passed" in run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=PROJECT)


@pytest.mark.slow
def test_it_translates_a_folder_after_a_training(python: Path, trained: Path, tmp_path: Path) -> None:
    run(python, "-m", "img2img", "translate", trained, PICTURES, tmp_path / "out", "--device", "cpu")
    for path in PICTURES.iterdir():
        with Image.open(path) as source, Image.open(tmp_path / "out" / path.name) as result:
            assert result.size == source.size


def test_its_model_file_says_whose_it_is_and_not_where_the_style_was(python: Path, trained: Path) -> None:
    assert "img2img-faststyle/faststyle" in run(python, "-m", "img2img", "inspect", trained)
    card = trained.with_suffix(".md").read_text()
    assert 'style = "poster.png"' in card
    assert b"/poster.png" not in trained.read_bytes() + card.encode()


def test_where_it_is_not_installed_its_model_file_names_the_package(trained: Path, tmp_path: Path) -> None:
    words = ("translate", trained, PICTURES, tmp_path / "out")
    assert "img2img install img2img-faststyle" in run(sys.executable, "-m", "img2img", *words, status=2)


def test_a_style_that_is_not_there_is_refused(python: Path, tmp_path: Path) -> None:
    words = ("train", "faststyle", PICTURES, "--run", tmp_path / "run", "-o", "style=no-such.png")
    assert "option 'style'" in run(python, "-m", "img2img", *words, status=2)


def test_it_imports_nothing_of_the_program_but_what_is_lent_to_plugins() -> None:
    code = "".join(path.read_text("utf-8") for path in PROJECT.rglob("*.py"))
    assert set(re.findall(r"(?:from|import) (img2img[\w.]*)", code)) == {
        "img2img",
        "img2img.datasets",
        *(f"img2img.nn.{module}" for module in ("blocks", "perceptual", "resnet", "schedules", "signed", "sizes")),
    }


def test_it_is_as_short_as_its_readme_says() -> None:
    assert sum(len(path.read_text("utf-8").splitlines()) for path in PROJECT.rglob("*.py")) <= 160
