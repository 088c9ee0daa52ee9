"""Checkpoints are folders with the complete state of a run, written beside and renamed, checked when they are read."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from img2img.errors import CheckpointError, WriteError
from img2img.media.folder import Folder

log = logging.getLogger(__name__)

KEPT = 3
"""The number of last checkpoints that are kept; the best is kept too."""


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint on disk."""

    path: Path
    step: int
    sha256: str
    best: bool
    """Whether it had the best validation figure of the run so far."""

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
    run = Folder(folder.parent)
    try:
        for leftover in folder.glob(".step-*.part"):
            run.remove(leftover)
        run.make(beside)
        run.write(beside / "state.pt", data)
        run.write(beside / "checkpoint.json", json.dumps(about).encode())
        if os.path.lexists(final):  # an unreadable one, or the run would have gone on from it
            run.remove(final)
        run.rename(beside, final)
    except (OSError, WriteError) as error:
        with suppress(OSError):
            run.remove(beside)
        raise CheckpointError(f"cannot write the checkpoint {final}: {error}; the earlier ones are intact") from error
    _prune(run, folder, step)
    return final


def list_checkpoints(folder: Path) -> list[Checkpoint]:
    """Return the complete checkpoints of a run, oldest first."""
    found = []
    for path in folder.glob("step-*"):
        try:
            about = json.loads((path / "checkpoint.json").read_text())
            found.append(Checkpoint(path, int(about["step"]), str(about["sha256"]), bool(about["best"])))
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            log.warning("%s is no complete checkpoint and is passed over: %s", path, error)
    return sorted(found, key=lambda checkpoint: checkpoint.step)


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


def _prune(run: Folder, folder: Path, step: int) -> None:
    """Keep the last ones up to `step`, which was just written; later ones cannot be read, or the run would be there."""
    checkpoints = [checkpoint for checkpoint in list_checkpoints(folder) if checkpoint.step <= step]
    best = max((checkpoint.step for checkpoint in checkpoints if checkpoint.best), default=None)
    for checkpoint in checkpoints[:-KEPT]:
        if checkpoint.step != best:
            doomed = folder / f".{checkpoint.path.name}.part"
            with suppress(OSError):
                run.rename(checkpoint.path, doomed)  # first, so that half of one never stands under its name
                run.remove(doomed)
