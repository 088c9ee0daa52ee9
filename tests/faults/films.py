"""Clips to translate with programs that are sabotaged on the way (see `saboteur`)."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from img2img.models.file import save_model

from ..video import clips as clips
from ..video import damage as damage
from ..video import look as look
from . import saboteur

SEGMENT = 10
STATE = ".img2img"

KILLED = 3
"""The exit status where a plugin of a stranger kills the process that does the work: the program has another one."""


@dataclass
class Stage:
    """A folder with sources, where programs run one after the other."""

    program: Any
    site: Path
    folder: Path
    words: tuple[object, ...] = ()
    """Options for all of them."""
    sources: dict[Path, tuple[str, int]] = field(default_factory=dict)

    time: str = ""
    """What the model knows of other frames: "window", "memory", or nothing."""

    def __post_init__(self) -> None:
        self.model = install(self.site, self.time)

    def clip(self, name: str = "a.mp4", **options: Any) -> Path:
        """Write a source, of 35 frames where nothing else is asked for."""
        path = self.folder / "in" / name
        path.parent.mkdir(exist_ok=True)
        clips.write(path, **{"frames": 35, "size": (64, 48), **options})
        return self.keep(path)

    def keep(self, path: Path) -> Path:
        """From now on, a source must not change."""
        self.sources[path] = fingerprint(path)
        return path

    def order(self, **knobs: Any) -> None:
        """Sabotage the programs that start from now on."""
        for name in ("frames", "steps", "batches", "go"):
            (self.folder / name).unlink(missing_ok=True)
        notes = {name: str(self.folder / name) for name in ("frames", "steps", "batches")}
        everyday = {"segment": SEGMENT, **notes}
        (self.folder / "sabotage.json").write_text(json.dumps(everyday | knobs))

    def start(self, source: object, target: object, *words: object, **options: Any) -> Any:
        return self.program.start(
            "translate", self.model, source, target, *self.words, *words, cwd=self.folder, **options
        )

    def __call__(self, source: object, target: object, *words: object, **knobs: Any) -> Any:
        """Run one to its end."""
        program = {name: knobs.pop(name) for name in ("largest_file", "as_nobody") if name in knobs}
        self.order(**knobs)
        command = ("translate", self.model, source, target, *self.words, *words)
        done = self.program(*command, cwd=self.folder, **program)
        assert "Traceback" not in done.err, done.err
        assert {path: fingerprint(path) for path in self.sources} == self.sources, "a source was changed"
        return done

    def ended(self, status: int, *arguments: object, **knobs: Any) -> Any:
        """Run one, which must end with a status."""
        done = self(*arguments, **knobs)
        assert done.status == status, done.err
        return done

    def killed_before(self, step: str, source: object, target: object, *words: object) -> None:
        """Run one that is killed before its first step that contains something."""
        place = (self.folder / str(target)).parent if "." in str(target) else self.folder / str(target)
        self.ended(KILLED, source, target, *words, watched=str(place), kill_before=step)

    def killed(self, source: object, target: object, at: int, *words: object, **knobs: Any) -> None:
        """Run one that is killed when `at` frames are done."""
        self.ended(KILLED, source, target, *words, signals={at: 9}, **knobs)

    @property
    def frames(self) -> list[int]:
        """Which frames the last program translated."""
        path = self.folder / "frames"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    @property
    def batches(self) -> int:
        """How many batches have come to the network of the last program."""
        path = self.folder / "batches"
        return len(path.read_text().split()) if path.exists() else 0

    @property
    def steps(self) -> list[str]:
        """What the last program did to the folder that was watched."""
        return (self.folder / "steps").read_text().splitlines()

    def files(self, folder: str | Path) -> dict[str, bytes]:
        """Every file, by name."""
        root = self.folder / folder
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}

    def results(self, folder: str | Path) -> dict[str, bytes]:
        """Every file but those that a job has for itself."""
        return {name: data for name, data in self.files(folder).items() if STATE not in name}

    def state(self, target: str | Path) -> Path:
        """Where a job keeps what is not finished of a target."""
        path = self.folder / target
        return path.parent / STATE / "clips" / path.name

    def segments(self, target: str | Path) -> list[str]:
        return sorted(path.name for path in self.state(target).glob("[0-9]*[0-9].npz"))


def install(site: Path, time: str = "") -> Path:
    """Make the plugin known to the programs, and return a model file of its family."""
    model = site / f"film{time}.safetensors"
    if not (site / "img2img_saboteur.py").exists():
        shutil.copy(saboteur.__file__, site / "img2img_saboteur.py")
        info = site / "img2img_saboteur-1.0.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text("[img2img]\nsaboteur = img2img_saboteur\n")
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: img2img-saboteur\nVersion: 1.0\n")
    if not model.exists():
        save_model(model, saboteur.Film(), saboteur.FilmConfig(time=time), family="film", scale=1)
        model.chmod(0o644)
    return model


def fingerprint(path: Path) -> tuple[str, int]:
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns


def waiter(stage: Stage) -> Callable[[], bool]:
    """Tells whether a program has begun to translate."""
    return lambda: bool(stage.frames)
