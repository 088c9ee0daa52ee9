"""This module defines the model card, which describes a training in the model file, and writes it as Markdown."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from img2img.errors import ModelFileError
from img2img.text import printable

if TYPE_CHECKING:
    from img2img.models.file import ModelInfo

Text = Annotated[str, Field(max_length=1000)]
"""A text of limited length, since a model file may come from anybody."""
LOOKS = 3
"""Number of examinations of a training in a row that must show a fault before a warning; one may be bad luck."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")


class Data(_Part):
    """The data that were read for training, or for validation."""

    folder: Text
    """Name of the data's folder and of the folders inside it that were read; never a path of the machine."""
    files: int
    samples: int
    sha256: Text
    """Checksum of what `sha256sum` prints for all files, in the order of their names; empty where there are none."""


class Shown(_Part):
    """A result that stands out, and its figure."""

    name: Text
    figure: float


class Likeness(_Part):
    """A result, and the training image nearest to it."""

    name: Text
    nearest: Text
    distance: float
    """Root mean square difference of the thumbnails, in [0, 1]."""


class Card(_Part):
    """The data and options of a training, the quality of the model on unseen images, and warnings."""

    training: Data
    validation: Data
    options: dict[Text, Any] = Field(max_length=1000)
    """The options of the training; the model file itself holds those of the model."""
    seed: int
    started_from: Text = ""
    """The model with whose weights the training began; empty if it began with random weights."""
    from_noise: bool = False
    """Whether the model makes pictures of noise, and translates none."""
    validated: int = 0
    """The step after which the figures and results were made; 0 where there are none."""
    figures: dict[Text, float] = Field({}, max_length=100)
    judged_by: Text = ""
    """The measure of `mean`, `baseline` and `worst`, in words."""
    mean: float | None = None
    """The mean of the measure over all results."""
    baseline: float | None = None
    """The mean for the sources themselves, as they are or enlarged: the value of a model that does nothing."""
    worst: tuple[Shown, ...] = Field((), max_length=100)
    """The results with the worst values of the measure."""
    nearest: tuple[Likeness, ...] = Field((), max_length=100)
    """The results that are nearest to a training image."""
    nearest_of: int = 0
    """The number of training images among which the nearest was looked for."""
    likeness: float | None = None
    """Distance of results to the nearest training image, divided by that of unseen images of their kind."""
    looks: int = 0
    """The number of examinations of the training's health after it had warmed up."""
    warnings: tuple[Text, ...] = Field((), max_length=100)
    """Faults that the examinations found, in words."""


def read_card(info: ModelInfo) -> Card | None:
    """Return the card in a model file, or None where it has none.

    Raises:
        ModelFileError: The card is damaged.
    """
    if not info.card:
        return None
    try:
        return Card.model_validate_json(info.card)
    except ValidationError as error:
        raise ModelFileError(
            f"the card in {info.path} is damaged ({error.errors()[0]['msg']}); fetch or train it again"
        ) from error


def card_lines(info: ModelInfo, card: Card) -> dict[str, list[str]]:
    """Return the sections of a card: heading to lines of plain text without control characters."""
    model = json.loads(info.config)
    options = [f"{name} = {json.dumps(value)}" for name, value in card.options.items() if name not in model]
    sections = {
        "Data": [*_data(card)],
        "Training": [", ".join([*options, f"seed = {card.seed}"])],
        "Held-out images": [*_figures(card)],
        "Worst results": [*_worst(card)],
        "Likeness to training images": [*_likeness(card)],
        "Warnings": [*card.warnings] or [_all_clear(card)],
    }
    return {heading: [printable(line) for line in lines] for heading, lines in sections.items() if lines}


def markdown(info: ModelInfo, card: Card, pictures: dict[str, str]) -> str:
    """Return the card of a model as Markdown.

    Args:
        info: The header of the model file.
        card: The card.
        pictures: Heading to the file name of a picture for that section, in the folder of the card.
    """
    return "\n".join(_markdown(info, card, pictures)) + "\n"


