"""A run's folder: `run.toml` says what is trained, on what, and how; a resumed training reads it back."""

from __future__ import annotations

import os
import platform
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import tomli_w
import torch

from img2img.config import TrainingConfig
from img2img.errors import FatalError, UsageError
from img2img.host.copies import copied
from img2img.inference.device import Device
from img2img.media.folder import Folder
from img2img.media.lock import FileLock


def check_at_least(minimum: int, **values: int) -> None:
    """Compare arguments, given by name, with what they must be at least.

    Raises:
        UsageError: One is smaller.
    """
    for name, value in values.items():
        if value < minimum:
            raise UsageError(f"{name}={value} is too small; it is at least {minimum}")


@dataclass(frozen=True)
class Intervals:
    """How many steps of a training lie between two of its regular events.

    Raises:
        UsageError: One is too small.
    """

    validate_every: int = 1000
    """Steps between validations; each is followed by a checkpoint."""
    log_every: int = 100
    """Steps between log lines."""
    examine_every: int = 200
    """Steps between examinations of the training's health; 0 for none."""

    def __post_init__(self) -> None:
        check_at_least(0, examine_every=self.examine_every)
        check_at_least(1, validate_every=self.validate_every, log_every=self.log_every)


@dataclass
class Run:
    """One training, in a folder of its own; `step` is the one count of its steps."""

    folder: Path
    family: str
    config: TrainingConfig
    data: Path
    seed: int = 0
    init: str = ""
    """Model file that the generator starts from."""
    trained_on: str = ""
    license: str = ""
    intervals: Intervals = field(default_factory=Intervals)
    step: int = 0
    """Steps done."""
    device: Device = field(default_factory=Device)

    @property
    def root(self) -> Folder:
        """Return the folder as one that is written to without following links below it."""
        return Folder(self.folder)

    @property
    def previews(self) -> Path:
        """Return the folder of the preview sheets."""
        return self.folder / "previews"

    @property
    def checkpoints(self) -> Path:
        """Return the folder of the checkpoints."""
        return self.folder / "checkpoints"

    def view(self) -> SeenRun:
        """Return a copy for observers, who cannot change the run by it."""
        about = (self.folder, self.family, self.config, self.data, self.seed, self.step)
        return SeenRun(*map(copied, about))

    def model_path(self, direction: str, milestone: str = "") -> Path:
        """Return where a direction's model file stands; that of `forward` has the run's name alone."""
        words = [
            self.folder.resolve().name,
            *([] if direction == "forward" else [direction]),
            *([milestone] if milestone else []),
        ]
        return self.folder / f"{'-'.join(words)}.safetensors"

    def settings(self) -> dict[str, Any]:
        """Return what must be the same when the run goes on."""
        return {
            "family": self.family,
            "data": _text(self.data.resolve()),
            "seed": self.seed,
            "init": self.init,
            "config": self.config.model_dump(mode="json", exclude_none=True),
        }

    def exists(self) -> bool:
        """Return whether a run stands in the folder."""
        return (self.folder / "run.toml").exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Have the folder to oneself; the end of the process, however it comes, gives it back.

        Raises:
            UsageError: The folder cannot be made or written to.
            FatalError: Another process trains there.
        """
        try:
            self.root.make(self.folder)
            held = FileLock(self.root, self.folder / ".lock")
            for folder in (self.checkpoints, self.previews):
                with suppress(FileNotFoundError), self.root.opened(folder):
                    pass
        except BlockingIOError as error:
            raise FatalError(
                f"another process is training in {self.folder}; name another folder, or stop it"
            ) from error
        except OSError as error:
            raise UsageError(f"cannot write to the folder {self.folder}: {error.strerror}; name another") from error
        with closing(held):
            yield

    def begin(self) -> None:
        """Write `run.toml`.

        Raises:
            UsageError: Another run stands in the folder, or files whose names a run needs.
        """
        if self.exists():
            raise UsageError(f"a run stands in {self.folder}: go on with it by --resume, or name another folder")
        taken = [path.name for path in self._outputs() if os.path.lexists(path)]
        if taken:
            raise UsageError(
                f"{self.folder} holds no run, and {', '.join(taken)}, which a run would replace; name "
                "another folder, or take that out of it"
            )
        self.write()

    def write(self) -> None:
        """Write `run.toml`, with the path of the data also as it is seen from the run's folder."""
        about = {
            **self.settings(),
            "data_from_here": _from(_text(self.folder.resolve()), _text(self.data.resolve())),
            "trained_on": self.trained_on,
            "license": self.license,
            **asdict(self.intervals),
            "versions": {
                "img2img-runtime": version("img2img-runtime"),
                "torch": torch.__version__,
                "python": platform.python_version(),
            },
        }
        self.root.write(self.folder / "run.toml", tomli_w.dumps(about).encode())

    def check_same(self) -> list[str]:
        """Compare with the `run.toml` that stands in the folder.

        The data may have moved together with the run, or the run alone.

        Returns:
            The differences with which the run may go on, in words.

        Raises:
            UsageError: The run there is another one; the message names each difference.
        """
        try:
            stored = tomllib.loads((self.folder / "run.toml").read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise UsageError(f"{self.folder / 'run.toml'} cannot be read: {error}") from error
        old, new = _flat(stored), _flat(self.settings())
        if "data_from_here" in old and self._data_stand_at(str(old["data_from_here"])):
            old["data"] = new["data"]
        keys = [*new, *(key for key in old if key.startswith("config.") and key not in new)]
        changed = {
            key: f"{key}: {old.get(key)!r} then, {new.get(key)!r} now" for key in keys if old.get(key) != new.get(key)
        }
        allowed = {f"config.{name}" for name in self.config.changeable}
        if refused := [text for key, text in changed.items() if key not in allowed]:
            raise UsageError(
                f"the run in {self.folder} was begun with other settings:",
                *(f"  {line}" for line in refused),
                "Leave them out to go on with it, or begin another run, with --init from this one's model file.",
            )
        return list(changed.values())

    def _data_stand_at(self, place: str) -> bool:
        """Return whether a path leads from the run's folder to the data."""
        return os.path.normpath(Path(_text(self.folder.resolve()), place)) == _text(self.data.resolve())

    def _outputs(self) -> list[Path]:
        """Return what a run of any family writes into its folder; a run replaces it as it goes on."""
        model = self.model_path("forward")
        tables = [self.folder / name for name in ("log.csv", "log.png", "health.csv")]
        return [self.checkpoints, self.previews, *tables, model, model.with_suffix(".md")]

    def remove_leftovers(self) -> None:
        """Delete what a killed process left of files that it was writing."""
        for folder in (self.folder, self.previews):
            self.root.remove_leftovers(folder)


class SeenRun(NamedTuple):
    """A run as it is at a moment, for observers."""

    folder: Path
    family: str
    config: TrainingConfig
    data: Path
    seed: int
    step: int

    @property
    def root(self) -> Folder:
        """Return the folder as one that is written to without following links below it."""
        return Folder(self.folder)

    @property
    def previews(self) -> Path:
        """Return the folder of the preview sheets."""
        return self.folder / "previews"


def _text(path: Path) -> str:
    """Return a path as text that a TOML file can hold."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _from(folder: str, path: str) -> str:
    """Return a path as it is seen from a folder, or unchanged if the two are on different drives."""
    try:
        return os.path.relpath(path, folder)
    except ValueError:
        return path


def _flat(table: dict[str, Any]) -> dict[str, Any]:
    config = table.get("config")
    if not isinstance(config, dict):  # somebody else's table, which differs from each of this program's
        return table
    return {key: value for key, value in table.items() if key != "config"} | {
        f"config.{key}": config[key] for key in config
    }
