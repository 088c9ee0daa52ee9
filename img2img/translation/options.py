"""The options of a job that say how its targets are written, and which of them decide what a target looks like."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from img2img.errors import UsageError
from img2img.inference.conditions import as_typed
from img2img.inference.filtering import Chain
from img2img.inference.model import Model
from img2img.media.image.alpha import WHITE, Ground, colour_name
from img2img.media.video import VideoOptions
from img2img.translation.journal import digest_file
from img2img.translation.plan import Plan
from img2img.translation.report import ClipItem
from img2img.translation.targets import check_options


@dataclass(frozen=True)
class Output:
    """How the targets of a translation are written."""

    format: str = ""
    """Format of the targets (`png`, `jpg`, `mp4`, …); empty: each keeps its source's. An image's for a video asks for
    numbered frames in a folder."""
    quality: int | None = None
    """1 ... 100 for images in formats that lose; for videos in the codec's sense (CRF). None for a good one."""
    ground: Ground = WHITE
    """The colour behind what is transparent, where a target holds no transparency: red, green and blue, 0 to 255."""
    overwrite: bool = False
    """Whether targets that exist already, and were made otherwise, are replaced."""
    report: str | Path | None = None
    """Where the report is written as JSON, however the job ends."""


def clip_options(plan: Plan, video: VideoOptions, output: Output) -> VideoOptions | None:
    """Return how the clips of a job are made; None where there are none.

    Raises:
        UsageError: There are options of videos and no video, or a target cannot be made like this.
    """
    clips = [item for item in plan.items if isinstance(item, ClipItem)]
    if not clips:
        if video != VideoOptions():
            raise UsageError("options of videos were given, and there is no video among the sources")
        return None
    video = replace(video, ground=output.ground)
    if output.quality is not None:
        video = replace(video, quality=output.quality)
    check_options(video, [item.writes for item in clips])
    return video


def describe_options(
    model: Model, output: Output, conditions: Mapping[str, Any], video: VideoOptions | None, filters: Chain
) -> dict[str, Any]:
    """Return what decides what the targets look like, for the report and for observers.

    Raises:
        UsageError: The quality is out of range.
    """
    quality = output.quality
    if quality is not None and video is None and not 1 <= quality <= 100:
        raise UsageError(f"quality {quality} is out of range; give 1 to 100")
    options: dict[str, Any] = {
        "format": output.format,
        "quality": quality,
        "ground": colour_name(output.ground),
        "precision": model.device.precision_name,
        "conditions": {name: as_typed(value) for name, value in conditions.items()},
        "filters": filters.describe(),
    }
    if video is not None:
        options["video"] = {name: value if value is None else str(value) for name, value in asdict(video).items()}
    return options


def digest_options(model: Model, options: Mapping[str, Any], conditions: Mapping[str, Tensor], filters: Chain) -> str:
    """Return a digest of all that decides what a target of some name looks like; files of filters count by content.

    The values of conditions that are pictures, or that each item has of its own, count with the item's source instead.

    Raises:
        UsageError: A file that an option of a filter names cannot be read.
    """
    decisive = {
        "model": model.info.sha256,
        "precision": options["precision"],
        "quality": options["quality"],
        "ground": options["ground"],
        "conditions": {name: row.tolist() for name, row in conditions.items()},
    }
    decisive |= {name: options[name] for name in ("filters", "video") if options.get(name)}
    if files := [each for chosen in filters.filters for each in _contents(chosen.options.model_dump())]:
        decisive["files"] = files
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def _contents(value: Any) -> Iterator[str]:
    """Yield the digests of all files, and of all files in folders, whose names are among options."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _contents(each)
    elif isinstance(value, str | Path):
        # Path.is_file would raise an error for a text that can be no file's name.
        names = sorted(value.rglob("*")) if isinstance(value, Path) and value.is_dir() else [value]
        try:
            yield from (digest_file(Path(name)) for name in names if os.path.isfile(name))  # noqa: PTH113
        except OSError as error:
            raise UsageError(f"cannot read {value}: {error.strerror}; name another file") from error
