"""Training data are looked through before the first step, so that all unusable files are named at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from img2img.config import TrainingConfig
from img2img.contract.data import Dataset, Misfit, Sized
from img2img.errors import ConfigError, DataError, ImageError
from img2img.media.image.glance import size_of
from img2img.training.run import Run

NAMED = 100
"""How many unusable files a message lists at most."""
SAMPLED = 1 << 14
"""Bytes at the beginning, in the middle and at the end of a file that its digest is made of, beside its length."""


@dataclass(frozen=True)
class Seen:
    """What a look at one file found."""

    digest: str = ""
    size: tuple[int, int] | None = None
    """Width and height; None where the file cannot be used."""
    problem: str = ""


def look_through(run: Run, training: Dataset, held_out: Dataset, *, has_begun: bool) -> dict[str, str]:
    """Refuse data with files that cannot be used, and return a digest of each file by its name in the data's folder.

    Args:
        run: The run, whose options the advice depends on.
        training: The data to learn from.
        held_out: The data for validation.
        has_begun: Whether the run goes on, so that its data alone can be changed.

    Raises:
        DataError: Files cannot be used; the message names all of them, and what to do.
    """
    files = list(dict.fromkeys(path for data in (training, held_out) for path in data.files()))
    with ThreadPoolExecutor(min(8, (os.cpu_count() or 1) + 2)) as pool:
        found = dict(zip(files, pool.map(_look, files), strict=True))
    sizes = {path: seen.size for path, seen in found.items() if seen.size}
    misfits = [Misfit(seen.problem) for seen in found.values() if seen.problem]
    for data, cropped in ((training, True), (held_out, False)):
        misfits += data.misfits(sizes, cropped=cropped) if isinstance(data, Sized) else ()
    if misfits:
        raise _complaint(misfits, run.config, has_begun=has_begun)
    return {_name(path, run.data): seen.digest for path, seen in found.items()}


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return in words which files were changed, are gone or are new; empty if none."""
    kinds = {
        "changed": [name for name in now if name in then and now[name] != then[name]],
        "gone": [name for name in then if name not in now],
        "new": [name for name in now if name not in then],
    }
    return "; ".join(f"{len(names)} {kind} ({_some(names)})" for kind, names in kinds.items() if names)


def _look(path: Path) -> Seen:
    try:
        return Seen(_digest(path), None if path.suffix.lower() == ".csv" else size_of(path))  # a table of conditions
    except ImageError as error:
        return Seen(problem=str(error))
    except OSError as error:
        return Seen(problem=f"{path} cannot be read: {error.strerror or error}")


def _digest(path: Path) -> str:
    """Return a digest of parts of a file, so that large ones are not read whole."""
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        digest = hashlib.sha256(str(length).encode())
        for at in dict.fromkeys((0, max(0, length // 2 - SAMPLED // 2), max(0, length - SAMPLED))):
            file.seek(at)
            digest.update(file.read(SAMPLED))
    return digest.hexdigest()[:32]


def _complaint(misfits: Sequence[Misfit], config: TrainingConfig, *, has_begun: bool) -> DataError:
    reasons = list(dict.fromkeys(misfit.reason for misfit in misfits))
    more = [f"  and {len(reasons) - NAMED} more"] if len(reasons) > NAMED else []
    remedies = ["take them out of the data, or put others in their place"]
    if side := min((misfit.side for misfit in misfits if misfit.side), default=0):
        remedies += _options(config, side)
    last = "go on with --resume" if has_begun else "type the command again: nothing has begun"
    return DataError(
        f"{len(reasons)} of the training data cannot be used:",
        *(f"  {reason}" for reason in reasons[:NAMED]),
        *more,
        f"{_sentence(remedies)}. Then {last}.",
    )


def _options(config: TrainingConfig, side: int) -> Iterable[str]:
    """Return the options with which images of a shorter side can be cropped, where the family takes such values."""
    values = config.model_dump()
    if "resize" in values and not values["resize"] and _takes(config, resize=values["crop"]):
        yield f"enlarge all images with -o resize={values['crop']}"
    if crop := next((crop for crop in range(side, max(0, side - 64), -1) if _takes(config, crop=crop)), 0):
        yield f"cut smaller crops with -o crop={crop}"


def _takes(config: TrainingConfig, **options: int) -> bool:
    try:
        type(config).parse({**config.model_dump(), **options})
    except ConfigError:
        return False
    return set(options) <= set(type(config).model_fields)


def _sentence(remedies: Sequence[str]) -> str:
    text = "; or ".join(remedies)
    return text[0].upper() + text[1:]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
