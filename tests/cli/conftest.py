"""The program in this process, which spares the two seconds that torch takes to load, and in an environment that can be
changed; and something to translate."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from img2img.cli import main


class Done(NamedTuple):
    status: int
    out: str
    err: str


Program = Callable[..., Done]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """Run `img2img WORDS…` as `main` does; numbers and paths become words."""

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["img2img", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capsys.readouterr())

    monkeypatch.setattr(logging, "basicConfig", lambda **options: None)  # pytest has handlers of its own
    return run


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of three pictures, one of them in a folder below."""
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "below/c.png")):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 10, 3), np.uint8)
        (folder / name).write_bytes(cv2.imencode(".png", pixels)[1])
    return folder


@pytest.fixture(autouse=True)
def models(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of models with one in it, `tiny`."""
    monkeypatch.setenv("IMG2IMG_MODELS", str(tiny_model.parent))
    return tiny_model.parent


class Beside:
    """A fresh environment with all that is installed here, where pip and uv find nothing but the wheels made for it.

    Code is only linked, from a folder outside of it, and metadata are copied: nothing that is done there is done here.

    Args:
        folder: An empty one.
        without: A package that is left out.
        opencv: Under which name OpenCV is there.
    """

    def __init__(self, folder: Path, without: str = "no package", opencv: str = "opencv-python") -> None:
        self.folder, self.wheels = folder, folder / "wheels"
        self.wheels.mkdir(parents=True)
        venv.create(folder / "env", symlinks=True)
        base = {"base": folder / "env", "platbase": folder / "env"}
        self.python, self.site = folder / "env" / "bin" / "python", Path(sysconfig.get_path("purelib", vars=base))
        linked = folder / "linked"
        linked.mkdir()
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if path.name.startswith((without, "opencv_")):
                continue
            if path.suffix == ".dist-info":
                shutil.copytree(path, self.site / path.name)
            else:
                (linked / path.name).symlink_to(path)
        (self.site / "linked.pth").write_text(f"import site; site.addsitedir({str(linked)!r})\n")
        with zipfile.ZipFile(self.wheel(opencv, version="5.1")) as wheel:
            wheel.extractall(self.site)

    def wheel(self, name: str, code: str = "", *needs: str, version: str = "1.0", entry: str = "") -> Path:
        """Build the wheel of a module; `entry` is the text of its entry points."""
        module = name.replace("-", "_")
        info = f"{module}-{version}.dist-info"
        about = [
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}",
            *(f"Requires-Dist: {need}" for need in needs),
        ]
        files = {f"{module}.py": code, f"{info}/METADATA": "\n".join(about), f"{info}/entry_points.txt": entry}
        files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
        path = self.wheels / f"{module}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for file, text in files.items():
                archive.writestr(file, text)
        return path

    def run(self, *words: object, cwd: str = "", **variables: str) -> Done:
        """Run `python WORDS…` there, in a folder below its own."""
        own = {name: os.environ[name] for name in ("PATH", "HOME", "OMP_NUM_THREADS") if name in os.environ}
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        pip |= {"PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_CACHE_DIR": "1", "PIP_ROOT_USER_ACTION": "ignore"}
        uv = {"UV_OFFLINE": "1", "UV_FIND_LINKS": str(self.wheels), "UV_NO_CACHE": "1"}
        done = subprocess.run(
            [self.python, *map(str, words)],
            cwd=self.folder / cwd,
            env=own | pip | uv | variables,
            capture_output=True,
            text=True,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def program(self, *words: object, **variables: str) -> Done:
        """Run `img2img WORDS…` there."""
        return self.run("-P", "-m", "img2img", *words, **variables)

    def versions(self) -> set[str]:
        """Everything that is installed there."""
        return {path.name for path in self.site.glob("*.dist-info")}


@pytest.fixture
def make_beside(tmp_path: Path) -> Callable[..., Beside]:
    """Make an environment beside this one: `make_beside(without="pip")`."""
    return lambda **differences: Beside(tmp_path / "beside", **differences)


@pytest.fixture
def beside(make_beside: Callable[..., Beside]) -> Beside:
    return make_beside()
