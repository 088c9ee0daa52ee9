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

from img2img.contract.data import Dataset
from img2img.contract.trainers import Trainer
from img2img.errors import Img2ImgError, ModelFileError
from img2img.host.host import PluginHost
from img2img.media.files import printable, write_file
from img2img.models.card import Card, Data, Likeness, Shown, markdown, read_card
from img2img.models.file import read_info
from img2img.models.store import describe_model, find_model
from img2img.training.cards.showcase import Showcase
from img2img.training.cards.thumbnails import Thumbnails
from img2img.training.health.watch import findings, telling_looks
from img2img.training.run import Run
from img2img.training.sheets import example_sheet
from img2img.training.validation import Validation

log = logging.getLogger(__name__)

FOLDERS = 5
"""So many folders inside of the data's are named."""
BY_TRUTH = "PSNR of RGB in dB, uncropped"
BY_OTHERS = "distance of the patches from those of the wanted kind (the lower the better)"
NO_DATA = Data(folder="", files=0, samples=0, sha256="")
BLANK = Card(training=NO_DATA, validation=NO_DATA, options={}, seed=0)


class Cards:
    """Writes the cards of a run.

    Args:
        run: The run.
        host: Plugins that may open the model it started from.
        trainer: Tells what each direction sees.
        data: What is learned from.
        validation: What was found on held-out images.
    """

    def __init__(self, run: Run, host: PluginHost, trainer: Trainer, data: Dataset, validation: Validation) -> None:
        self.run, self.host, self.trainer, self.data, self.validation = run, host, trainer, data, validation
        self._thumbnails: dict[str, Thumbnails] = {}

    def card(self, direction: str, model: Path) -> str:
        """What is to be told of a direction as it stands, as JSON; nothing where that fails, and the training goes on.

        Where a resumed run has not been validated yet, that is what the card of its model file told before.
        """
        try:
            told = self._judged(direction) if self.validation.step else self._earlier(model)
            card = told.model_copy(
                update={
                    "training": self._training_data,
                    "validation": self._validation_data,
                    "options": _without_folders(self.run.config.model_dump(mode="json", exclude_none=True)),
                    "seed": self.run.seed,
                    "started_from": self._origin,
                    "looks": telling_looks(self.run),
                    "warnings": tuple(f"{finding}; last seen at step {finding.last}" for finding in findings(self.run)),
                }
            )
            text = card.model_dump_json()
            Card.model_validate_json(text)  # what a reader will refuse is not to be written
            return text
        except Exception as error:
            log.warning("%s has no card: %s: %s", model, type(error).__name__, error)
            return ""

    def write(self, model: Path, direction: str) -> None:
        """Write the card of a model file, and its pictures, beside it; where that fails, the training goes on."""
        try:
            self._write(model, direction)
        except Exception as error:
            log.warning("the card of %s is not written: %s: %s", model, type(error).__name__, error)

    def _write(self, model: Path, direction: str) -> None:
        info = read_info(model)
        card = read_card(info)
        if card is None:
            model.with_suffix(".md").unlink(missing_ok=True)  # it tells of another file
            return
        pictures = {
            "Worst results": model.with_name(f"{model.stem}-worst.jpg"),
            "Likeness to training images": model.with_name(f"{model.stem}-nearest.jpg"),
        }
        showcase = self.validation.showcases.get(direction)
        if showcase is not None and showcase.worst:
            drawn = _draw_worst(showcase), _draw_nearest(showcase, self._of_training(direction))
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

    @cached_property
    def _origin(self) -> str:
        if not self.run.init:
            return ""
        try:
            info = describe_model(find_model(self.run.init), self.host)
        except Img2ImgError:  # it has gone since
            return Path(self.run.init).name
        told = [f"trained on: {info.trained_on[:300]}"] if info.trained_on else []
        told += [f"licence: {info.license[:300]}"] if info.license else []
        return "; ".join([info.path.name, f"SHA-256 {info.sha256}", *told])

    def _of_training(self, direction: str) -> Thumbnails:
        if direction not in self._thumbnails:
            self._thumbnails[direction] = Thumbnails(self.trainer, self.data, direction)
        return self._thumbnails[direction]

    def _earlier(self, model: Path) -> Card:
        """The card of a model file that is about to be written anew, unless the run went back behind it."""
        try:
            earlier = read_card(read_info(model)) if model.exists() else None
        except ModelFileError:
            return BLANK
        return earlier if earlier and earlier.validated <= self.run.step else BLANK

    def _judged(self, direction: str) -> Card:
        """What the last validation tells."""
        validation, showcase = self.validation, self.validation.showcases.get(direction)
        told = BLANK.model_copy(update={"validated": validation.step, "figures": dict(validation.figures)})
        if showcase is None or not showcase.first:
            return told
        training = self._of_training(direction)
        nearest = [training.nearest(example.thumbnail) for example in showcase.first]
        unseen = sum(training.nearest(example.target_thumbnail).distance for example in showcase.first)
        return told.model_copy(
            update={
                "judged_by": BY_TRUTH if validation.images.paired else BY_OTHERS,
                "mean": _mean(showcase.figures),
                "baseline": _mean(showcase.baselines),
                "worst": tuple(Shown(name=printable(each.name), figure=abs(each.figure)) for each in showcase.worst),
                "nearest": tuple(
                    Likeness(name=printable(each.name), nearest=printable(found.name)[:200], distance=found.distance)
                    for each, found in zip(showcase.first, nearest, strict=True)
                ),
                "nearest_of": len(training),
                "likeness": sum(found.distance for found in nearest) / unseen if unseen else None,
            }
        )


