"""Photographs of a sort, a model that keeps the size, and networks that make features."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from img2img import Model, PluginHost, load_model
from img2img.media import Image, encode_image, write_file
from img2img.models.file import save_model

from .networks import write_extractor

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write waves and noise: `write("a/b.png", seed=1, size=(30, 40), channels=3, kind=np.uint8)`."""

    def write(
        name: str, seed: int = 0, size: tuple[int, int] = (30, 40), channels: int = 3, kind: type = np.uint8
    ) -> Path:
        chance = np.random.default_rng(seed)
        y, x = np.mgrid[: size[0], : size[1]]
        waves = [np.sin(x * chance.uniform(0, 0.4) + y * chance.uniform(0, 0.4)) for _ in range(channels)]
        pixels = 0.5 + 0.4 * np.stack(waves, axis=2) + chance.normal(0, 0.05, (*size, channels))
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        levels = np.iinfo(kind).max
        write_file(path, encode_image(Image((pixels.clip(0, 1) * levels).astype(kind)), path.suffix).data)
        return path

    return write


@pytest.fixture
def doubling(tiny_model: Path, host: PluginHost) -> Model:
    """Super-resolution ×2."""
    return load_model(tiny_model, device="cpu", precision="fp32", host=host)


@pytest.fixture
def make_model(tmp_path: Path, host: PluginHost) -> Callable[..., Model]:
    """Make a tiny model: `make_model("pix2pix", task="colorize")`."""

    def make_model(name: str, **options: Any) -> Model:
        family = host.family(name)
        config = family.config_class.parse({"width": 4, **options})
        torch.manual_seed(0)
        path = tmp_path / f"{name}.safetensors"
        save_model(path, family.build_generator(config), config, family=name)
        return load_model(path, device="cpu", precision="fp32", host=host)

    return make_model


@pytest.fixture
def restyling(make_model: Callable[..., Model]) -> Model:
    """A model that keeps the size."""
    return make_model("cyclegan", blocks=1)


@pytest.fixture
def make_extractor(tmp_path: Path) -> Callable[..., Path]:
    """Write a network of 12 features, the means of each channel in four quarters, of images of 16 × 16."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    return partial(write_extractor, tmp_path / "extractor.onnx")
