"""The example of a GAN that makes pictures of noise and a label: trained for some seconds, used, and made bad."""

from __future__ import annotations

import importlib
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import img2img
from img2img.media import Image, encode_image, write_file
from img2img.testing.family import FamilySubject, host_of
from img2img.testing.promises import conditions, data, use

PROJECT = Path(__file__).parents[2] / "samples" / "plugins" / "img2img-digits"
OPTIONS = {"latent": 8, "width": 8, "doublings": 2, "steps": 150, "batch_size": 16, "lr": 2e-3, "ema": 0.9}
COLOURS = {"blue": (20, 40, 230), "red": (230, 40, 20)}


@pytest.fixture(scope="module")
def digits() -> Iterator[Any]:
    """The family, imported from the folder of its project."""
    sys.path.insert(0, str(PROJECT))
    try:
        yield importlib.import_module("img2img_digits.family").Digits()
    finally:
        sys.path.remove(str(PROJECT))
        for name in [name for name in sys.modules if name.startswith("img2img_digits")]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Squares on white: a folder of blue ones, and one of red ones."""
    root = tmp_path_factory.mktemp("shapes")
    for name, colour in COLOURS.items():
        (root / name).mkdir()
        for number in range(12):
            pixels = np.full((16, 16, 3), 255, np.uint8)
            y, x = np.random.default_rng(number).integers(0, 8, 2)
            pixels[y : y + 8, x : x + 8] = colour
            write_file(root / name / f"{number}.png", encode_image(Image(pixels), ".png").data)
    return root


def draw(model: img2img.Model, label: str, seeds: range = range(8)) -> Tensor:
    assert model.traits.source is not None
    return model(model.traits.source.draw(seeds), label=label)


@pytest.mark.slow
def test_a_training_of_seconds_makes_pictures_whose_class_shows(
    digits: Any, shapes: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = host_of(digits)
    with caplog.at_level(logging.WARNING):
        img2img.train(
            "digits", shapes, tmp_path / "run", OPTIONS, compute=img2img.Compute("cpu"), host=host,
            intervals=img2img.Intervals(75, 50, 50),
        )  # fmt: skip
    assert not caplog.messages
    assert (tmp_path / "run" / "previews").is_dir()
    model = img2img.load_model(tmp_path / "run" / "run.safetensors", device="cpu", host=host)
    blue, red = draw(model, "blue").mean((0, 2, 3)), draw(model, "red").mean((0, 2, 3))
    assert blue[2] - blue[0] > 0.05
    assert red[0] - red[2] > 0.05
    card = (tmp_path / "run" / "run.md").read_text()
    assert "model.traits.source.draw([1, 2])" in card
    assert "img2img translate" not in card
    assert "for the sources themselves" not in card
    assert "noise 0, label=blue: nearest is" in card
    assert {path.name for path in (tmp_path / "run").glob("*.jpg")} == {"run-worst.jpg", "run-nearest.jpg"}


def small(digits: Any, folder: Path) -> FamilySubject:
    return FamilySubject(digits, folder)


def test_data_and_use_keep_their_promises(digits: Any, tmp_path: Path) -> None:
    subject = small(digits, tmp_path)
    promises = [
        data.training_data_are_read,
        data.a_sample_depends_on_its_index_and_the_given_chance_alone,
        use.the_result_lies_between_0_and_1,
        use.nothing_in_a_batch_depends_on_its_neighbours,
        use.a_translation_draws_no_random_numbers,
        conditions.each_image_of_a_batch_follows_its_own_condition,
    ]
    assert [subject.outcome(promise).text for promise in promises if subject.outcome(promise).state != "ok"] == []


BAD = {
    "dice": (
        lambda own, images, label: own(images + torch.randn_like(images), label),
        "the same image gives the same result", "the results of two calls differ",
    ),
    "wasted dice": (
        lambda own, images, label: own(images + 0 * torch.randn_like(images), label),
        "a translation draws no random numbers", "random numbers of torch",
    ),
    "numpy's dice": (
        lambda own, images, label: own(images, label) + 0 * float(np.random.rand()),
        "a translation draws no random numbers", "random numbers of numpy",
    ),
    "dice by place": (
        lambda own, images, label: own(
            images + torch.randn(images.shape, generator=torch.Generator().manual_seed(1)), label
        ),
        "nothing in a batch depends on its neighbours", "another result among others than alone",
    ),
    "size": (
        lambda own, images, label: own(images, label)[..., :-1],
        "the result has the declared size", "promises (1, 3, 16, 16), and what it returned is (1, 3, 16, 15)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_translator_with_dice_of_its_own_is_found(name: str, digits: Any, tmp_path: Path) -> None:
    call, promise, measured = BAD[name]

    class Bad(type(digits)):  # type: ignore[misc]
        def translator(self, config: Any, generator: Any) -> img2img.Translator:
            own = super().translator(config, generator)
            kind = type(own)
            changed = {"__call__": lambda self, images, label: call(partial_of(kind, self), images, label)}
            return type("Changed", (kind,), changed)(generator, own.traits)

    subject = small(Bad(), tmp_path)
    outcomes = [subject.outcome(each) for each in vars(use).values() if type(each).__name__ == "Promise"]
    assert promise in {outcome.promise: outcome for outcome in outcomes if outcome.state == "broken"}
    (broken,) = [outcome for outcome in outcomes if outcome.promise == promise]
    assert measured in broken.detail


def partial_of(kind: Any, translator: Any) -> Any:
    return lambda images, label: kind.__call__(translator, images, label)


@pytest.mark.parametrize(
    ("traits", "measured"),
    [
        ({"scale": 2, "tiling": "exact"}, "scale, tiling of its traits mean nothing"),
        ({"source": img2img.Noise((), 16, 16)}, "has no shape"),
        ({"source": img2img.Noise((8,), 16, 0)}, "no height and width"),
        ({"source": "noise"}, "is no img2img.Noise"),
    ],
)
def test_traits_that_mean_nothing_for_noise_are_found(
    traits: dict[str, Any], measured: str, digits: Any, tmp_path: Path
) -> None:
    class Bad(type(digits)):  # type: ignore[misc]
        def translator(self, config: Any, generator: Any) -> img2img.Translator:
            own = super().translator(config, generator)
            own.traits = img2img.Traits(**{"source": config.noise, **traits})
            return own  # type: ignore[no-any-return]

    outcome = small(Bad(), tmp_path).outcome(use.the_translator_declares_what_can_be)
    assert outcome.state == "broken"
    assert measured in outcome.detail


@pytest.mark.slow
def test_it_keeps_the_contract() -> None:
    words = [sys.executable, "-m", "img2img", "check-plugin", str(PROJECT)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_it_is_as_short_as_its_readme_says() -> None:
    assert sum(len(path.read_text("utf-8").splitlines()) for path in PROJECT.rglob("*.py")) < 200
