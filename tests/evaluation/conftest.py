"""Photographs of a sort, a model that keeps the size, and networks that make features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from img2img import Model, PluginHost, load_model
from img2img.media import Image, encode_image, write_file
from img2img.modelfile import save_model

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
    """Write a network of 12 features, the means of each channel in four quarters, of images of a shape."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")

    def make_extractor(
        *shape: int | str, kind: str = "FLOAT", group: int = 3, layer: str = "Flatten", **options: Any
    ) -> Path:
        helper = onnx.helper
        images = helper.make_tensor_value_info("images", getattr(onnx.TensorProto, kind), shape)
        features = helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, None)
        ones = onnx.numpy_helper.from_array(np.ones((3, 1, 1, 1), np.float32), "ones")
        nodes = [
            helper.make_node("Conv", ["images", "ones"], ["same"], group=group),
            helper.make_node("AveragePool", ["same"], ["means"], kernel_shape=[8, 8], strides=[8, 8]),
            helper.make_node(layer, ["means"], ["features"]),
        ]
        graph = helper.make_graph(nodes, "toy", [images], [features], [ones])
        path = tmp_path / "extractor.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path, **options)
        return path

    return make_extractor
