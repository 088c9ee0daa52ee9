"""Checkpoints: folders with the complete state of a run, written beside and renamed, checked when they are read."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch

from img2img.errors import CheckpointError, WriteError
from img2img.media.files import write_file

log = logging.getLogger(__name__)

KEPT = 3
"""How many of the last checkpoints stay; the best stays too."""


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint on disk."""

    path: Path
    step: int
    sha256: str
    best: bool
    """It had the best validation figure of the run so far."""

    def load(self, device: torch.device) -> dict[str, Any]:
        """Read the state.

        Raises:
            CheckpointError: The file is damaged.
        """
        try:
            data = (self.path / "state.pt").read_bytes()
            if hashlib.sha256(data).hexdigest() != self.sha256:
                raise CheckpointError(f"the checksum of {self.path} is wrong")
            return dict(torch.load(io.BytesIO(data), map_location=device, weights_only=True))
        except (OSError, RuntimeError, UnpicklingError, EOFError) as error:
            raise CheckpointError(f"{self.path} cannot be read: {error}") from error


def save_checkpoint(folder: Path, step: int, state: Mapping[str, Any], *, best: bool) -> Path:
    """Write a checkpoint and remove those that are no longer kept.

    Raises:
        CheckpointError: It could not be written; the earlier ones stand.
    """
    final = folder / f"step-{step:08d}"
    beside = folder / f".step-{step:08d}.part"
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    data = buffer.getbuffer()
    about = {"step": step, "sha256": hashlib.sha256(data).hexdigest(), "best": best}
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        write_file(beside / "state.pt", data)
        write_file(beside / "checkpoint.json", json.dumps(about).encode())
        if final.exists():  # an unreadable one, or the run would have gone on from it
            shutil.rmtree(final)
        beside.rename(final)
        _sync(folder)
    except (OSError, WriteError) as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise CheckpointError(f"cannot write the checkpoint {final}: {error}; the earlier ones are intact") from error
    _prune(folder)
    return final


def list_checkpoints(folder: Path) -> list[Checkpoint]:
    """Return the complete checkpoints of a run, oldest first."""
    found = []
    for path in sorted(folder.glob("step-*")):
        try:
            about = json.loads((path / "checkpoint.json").read_text())
            found.append(Checkpoint(path, int(about["step"]), str(about["sha256"]), bool(about["best"])))
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is no complete checkpoint and is passed over: %s", path, error)
    return found


def load_newest(folder: Path, device: torch.device) -> dict[str, Any] | None:
    """Return the state of the newest readable checkpoint; None where there has been none.

    Raises:
        CheckpointError: There are checkpoints, but none can be read.
    """
    checkpoints = list_checkpoints(folder)
    for checkpoint in reversed(checkpoints):
        try:
            return checkpoint.load(device)
        except CheckpointError as error:
            log.warning("%s; going back to an earlier one", error)
    if checkpoints or any(folder.glob("step-*")):
        raise CheckpointError(f"no checkpoint in {folder} can be read; remove them to begin anew")
    return None


def random_state() -> dict[str, Any]:
    """The state of every global random number generator that a family might use."""
    _, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": random.getstate(),
        "numpy": [torch.from_numpy(np.asarray(keys, np.int64)), int(position), int(has_gauss), float(cached)],
    }


def restore_random_state(state: Mapping[str, Any]) -> None:
    torch.set_rng_state(state["torch"].cpu())
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([rng.cpu() for rng in state["cuda"]])
    random.setstate(state["python"])
    keys, *rest = state["numpy"]
    np.random.set_state(("MT19937", keys.cpu().numpy().astype(np.uint32), *rest))


def _prune(folder: Path) -> None:
    checkpoints = list_checkpoints(folder)
    best = max((checkpoint.step for checkpoint in checkpoints if checkpoint.best), default=None)
    for checkpoint in checkpoints[:-KEPT]:
        if checkpoint.step != best:
            shutil.rmtree(checkpoint.path, ignore_errors=True)


def _sync(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