def _markdown(info: ModelInfo, card: Card, pictures: dict[str, str]) -> Iterator[str]:
    yield f"# {_plain(info.path.stem)}\n"
    family, direction = _code(info.family), _code(info.direction)
    yield f"This is a model of the family {family}, direction {direction}, for img2img. Use it by\n"
    name = printable(info.path.name)
    if card.from_noise:
        yield f"    model = img2img.load_model({name!r})"
        yield "    pictures = model(model.traits.source.draw([1, 2]))  # one of each number, and conditions if any\n"
    else:
        yield f"    img2img translate {shlex.quote(name)} SOURCE TARGET\n"
    yield "| | |"
    yield "|---|---|"
    about = {
        "trained on": info.trained_on or "unknown; ask whoever trained it",
        "licence": info.license or "unknown; ask whoever trained it",
        "steps": str(info.step),
        "scale": info.scale,
        "weights": f"{info.parameters:,}",
        "made with": info.created_with,
        "SHA-256 of header and weights": info.sha256,
    }
    yield from (f"| {name} | {_plain(value)} |" for name, value in about.items())
    options = json.loads(info.config).items()
    yield from (f"| {_code(name)} | {_code(json.dumps(value))} |" for name, value in options)
    for heading, lines in card_lines(info, card).items():
        yield f"\n## {heading}\n"
        yield from (f"- {_plain(line)}" for line in lines)
        if heading in pictures:
            yield f"\n![{heading}]({quote(pictures[heading])})"


def _plain(text: str) -> str:
    """Escape what would be markup; an underscore inside a word is none."""
    return re.sub(r"([\\`*\[\]|<>&~$]|(?<!\w)_|_(?!\w)|^[-#+=])", r"\\\1", printable(text))


def _code(text: str) -> str:
    """Write text as code that may stand in a table: no backtick in it ends the code, and no bar ends the cell."""
    inside = printable(text).replace("|", "\\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", inside)), default=0))
    return f"{fence} {inside} {fence}" if "`" in inside else f"`{inside}`"


def _data(card: Card) -> Iterator[str]:
    for use, data in (("trained", card.training), ("validated", card.validation)):
        hashed = f", SHA-256 {data.sha256}" if data.sha256 else ""
        yield f"{use} on {_count(data.samples, 'sample')} of {_count(data.files, 'file')} in {data.folder}{hashed}"
    if card.started_from:
        yield f"started from the weights of {card.started_from}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _all_clear(card: Card) -> str:
    if card.looks < LOOKS:
        return f"unknown: that takes {LOOKS} examinations after the training has warmed up, and there were {card.looks}"
    return f"none in {card.looks} examinations of the training"


def _figures(card: Card) -> Iterator[str]:
    if not card.validated:
        yield "not judged yet"
        return
    figures = ", ".join(f"{name} {value:.4g}" for name, value in card.figures.items())
    yield f"after step {card.validated}: {figures or 'no figures'}"
    if card.mean is not None:
        alone = "" if card.baseline is None else f"; for the sources themselves, brought to size: {card.baseline:.4g}"
        yield f"{card.judged_by}: {card.mean:.4g}{alone}"


def _worst(card: Card) -> Iterator[str]:
    if card.worst:
        yield f"by {card.judged_by}: {', '.join(f'{shown.name} {shown.figure:.4g}' for shown in card.worst)}"


def _likeness(card: Card) -> Iterator[str]:
    if card.likeness is not None:
        yield (
            f"results are {card.likeness:.2f} times as far from the nearest of {card.nearest_of} training images as "
            "unseen images of their kind; below 0.5 would speak of memorised images"
        )
    for likeness in card.nearest:
        yield f"{likeness.name}: nearest is {likeness.nearest}, at {likeness.distance:.3f}"
