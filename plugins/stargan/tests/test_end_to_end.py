"""A training of a few steps, its model file, and its use from Python and from the command line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import img2img
from img2img.cli import main
from img2img.errors import Stopped, UsageError
from img2img.media import decode_image, read_file
from img2img.training.checkpoints import list_checkpoints

Train = Callable[..., Path]


@pytest.fixture
def train(pictures: Path, tmp_path: Path, options: dict[str, Any], device: torch.device) -> Train:
    """Train in a folder of the test's own and return the model file: `train("name", resume=True)`."""
    del options["classes"]  # the data say them

    def train(name: str, **settings: Any) -> Path:
        settings = {"compute": img2img.Compute(str(device), "fp32"), "intervals": img2img.Intervals(4, 3)} | settings
        run = img2img.train("stargan", pictures, tmp_path / name, options | {"critic_steps": 2}, **settings)
        return run.model_path("forward")

    return train


def pixels(path: Path) -> Any:
    return decode_image(read_file(path), path).pixels


def test_what_was_trained_translates_from_python_and_from_the_command_line(
    train: Train, pictures: Path, tmp_path: Path, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = train("run")
    model = img2img.load_model(path, device=str(device), precision="fp32")
    image = pixels(pictures / "autumn" / "0.png")
    results = {name: model(image, label=name) for name in ("autumn", "summer", "winter")}
    assert {result.shape for result in results.values()} == {image.shape}
    assert np.abs(results["summer"].astype(float) - results["winter"]).mean() > 0.5

    words = ["translate", path, pictures / "autumn", tmp_path / "out", "-c", "label=summer", "--device", device]
    monkeypatch.setattr(sys, "argv", ["img2img", *map(str, words), "--precision", "fp32"])
    monkeypatch.setattr(logging, "basicConfig", lambda **options: None)  # pytest has handlers of its own
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == 4
    difference = pixels(tmp_path / "out" / "0.png").astype(float) - results["summer"]
    assert np.abs(difference).max() <= 1


def test_a_missing_and_an_unknown_label_are_refused_with_the_classes(train: Train, device: torch.device) -> None:
    model = img2img.load_model(train("run"), device=str(device))
    image = np.zeros((20, 20, 3), np.uint8)
    with pytest.raises(UsageError, match=r"needs the condition 'label'.*'summer', 'winter'; give -c label="):
        model(image)
    with pytest.raises(UsageError, match=r"label='Winter': .*did you mean 'winter'.*'autumn', 'summer', 'winter'"):
        model(image, label="Winter")


@pytest.mark.slow
def test_a_stopped_run_that_goes_on_ends_as_if_it_had_not_been_stopped(train: Train) -> None:
    """Stopped between two steps of the generator, and between two log lines."""
    steps = iter(range(1, 100))
    with pytest.raises(Stopped, match="after step 5"):
        train("stopped", stop=lambda: next(steps) == 5)
    ours, theirs = train("stopped", resume=True), train("whole")
    newest = [list_checkpoints(path.parent / "checkpoints")[-1].load(torch.device("cpu")) for path in (ours, theirs)]
    assert newest[0]["step"] == newest[1]["step"] == 11
    for part in ("networks", "averages"):
        for name, tensors in newest[0][part].items():
            for key, tensor in tensors.items():
                assert torch.equal(tensor, newest[1][part][name][key]), (part, name, key)
    assert (ours.parent / "log.csv").read_text() == (theirs.parent / "log.csv").read_text()


def test_each_class_has_a_column_in_the_log_and_the_previews(train: Train) -> None:
    folder = train("run").parent
    header = (folder / "log.csv").read_text().splitlines()[0].split(",")
    assert {"discriminator", "penalty", "cycle", "validation_swd"} <= set(header)
    sheet = pixels(folder / "previews" / "step-00000011.png")
    assert sheet.shape == (4 * 18, 4 * 20, 3)
