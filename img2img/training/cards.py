"""The model cards of a run: what is known of its data and results, and the files beside its models."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

from img2img.card import Card, Data, Likeness, Shown, markdown, read_card
from img2img.errors import WriteError
from img2img.families import Dataset
from img2img.media.files import write_file
from img2img.modelfile import read_info
from img2img.trainers import Trainer
from img2img.training.run import Run
from img2img.training.sheets import example_sheet
from img2img.training.showcase import Showcase
from img2img.training.thumbnails import Nearest, Thumbnails
from img2img.training.validation import Validation
from img2img.training.watch import findings, looks

log = logging.getLogger(__name__)

FOLDERS = 5
"""So many folders inside of the data's are named."""


class Cards:
    """Writes the cards of a run.

    Args:
        run: The run.
        trainer: Tells what each direction sees.
        data: What is learned from.
        validation: What was found on held-out images.
    """

    def __init__(self, run: Run, trainer: Trainer, data: Dataset, validation: Validation) -> None:
        self.run, self.trainer, self.data, self.validation = run, trainer, data, validation
        self._thumbnails: dict[str, Thumbnails] = {}

    def card(self, direction: str, model: Path) -> Card:
        """What is to be told of a direction as it stands.

        Where a resumed run has not been validated yet, that is what the card of its model file told before.
        """
        validation, config = self.validation, self.run.config
        about = {
            "training": self._training_data,
            "validation": self._validation_data,
            "options": _without_folders(config.model_dump(mode="json", exclude_none=True)),
            "seed": self.run.seed,
            "looks": looks(self.run),
            "warnings": tuple(str(finding)[:1000] for finding in findings(self.run)),
        }
        showcase = validation.showcases.get(direction)
        if not validation.step:
            earlier = read_card(read_info(model)) if model.exists() else None
            return earlier.model_copy(update=about) if earlier else Card(**about)
        if showcase is None:
            return Card(**about, validated=validation.step, figures=dict(validation.figures))
        paired = validation.images.paired
        return Card(
            **about,
            validated=validation.step,
            figures=dict(validation.figures),
            worst_by="PSNR in dB" if paired else "the distance of their patches from those of the wanted kind",
            worst=tuple(Shown(name=each.name, figure=abs(each.figure)) for each in showcase.worst),
            **self._likeness(direction, showcase),
        )

    def write(self, model: Path, direction: str) -> None:
        """Write the card of a model file, and its pictures, beside it; where that fails, the training goes on."""
        try:
            self._write(model, direction)
        except WriteError as error:
            log.warning("the card of %s is not written: %s", model, error)

    def _write(self, model: Path, direction: str) -> None:
        info = read_info(model)
        card = read_card(info)
        assert card is not None
        pictures = {
            "Worst results": model.with_name(f"{model.stem}-worst.jpg"),
            "Likeness to training images": model.with_name(f"{model.stem}-nearest.jpg"),
        }
        showcase = self.validation.showcases.get(direction)
        if showcase is not None and showcase.worst:
            drawn = self._worst(showcase), self._nearest(direction, showcase)
            for path, picture in zip(pictures.values(), drawn, strict=True):
                write_file(path, picture)
        names = {heading: path.name for heading, path in pictures.items() if path.exists()}
        write_file(model.with_suffix(".md"), markdown(info, card, names).encode())

    @cached_property
    def _training_data(self) -> Data:
        return _describe(self.run.data, self.data)

    @cached_property
    def _validation_data(self) -> Data:
        return _describe(self.run.data, self.validation.images)

    def _of_training(self, direction: str) -> Thumbnails:
        if direction not in self._thumbnails:
            self._thumbnails[direction] = Thumbnails(self.trainer, self.data, direction)
        return self._thumbnails[direction]

    def _likeness(self, direction: str, showcase: Showcase) -> dict[str, object]:
        training = self._of_training(direction)
        results = [(example, training.nearest(example.thumbnail)) for example in showcase.first]
        unseen = sum(training.nearest(example.target_thumbnail).distance for example in showcase.first)
        return {
            "nearest": tuple(
                Likeness(name=example.name, nearest=found.name, distance=found.distance) for example, found in results
            ),
            "nearest_of": len(training),
            "likeness": sum(found.distance for _, found in results) / unseen if unseen else None,
        }

    def _worst(self, showcase: Showcase) -> bytes:
        names = ("source", "result", "truth")
        rows = []
        for example in showcase.worst:
            captions = [f"{example.name} {abs(example.figure):.4g}", *names[1 : len(example.tiles)]]
            rows.append((captions, example.tiles))
        return example_sheet(rows)

    def _nearest(self, direction: str, showcase: Showcase) -> bytes:
        training = self._of_training(direction)
        rows = []
        for example in showcase.first:
            found: Nearest = training.nearest(example.thumbnail)
            captions = [f"result of {example.name}", f"{found.name}, at {found.distance:.3f}"]
            rows.append((captions, (example.tiles[1], training.show(found.index))))
        return example_sheet(rows)


def _without_folders(options: Mapping[str, Any]) -> dict[str, Any]:
    """Of files that options name, the names alone: where they lie is nobody's business."""

    def told(value: Any) -> Any:
        return Path(value).name if isinstance(value, str) and os.sep in value and Path(value).exists() else value

    return {name: told(value) for name, value in options.items()}


def _describe(root: Path, data: Dataset) -> Data:
    files = sorted(set(data.files()))
    inside = sorted({_relative(path.parent, root) for path in files} - {"."})
    more = [f"and {len(inside) - FOLDERS} more"] if len(inside) > FOLDERS else []
    named = f" ({', '.join([*inside[:FOLDERS], *more])})" if inside else ""
    return Data(
        folder=f"{root.resolve().name}{named}"[:1000], files=len(files), samples=len(data), sha256=_hash(files, root)
    )


def _hash(files: Sequence[Path], root: Path) -> str:
    """SHA-256 of the names and contents; empty where there are no files."""
    if not files:
        return ""
    with ThreadPoolExecutor() as pool:
        digests = pool.map(_hash_file, files)
        lines = [f"{digest} {_relative(path, root)}\n" for path, digest in zip(files, digests, strict=True)]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