def _mean(figures: Sequence[float]) -> float | None:
    return abs(sum(figures) / len(figures)) if figures else None


def _draw_worst(showcase: Showcase) -> bytes:
    names = ("source", "result", "truth")
    rows = []
    for example in showcase.worst:
        captions = [f"{example.name} {abs(example.figure):.4g}", *names[1 : len(example.tiles)]]
        rows.append((captions, example.tiles))
    return example_sheet(rows)


def _draw_nearest(showcase: Showcase, training: Thumbnails) -> bytes:
    rows = []
    for example in showcase.first:
        found = training.nearest(example.thumbnail)
        captions = [f"result of {example.name}", f"{found.name} {found.distance:.3f}"]
        rows.append((captions, (example.tiles[1], training.show(found.index))))
    return example_sheet(rows)


def _without_folders(options: Mapping[str, Any]) -> dict[str, Any]:
    """Of files that options name, the names alone: where they lie is nobody's business."""

    def told(value: Any) -> Any:
        is_path = isinstance(value, str) and (Path(value).is_absolute() or (os.sep in value and Path(value).exists()))
        return Path(value).name if is_path else value

    return {name: told(value) for name, value in options.items()}


def _describe(root: Path, data: Dataset) -> Data:
    files = sorted((_relative(path, root), path) for path in set(data.files()))
    inside = sorted({Path(name).parent.as_posix() for name, _ in files} - {"."})
    more = [f"and {len(inside) - FOLDERS} more"] if len(inside) > FOLDERS else []
    named = f" ({', '.join([*inside[:FOLDERS], *more])})" if inside else ""
    folder = printable(f"{root.resolve().name}{named}")[:1000]
    return Data(folder=folder, files=len(files), samples=len(data), sha256=_hash(files))


def _hash(files: Sequence[tuple[str, Path]]) -> str:
    """SHA-256 of what `sha256sum` prints for the files, by name; empty where there are none."""
    if not files:
        return ""
    log.info("hashing the %d files of the data for the model card", len(files))
    with ThreadPoolExecutor() as pool:
        digests = pool.map(_hash_file, [path for _, path in files])
        lines = [f"{digest}  {name}\n" for (name, _), digest in zip(files, digests, strict=True)]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _relative(path: Path, root: Path) -> str:
    """Its name inside of the data's folder; outside of it, with that of its own."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else f"{path.parent.name}/{path.name}"
