"""A training of a few steps, its two model files, their use, and going on after a stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from img2img_cyclegan.family import CycleGAN
from safetensors.torch import load_file

import img2img
from img2img.errors import Stopped
from img2img.media import decode_image, read_file
from img2img.models.file import read_info, save_model
from img2img.training.checkpoints import list_checkpoints
from img2img.training.run import Run

Train = Callable[..., Run]


@pytest.fixture(scope="module")
def train(pictures: Path, options: dict[str, Any], device: torch.device) -> Train:
    """Train in a folder: `train(folder, resume=True, ema=0)`."""

    def train(folder: Path, *, resume: bool = False, stop: Callable[[], bool] = lambda: False, **more: Any) -> Run:
        return img2img.train(
            "cyclegan", pictures, folder, options | more, resume=resume, stop=stop,
            compute=img2img.Compute(str(device), "fp32"), intervals=img2img.Intervals(validate_every=4, log_every=2),
        )  # fmt: skip

    return train


@pytest.fixture(scope="module")
def finished(train: Train, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A training that nothing interrupted."""
    return train(tmp_path_factory.mktemp("finished") / "warm")


def pixels(path: Path) -> Any:
    return decode_image(read_file(path), path).pixels


def newest(run: Run) -> dict[str, Any]:
    return list_checkpoints(run.checkpoints)[-1].load(torch.device("cpu"))


def test_both_directions_are_written_and_translate_images_of_odd_sizes(finished: Run, device: torch.device) -> None:
    paths = {direction: finished.model_path(direction) for direction in ("forward", "backward")}
    assert [path.name for path in paths.values()] == ["warm.safetensors", "warm-backward.safetensors"]
    results = {}
    image = np.random.default_rng(0).integers(0, 256, (33, 46, 3)).astype(np.uint8)
    for direction, path in paths.items():
        assert read_info(path).direction == direction
        model = img2img.load_model(path, device=str(device), precision="fp32")
        for height, width in ((1, 1), (5, 18), (33, 46)):
            assert model(image[:height, :width]).shape == (height, width, 3)
        results[direction] = model(image).astype(float)
    assert np.abs(results["forward"] - results["backward"]).mean() > 0.5


def test_a_model_file_holds_the_generator_of_its_direction(train: Train, tmp_path: Path) -> None:
    """Without averaging, the very weights of the training."""
    run = train(tmp_path / "run", ema=0, constant_steps=1, decay_steps=0)
    networks = newest(run)["networks"]
    for direction in ("forward", "backward"):
        weights = load_file(run.model_path(direction))
        assert weights.keys() == networks[direction].keys()
        assert all(torch.equal(weights[name], tensor) for name, tensor in networks[direction].items())


def test_the_log_and_the_previews_show_both_directions(finished: Run) -> None:
    header, *_, last = (row.split(",") for row in (finished.folder / "log.csv").read_text().splitlines())
    figures = dict(zip(header, last, strict=True))
    for name in ("swd", "swd_forward", "swd_backward", "cycle_psnr"):
        assert float(figures[f"validation_{name}"]) > 0
    assert {"adversarial", "cycle", "identity", "source discriminator", "target discriminator"} <= set(header)
    assert pixels(finished.folder / "previews" / "step-00000007.png").shape[1] == 6 * 41


def assert_same(ours: Any, theirs: Any, at: str = "") -> None:
    """Bit for bit, through dicts and lists."""
    if isinstance(ours, torch.Tensor):
        assert torch.equal(ours, theirs), at
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), at
        for name in ours:
            assert_same(ours[name], theirs[name], f"{at}.{name}")
    elif isinstance(ours, list | tuple):
        assert len(ours) == len(theirs), at
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(one, other, f"{at}.{index}")
    else:
        assert ours == theirs, at


@pytest.mark.parametrize("stopped_after", [1, 5])
def test_a_stopped_run_that_goes_on_ends_as_if_it_had_not_been_stopped(
    stopped_after: int, train: Train, finished: Run, tmp_path: Path
) -> None:
    """Stopped while the pools fill, and in the decay when they are full; both between two log lines."""
    steps = iter(range(1, 100))
    with pytest.raises(Stopped, match=f"after step {stopped_after}"):
        train(tmp_path / "warm", stop=lambda: next(steps) == stopped_after)
    run = train(tmp_path / "warm", resume=True)
    assert newest(run)["step"] == 7
    assert len(newest(run)["trainer"]["pool_x"]) == 2
    assert_same(newest(run), newest(finished))
    assert (run.folder / "log.csv").read_text() == (finished.folder / "log.csv").read_text()
    for direction in ("forward", "backward"):
        assert_same(load_file(run.model_path(direction)), load_file(finished.model_path(direction)))


def test_weights_that_see_blue_first_are_no_start(
    family: CycleGAN, options: dict[str, Any], pictures: Path, tmp_path: Path
) -> None:
    config = family.config_class.parse({"width": 4, "blocks": 1, "channel_order": "bgr"})
    save_model(tmp_path / "bgr.safetensors", family.build_generator(config), config, family="cyclegan")
    with pytest.raises(img2img.UsageError, match=r"bgr\.safetensors was made with channel_order=bgr, with which no"):
        img2img.train("cyclegan", pictures, tmp_path / "run", options, init=str(tmp_path / "bgr.safetensors"))
    assert not (tmp_path / "run" / "run.toml").exists()
