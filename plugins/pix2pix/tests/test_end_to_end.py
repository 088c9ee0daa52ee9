"""Trainings of a few steps, their model files, and what these make of files in colour and in grey."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import img2img
from img2img.errors import Stopped
from img2img.media import decode_image, read_file
from img2img.training.checkpoints import list_checkpoints

Train = Callable[..., Path]
MAGENTA = (255, 0, 255)


@pytest.fixture
def train(photos: Path, pairs: Path, tmp_path: Path, options: dict[str, Any], device: torch.device) -> Train:
    """Train in a folder of the test's own and return the model file: `train("name", {"task": …}, resume=True)`."""

    def train(name: str, more: dict[str, Any], *, precision: str = "fp32", every: int = 1000, **settings: Any) -> Path:
        data = pairs if more["task"] == "pairs" else photos
        run = img2img.train(
            "pix2pix", data, tmp_path / name, options | more, compute=img2img.Compute(str(device), precision),
            intervals=img2img.Intervals(every, 3), **settings,
        )  # fmt: skip
        return run.model_path("forward")

    return train


def pixels(path: Path) -> np.ndarray[Any, Any]:
    return decode_image(read_file(path), path).pixels


def translated(model: Path, files: Path, device: torch.device) -> dict[str, np.ndarray[Any, Any]]:
    target = model.parent / "out"
    img2img.translate(files, target, model=model, compute=img2img.Compute(str(device)))
    return {path.stem: pixels(path) for path in target.glob("*.png")}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_colorize_gives_colour_to_grey_files_and_keeps_their_luma(
    precision: str, train: Train, files: Path, device: torch.device
) -> None:
    model = train("run", {"task": "colorize", "lr": 5e-3}, precision=precision)
    results = translated(model, files, device)
    assert results["grey"].shape == (37, 23, 3)
    assert results["colour"].shape == (40, 44, 3)
    spread = np.ptp(results["grey"].astype(int), axis=2)
    assert spread.max() > 2
    source = pixels(files / "grey.png").reshape(37, 23).astype(float)
    luma = results["grey"] @ np.array([0.299, 0.587, 0.114])
    middle = (source > 40) & (source < 215)  # nothing is cut off there
    assert np.abs(luma - source)[middle].mean() < 1


def test_inpaint_paints_the_hole_and_keeps_every_bit_of_the_rest(
    train: Train, files: Path, device: torch.device
) -> None:
    results = translated(train("run", {"task": "inpaint"}), files, device)
    source = pixels(files / "colour.png")
    hole = (source == MAGENTA).all(2)
    assert hole.sum() == 15 * 18
    assert np.array_equal(results["colour"][~hole], source[~hole])
    assert not (results["colour"][hole] == MAGENTA).all(1).any()
    assert np.array_equal(results["grey"], pixels(files / "grey.png"))  # which has no hole


def test_edges_become_colour(train: Train, files: Path, device: torch.device) -> None:
    results = translated(train("run", {"task": "edges", "generator": "resnet"}), files, device)
    assert (results["grey"].shape, results["colour"].shape) == ((37, 23, 3), (40, 44, 3))


def test_pairs_give_a_grey_photo_the_colours_of_the_network(train: Train, files: Path, device: torch.device) -> None:
    paper = {"norm": "batch", "test_statistics": "image", "dropout": 0.5, "test_dropout": True}
    results = translated(train("run", {"task": "pairs", **paper}), files, device)
    assert (results["grey"].shape, results["colour"].shape) == ((37, 23, 3), (40, 44, 3))


def test_the_log_and_the_previews_tell_of_the_colours(train: Train) -> None:
    folder = train("run", {"task": "colorize"}).parent
    header = (folder / "log.csv").read_text().splitlines()[0].split(",")
    assert {"l1", "adversarial", "discriminator", "validation_swd", "validation_psnr_ab"} <= set(header)
    assert pixels(folder / "previews" / "step-00000011.png").shape[1:] == (3 * 44, 3)


def test_a_stopped_run_that_goes_on_ends_as_if_it_had_not_been_stopped(train: Train) -> None:
    """With BatchNorm's averages and the chance of dropout; stopped between two log lines."""
    more = {"task": "pairs", "norm": "batch", "depth": 6, "crop": 64, "resize": 64, "dropout": 0.5, "width": 4}
    steps = iter(range(1, 100))
    with pytest.raises(Stopped, match="after step 5"):
        train("stopped", more, every=4, stop=lambda: next(steps) == 5)
    ours = train("stopped", more, every=4, resume=True)
    theirs = train("whole", more, every=4)
    newest = [list_checkpoints(path.parent / "checkpoints")[-1].load(torch.device("cpu")) for path in (ours, theirs)]
    assert newest[0]["step"] == newest[1]["step"] == 11
    for part in ("networks", "averages"):
        for name, tensors in newest[0][part].items():
            for key, tensor in tensors.items():
                assert torch.equal(tensor, newest[1][part][name][key]), (part, name, key)
    assert (ours.parent / "log.csv").read_text() == (theirs.parent / "log.csv").read_text()
