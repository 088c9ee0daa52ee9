"""Programs to kill, and what they are killed over: pictures, and a model that takes its time."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from img2img.models.file import save_model

PLUGIN = '''
import sys
import time
from pathlib import Path
import img2img
from pydantic import Field
from torch import nn, ones
from torch.nn.functional import interpolate


class SlowConfig(img2img.ModelConfig):
    delay: float = Field(0, ge=0, description="seconds for each image")
    hold: int = Field(0, ge=0, description="after so many images, wait until the working directory has a file `go`")
    level: float = Field(1, ge=0, le=1)


class Slow(nn.Module):
    """level - images, each pixel twice in both directions: the very same bits whatever the batch."""

    def __init__(self, config):
        super().__init__()
        self.config, self.one, self.met = config, nn.Parameter(ones(1)), 0

    def forward(self, images):
        if self.config.hold and self.met >= self.config.hold and not Path("go").exists():
            print("the network waits", file=sys.stderr, flush=True)
            while not Path("go").exists():
                time.sleep(0.002)
        self.met += len(images)
        time.sleep(self.config.delay * len(images))
        return interpolate(self.config.level * self.one - images, scale_factor=2, mode="nearest")


class Family(img2img.ModelFamily):
    name, summary, config_class = "slow", "takes its time", SlowConfig
    training_class = dataset = trainer = None

    def build_generator(self, config):
        return Slow(config)

    def translator(self, config, generator):
        return img2img.Translator(generator, img2img.Traits(scale=2, tiling="exact"))


@img2img.hookimpl
def register_models(register):
    register(Family())
'''


@dataclass
class Running:
    """A program that was started."""

    pid: int
    ask: Callable[[Mapping[str, Any]], Any]
    paths: tuple[Path, Path]
    has_ended: bool = False

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float = 180) -> int:
        """Its exit status; negative for the signal that ended it."""
        status = self.ask({"wait": self.pid, "timeout": timeout})
        self.has_ended = True
        assert status is not None, f"the program did not end within {timeout} seconds"
        return int(status)

    @property
    def out(self) -> str:
        return self.paths[0].read_text("utf-8", "replace")

    @property
    def err(self) -> str:
        return self.paths[1].read_text("utf-8", "replace")


@dataclass
class Done:
    status: int
    out: str
    err: str


class Program:
    """Starts `img2img WORDS…` as a process of its own."""

    def __init__(self, pipe: subprocess.Popen[str], folder: Path) -> None:
        self.pipe, self.folder = pipe, folder
        self.started: list[Running] = []

    def end_all(self) -> None:
        """Kill what still runs, as after a test that failed."""
        for running in self.started:
            if not running.has_ended:
                self.ask({"wait": running.pid, "timeout": 0})
                running.has_ended = True

    def ask(self, order: Mapping[str, Any]) -> Any:
        assert self.pipe.stdin
        assert self.pipe.stdout
        self.pipe.stdin.write(json.dumps(order) + "\n")
        self.pipe.stdin.flush()
        return json.loads(self.pipe.stdout.readline())

    def start(
        self,
        *words: object,
        cwd: Path | None = None,
        largest_file: int = 0,
        as_nobody: bool = False,
        terminal: str = "",
        ignored: tuple[int, ...] = (),
    ) -> Running:
        number = len(self.started)
        paths = self.folder / f"{number}.out", Path(terminal or self.folder / f"{number}.err")
        paths[1].touch()  # for those who read it at once
        order = {
            "argv": [*map(str, words)],
            "cwd": str(cwd or self.folder),
            "out": str(paths[0]),
            "err": str(paths[1]),
            "largest_file": largest_file,
            "as_nobody": as_nobody,
            "ignored": ignored,
        }
        self.started.append(Running(int(self.ask(order)), self.ask, paths))
        return self.started[-1]

    def __call__(self, *words: object, timeout: float = 180, **options: Any) -> Done:
        running = self.start(*words, **options)
        return Done(running.wait(timeout), running.out, running.err)


@pytest.fixture(scope="session")
def site() -> Iterator[Path]:
    """A folder for PYTHONPATH where the plugin is installed; everybody may read it, unlike pytest's folders."""
    folder = Path(tempfile.mkdtemp(prefix="img2img-test-site-"))
    folder.chmod(0o755)
    (folder / "img2img_slow.py").write_text(PLUGIN, "utf-8")
    info = folder / "img2img_slow-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[img2img]\nslow = img2img_slow\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: img2img-slow\nVersion: 1.0\n")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def model(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a model file of the plugin's family."""
    spec = importlib.util.spec_from_file_location("slow_for_model_files", site / "img2img_slow.py")
    assert spec
    assert spec.loader
    plugin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plugin)
    folder = tmp_path_factory.mktemp("models")

    def model(**options: float) -> Path:
        path = folder / f"{'-'.join(f'{name}{value}' for name, value in options.items())}.safetensors"
        if not path.exists():
            config = plugin.SlowConfig.parse(options)
            save_model(path, plugin.Slow(config), config, family="slow", scale=2)
        return path

    return model


@pytest.fixture(scope="session")
def environment(site: Path) -> dict[str, str]:
    """For programs that shall find the plugin."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])}


@pytest.fixture(scope="session")
def program(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    script = Path(__file__).with_name("forking.py")
    with subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as pipe:
        yield Program(pipe, tmp_path_factory.mktemp("programs"))
        pipe.kill()  # its own end takes a second, and has nothing to tidy up


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-four small pictures in three folders; nobody writes there."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(24):
        path = folder / ("", "b", "b/c")[number % 3] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number))
    return folder


@pytest.fixture(scope="session")
def golden(program: Program, photos: Path, model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What an uninterrupted job makes of `photos`."""
    folder = tmp_path_factory.mktemp("golden")
    assert program("translate", model(delay=0), photos, folder).status == 0
    return tree(folder)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may enter, unlike `tmp_path`."""
    folder = Path(tempfile.mkdtemp(prefix="img2img-test-"))
    folder.chmod(0o777)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o777)
    shutil.rmtree(folder)


@pytest.fixture(name="tree", scope="session")
def tree_fixture() -> Callable[[Path], dict[str, bytes]]:
    return tree


@pytest.fixture(name="picture", scope="session")
def picture_fixture() -> Callable[..., bytes]:
    return picture


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """Wait until something is so."""

    def until(so: Callable[[], bool], timeout: float = 180) -> None:
        deadline = time.monotonic() + timeout
        while not so():
            assert time.monotonic() < deadline, "it never came to be"
            time.sleep(0.002)

    return until


def tree(folder: Path) -> dict[str, bytes]:
    """Every file but those of the journal, by name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".img2img" not in path.parts
    }


def picture(seed: int, height: int = 6, width: int = 8, suffix: str = ".png") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.imencode(suffix, pixels)[1].tobytes()
