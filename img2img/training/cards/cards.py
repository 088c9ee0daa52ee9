"""The model cards of a run: they say what is known of its data and results, and stand beside its models."""

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
from img2img.media import write_file
from img2img.models.card import Card, Data, markdown, read_card
from img2img.models.file import ModelInfo, read_info
from img2img.models.store import describe_model, find_model
from img2img.text import printable
from img2img.training.cards.results import BLANK, PICTURES, Results, figures_alone
from img2img.training.cards.thumbnails import Thumbnails
from img2img.training.health.log import HealthLog
from img2img.training.run import Run
from img2img.training.validation import Judgement

log = logging.getLogger(__name__)

FOLDERS = 5
"""How many folders inside of the data's a card names."""


class Cards:
    """Writes the cards of a run.

    Args:
        run: The run.
        host: Plugins that may open the model it started from.
        trainer: Knows what each direction sees of a batch.
        data: The training data.
        held_out: The images that validation judges.
        health: Has the warnings.
    """

    def __init__(
        self, run: Run, host: PluginHost, trainer: Trainer, data: Dataset, held_out: Dataset, health: HealthLog
    ) -> None:
        self.run, self.host, self.trainer, self.health = run, host, trainer, health
        self.data, self.held_out = data, held_out
        self._thumbnails: dict[str, Thumbnails] = {}
        self._results: dict[str, Results] = {}

    def card(self, direction: str, model: Path, judged: Judgement | None) -> str:
        """Return the card of a direction as it stands, as JSON; it is empty where that fails, and the training goes on.

        Where a resumed run has not been validated yet, results and figures are those of the model file's old card.

        Args:
            direction: Whose card it is.
            model: The model file that is about to be written.
            judged: What the last validation found, where there has been one since the run was taken up.
        """
        try:
            known = self._known(direction, judged) if judged else self._earlier(model)
            card = known.model_copy(
                update={
                    "training": self._training_data,
                    "validation": self._validation_data,
                    "options": _without_folders(self.run.config.model_dump(mode="json", exclude_none=True)),
                    "seed": self.run.seed,
                    "started_from": self._origin,
                    "looks": self.health.count_settled(),
                    "warnings": tuple(
                        f"{finding}; last seen at step {finding.last}" for finding in self.health.findings
                    ),
                }
            )
            text = card.model_dump_json()
            Card.model_validate_json(text)  # what a reader will refuse is not to be written
            return text
        except Exception as error:
            log.warning("%s has no card: %s: %s", model, type(error).__name__, error)
            return ""

    def write(self, info: ModelInfo, judged: Judgement | None) -> None:
        """Write the card of a model file, and its pictures, beside it; where that fails, the training goes on."""
        try:
            self._write(info, judged)
        except Exception as error:
            log.warning("the card of %s is not written: %s: %s", info.path, type(error).__name__, error)

    def _write(self, info: ModelInfo, judged: Judgement | None) -> None:
        model, card = info.path, read_card(info)
        if card is None:
            model.with_suffix(".md").unlink(missing_ok=True)  # it is the card of an earlier file
            return
        paths = {heading: model.with_name(f"{model.stem}-{end}.jpg") for heading, end in PICTURES.items()}
        results = self._judged(info.direction, judged) if judged else None
        for heading, picture in results.pictures.items() if results else ():
            write_file(paths[heading], picture)
        names = {heading: path.name for heading, path in paths.items() if path.exists()}
        write_file(model.with_suffix(".md"), markdown(info, card, names).encode())

    @cached_property
    def _training_data(self) -> Data:
        return _describe(self.run.data, self.data)

    @cached_property
    def _validation_data(self) -> Data:
        return _describe(self.run.data, self.held_out)

    @cached_property
    def _origin(self) -> str:
        if not self.run.init:
            return ""
        try:
            info = describe_model(find_model(self.run.init), self.host)
        except Img2ImgError:  # it has gone since
            return Path(self.run.init).name
        known = [f"trained on: {info.trained_on[:300]}"] if info.trained_on else []
        known += [f"licence: {info.license[:300]}"] if info.license else []
        return "; ".join([info.path.name, f"SHA-256 {info.sha256}", *known])

    def _earlier(self, model: Path) -> Card:
        """Return the card of a model file that is about to be replaced, unless the run went back behind it."""
        try:
            earlier = read_card(read_info(model)) if model.exists() else None
        except ModelFileError:
            return BLANK
        return earlier if earlier and earlier.validated <= self.run.step else BLANK

    def _known(self, direction: str, judged: Judgement) -> Card:
        results = self._judged(direction, judged)
        return results.card if results else figures_alone(judged)

    def _judged(self, direction: str, judged: Judgement) -> Results | None:
        """Return what the last validation found of a direction, None where it has no results to show."""
        showcase = judged.showcases.get(direction)
        if showcase is None or not showcase.first:
            return None
        if direction not in self._thumbnails:
            self._thumbnails[direction] = Thumbnails(self.trainer, self.data, direction)
        results = self._results.get(direction)
        if results is None or results.judged is not judged:
            results = self._results[direction] = Results(judged, showcase, self._thumbnails[direction])
        return results


def _without_folders(options: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the paths of files that options name by their names: where they lie is nobody's business."""

    def shown(value: Any) -> Any:
        """Return an option's value with the paths of files replaced by their names."""
        is_path = isinstance(value, str) and (Path(value).is_absolute() or (os.sep in value and Path(value).exists()))
        return Path(value).name if is_path else value

    return {name: shown(value) for name, value in options.items()}


def _describe(root: Path, data: Dataset) -> Data:
    files = sorted((_relative(path, root), path) for path in set(data.files()))
    inside = sorted({Path(name).parent.as_posix() for name, _ in files} - {"."})
    more = [f"and {len(inside) - FOLDERS} more"] if len(inside) > FOLDERS else []
    named = f" ({', '.join([*inside[:FOLDERS], *more])})" if inside else ""
    folder = printable(f"{root.resolve().name}{named}")[:1000]
    return Data(folder=folder, files=len(files), samples=len(data), sha256=_hash(files))


def _hash(files: Sequence[tuple[str, Path]]) -> str:
    """Compute the SHA-256 of what `sha256sum` prints for the files, by name; empty where there are none."""
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
    """Return a file's name inside of the data's folder; a file outside of it is named with its own folder."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else f"{path.parent.name}/{path.name}"
