"""One thread, a clip of known frames, and a model whose answer is known."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import img2img
from img2img.models.file import save_model


def stack_of(count: int, dtype: type = np.uint8, channels: tuple[int, ...] = (3,)) -> NDArray[Any]:
    """Noise: (count, 6, 10, …)."""
    limit = np.iinfo(dtype).max
    return np.random.default_rng(count).integers(0, limit, (count, 6, 10, *channels), dtype, endpoint=True)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> img2img.Model:
    """Super-resolution ×2 without a bias towards anything; always the same."""
    host = img2img.PluginHost.discover()
    config = host.family("srgan").config_class.parse({"scale": 2, "width": 8, "depth": 1})
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(path, host.family("srgan").build_generator(config), config, family="srgan", scale=2)
    return img2img.load_model(path, device="cpu", precision="fp32")
