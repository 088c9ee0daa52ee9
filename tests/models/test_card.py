"""The card in a model file: what comes back, what it says, and what a hostile one can do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from img2img.errors import ModelFileError
from img2img.models.card import Card, Data, Likeness, Shown, card_lines, markdown, read_card
from img2img.models.file import ModelInfo

CARD = Card(
    training=Data(folder="photos (train)", files=12, samples=10, sha256="ab" * 32),
    validation=Data(folder="photos (val)", files=2, samples=2, sha256="cd" * 32),
    options={"width": 8, "lr": 1e-4, "objective": "lsgan"},
    seed=3,
    validated=400,
    figures={"psnr": 21.25, "ssim": float("inf")},
    judged_by="PSNR in dB",
    mean=20.5,
    baseline=18.25,
    worst=(Shown(name="dark.png", figure=12.5),),
    nearest=(Likeness(name="dark.png", nearest="night.png", distance=0.0625),),
    nearest_of=10,
    likeness=0.75,
    warnings=("step 300: collapse (forward): results are alike",),
)

LIKENESS = (
    "results are 0.75 times as far from the nearest of 10 training images as unseen images of their kind; below 0.5 "
    "would speak of memorised images"
)


@pytest.fixture
def info() -> ModelInfo:
    return ModelInfo(
        path=Path("mine.safetensors"), family="any", direction="forward", config='{"width": 8}', scale="2", step=500,
        created_with="tests", trained_on="twelve photos", license="CC0-1.0", sha256="ef" * 32,
        shapes={"weight": (3, 4)}, card=CARD.model_dump_json(),
    )  # fmt: skip


def test_a_card_comes_back_as_it_was_also_with_infinite_figures(info: ModelInfo) -> None:
    assert read_card(info) == CARD


def test_a_model_file_without_a_card_has_none(info: ModelInfo) -> None:
    assert read_card(replace(info, card="")) is None


@pytest.mark.parametrize(
    "card",
    [
        "no JSON",
        "{}",
        "[" * 100_000,
        CARD.model_dump_json().replace("photos (train)", "x" * 2000),
        CARD.model_copy(update={"warnings": ("x",) * 1000}).model_dump_json(),
    ],
    ids=["text", "empty", "deep", "long", "many"],
)
def test_a_damaged_or_boundless_card_is_refused_naming_the_file(card: str, info: ModelInfo) -> None:
    with pytest.raises(ModelFileError, match=r"the card in mine\.safetensors is damaged"):
        read_card(replace(info, card=card))


def test_a_card_says_each_thing_once(info: ModelInfo) -> None:
    lines = card_lines(info, CARD)
    assert lines == {
        "Data": [
            f"trained on 10 samples of 12 files in photos (train), SHA-256 {'ab' * 32}",
            f"validated on 2 samples of 2 files in photos (val), SHA-256 {'cd' * 32}",
        ],
        "Training": ['lr = 0.0001, objective = "lsgan", seed = 3'],  # the width stands with the model
        "Held-out images": [
            "after step 400: psnr 21.25, ssim inf",
            "PSNR in dB: 20.5; for the sources themselves, brought to size: 18.25",
        ],
        "Worst results": ["by PSNR in dB: dark.png 12.5"],
        "Likeness to training images": [
            LIKENESS,
            "dark.png: nearest is night.png, at 0.062",
        ],
        "Warnings": ["step 300: collapse (forward): results are alike"],
    }


def test_a_run_that_was_not_validated_says_so(info: ModelInfo) -> None:
    card = Card(training=CARD.training, validation=CARD.validation, options={}, seed=0)
    lines = card_lines(info, card)
    assert lines["Held-out images"] == ["not judged yet"]
    assert lines["Warnings"] == [
        "unknown: that takes 3 examinations after the training has warmed up, and there were 0"
    ]
    assert card_lines(info, card.model_copy(update={"looks": 5}))["Warnings"] == [
        "none in 5 examinations of the training"
    ]
    assert "Worst results" not in lines


def test_the_markdown_names_the_licence_and_shows_the_pictures_that_there_are(info: ModelInfo) -> None:
    text = markdown(info, CARD, {"Worst results": "mine-worst.jpg"})
    assert text.startswith("# mine\n")
    assert "| licence | CC0-1.0 |" in text
    assert "| `width` | `8` |" in text
    assert "![Worst results](mine-worst.jpg)" in text
    assert "mine-nearest.jpg" not in text


def test_names_in_a_card_forge_neither_lines_nor_markup(info: ModelInfo) -> None:
    hostile: dict[str, Any] = {"worst": (Shown(name="a\n# forged <script> | \x1b[2J", figure=1),)}
    card = CARD.model_copy(update=hostile)
    text = markdown(info, card, {})
    assert "\n# forged" not in text
    assert "<script>" not in text
    assert "\x1b" not in text
