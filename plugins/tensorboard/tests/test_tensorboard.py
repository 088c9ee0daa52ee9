"""What a training leaves for TensorBoard, read by TensorBoard's own reader."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest

import img2img
from img2img.media import Image, encode_image, write_file

pytest.importorskip("tensorboard", reason="needs the extra [tensorboard]")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TINY = {"scale": 2, "width": 8, "depth": 1, "crop": 16, "batch_size": 1, "pretrain_steps": 6, "gan_steps": 0}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(4):
        pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3)).astype(np.uint8)
        write_file(folder / f"{seed}.png", encode_image(Image(pixels), ".png").data)
    return folder


def train(photos: Path, run: Path, **options: Any) -> EventAccumulator:
    """Train a few steps, and read what stands in the run's folder."""
    img2img.train(
        "srgan", photos, run, TINY, compute=img2img.Compute("cpu", "fp32"),
        intervals=img2img.Intervals(validate_every=3, log_every=2, examine_every=2), **options,
    )  # fmt: skip
    return read(run)


def read(run: Path) -> EventAccumulator:
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    return events


def test_losses_figures_previews_and_config_are_there(photos: Path, tmp_path: Path) -> None:
    events = train(photos, tmp_path / "run")
    tags = events.Tags()
    assert "validation/psnr_y" in tags["scalars"]
    (loss,) = [tag for tag in tags["scalars"] if tag.startswith("loss/")]
    assert [event.step for event in events.Scalars(loss)] == [2, 4, 6]
    assert [event.step for event in events.Scalars("validation/psnr_y")] == [3, 6]
    log = (tmp_path / "run" / "log.csv").read_text().splitlines()
    column = log[0].split(",").index("validation_psnr_y")
    written = [float(row.split(",")[column]) for row in log[1:] if row.split(",")[column]]
    assert [event.value for event in events.Scalars("validation/psnr_y")] == pytest.approx(written, rel=1e-5)
    previews = [tag for tag in tags["images"] if tag.startswith("previews/")]
    assert previews
    assert {event.step for tag in previews for event in events.Images(tag)} == {3, 6}
    assert "config/text_summary" in tags["tensors"]
    assert [event.step for event in events.Scalars("health/forward/diversity")] == [2, 4, 6]


def test_a_run_that_goes_on_has_each_step_once(photos: Path, tmp_path: Path) -> None:
    steps = iter(range(1, 100))
    with pytest.raises(img2img.Img2ImgError, match="stopped after step 5"):
        train(photos, tmp_path / "run", stop=lambda: next(steps) == 5)
    events = train(photos, tmp_path / "run", resume=True)
    assert [event.step for event in events.Scalars("validation/psnr_y")] == [3, 6]
    (loss,) = [tag for tag in events.Tags()["scalars"] if tag.startswith("loss/")]
    assert [event.step for event in events.Scalars(loss)] == [2, 4, 6]


def test_without_tensorboard_a_training_is_as_it_was(photos: Path, tmp_path: Path) -> None:
    """In a process that cannot find it."""
    program = f"""
import sys
from importlib.abc import MetaPathFinder

class Hidden(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "tensorboard":
            raise ModuleNotFoundError(name)

import importlib.util, img2img
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "tensorboard" else found(name, package)
sys.meta_path.insert(0, Hidden())
import img2img
img2img.train("srgan", {str(photos)!r}, {str(tmp_path / "run")!r}, {TINY!r}, compute=img2img.Compute("cpu"),
              host=img2img.PluginHost.discover(strict=True))
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert (tmp_path / "run" / "run.safetensors").exists()
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_listing_plugins_imports_no_torch() -> None:
    program = "import sys, img2img_tensorboard; sys.exit('torch' in sys.modules or 'tensorboard' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
