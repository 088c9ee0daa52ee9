"""One thread, pictures of known sizes, and a model that doubles them."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import img2img
from img2img.models.file import save_model


def png(height: int, width: int) -> bytes:
    return cv2.imencode(".png", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    """Name to size of all pictures below a folder."""
    paths = [path for path in folder.rglob("*") if path.is_file() and ".img2img" not in path.parts]
    return {str(path.relative_to(folder)): cv2.imread(str(path)).shape[:2] for path in paths}


def failures(report: img2img.Report) -> dict[str, str]:
    return {item.address: item.reason for item in report.items if item.status == "failed"}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> img2img.Model:
    host = img2img.PluginHost.discover()
    config = host.family("srgan").config_class.parse({"scale": 2, "width": 8, "depth": 1})
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(path, host.family("srgan").build_generator(config), config, family="srgan", scale=2)
    return img2img.load_model(path, device="cpu", precision="fp32")


@pytest.fixture
def job(model: img2img.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., img2img.Report]:
    """Translate in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return partial(img2img.translate, model=model)
