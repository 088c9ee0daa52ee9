"""Files of other programs, which say nothing of themselves."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.export import Dim

import img2img
from img2img.errors import ModelFileError

ANY = ["n", 3, "h", "w"]


def save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    shapes: Sequence[Sequence[Any]] = (ANY,),
    kind: int = TensorProto.FLOAT,
    outputs: Sequence[str] = ("y",),
    **constants: Any,
) -> Path:
    """Write a graph from x0, x1, … to `outputs`, with these constants."""
    inputs = [helper.make_tensor_value_info(f"x{index}", kind, shape) for index, shape in enumerate(shapes)]
    results = [helper.make_tensor_value_info(name, kind, None) for name in outputs]
    values = [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "stranger", inputs, results, values)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def resize(source: str, target: str, scales: str) -> onnx.NodeProto:
    return helper.make_node("Resize", [source, "", scales], [target], mode="nearest", nearest_mode="floor")


def enlarging(path: Path, factor: float) -> Path:
    """1 - x, `factor` times as large."""
    nodes = [helper.make_node("Sub", ["one", "x0"], ["z"]), resize("z", "y", "scales")]
    return save(path, nodes, one=1, scales=[1, 1, factor, factor])


def halving_and_doubling(path: Path, times: int) -> Path:
    """Takes every 2^times-th pixel and enlarges them again, beside the source, which must then be of that size."""
    stride = 2**times
    pool = helper.make_node("AveragePool", ["x0"], ["z"], kernel_shape=[stride, stride], strides=[stride, stride])
    nodes = [pool, resize("z", "large", "scales"), helper.make_node("Mul", ["large", "x0"], ["y"])]
    return save(path, nodes, scales=[1, 1, stride, stride])


@pytest.mark.parametrize("factor", [1, 2, 3, 0.5])
def test_the_scale_is_found_by_trying_and_said(
    factor: float, tmp_path: Path, host: img2img.PluginHost, caplog: pytest.LogCaptureFixture
) -> None:
    model = img2img.load_model(enlarging(tmp_path / "x.onnx", factor), precision="fp32", host=host)
    assert model.translator.traits.scale == Fraction(factor)
    assert model.info.scale == str(Fraction(factor))
    assert "x.onnx has no declaration by img2img" in caplog.text
    assert caplog.records[0].levelno == logging.WARNING
    image = np.random.default_rng(0).integers(0, 256, (30, 44, 3), np.uint8)
    result = model(image)
    assert result.shape == (30 * factor, 44 * factor, 3)
    assert result[0, 0, 0] == 255 - image[0, 0, 0]


@pytest.mark.parametrize("times", [1, 3, 6])
def test_the_multiple_that_a_network_takes_is_found_by_trying(
    times: int, tmp_path: Path, host: img2img.PluginHost
) -> None:
    model = img2img.load_model(halving_and_doubling(tmp_path / "x.onnx", times), precision="fp32", host=host)
    assert model.translator.traits.multiple_of == 2**times
    assert model(np.zeros((75, 101, 3), np.uint8)).shape == (75, 101, 3)


def test_a_network_that_makes_colours_of_grey_is_opened(tmp_path: Path, host: img2img.PluginHost) -> None:
    nodes = [helper.make_node("Concat", ["x0", "x0", "x0"], ["y"], axis=1)]
    translator = img2img.load_model(save(tmp_path / "x.onnx", nodes, [["n", 1, "h", "w"]]), host=host).translator
    assert (translator.traits.channels_in, translator.traits.channels_out) == (1, 3)


SAME = [helper.make_node("Identity", ["x0"], ["y"])]
UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "two inputs": (
        {"nodes": [helper.make_node("Add", ["x0", "x1"], ["y"])], "shapes": [ANY, ANY]},
        "takes x0: tensor.float., x1: tensor.float. and returns 1 values; a model takes images",
    ),
    "two outputs": (
        {"nodes": [helper.make_node("Split", ["x0"], ["y", "z"], axis=0, num_outputs=2)], "outputs": ["y", "z"]},
        "returns 2 values",
    ),
    "integers": ({"nodes": SAME, "kind": TensorProto.UINT8}, r"takes x0: tensor\(uint8\)"),
    "half precision": ({"nodes": SAME, "kind": TensorProto.FLOAT16}, r"takes x0: tensor\(float16\)"),
    "a vector": ({"nodes": SAME, "shapes": [["n", 3]]}, r"takes \(n, 3\); a model takes images"),
    "channels at the end": ({"nodes": SAME, "shapes": [["n", "h", "w", 3]]}, r"a model takes images: \(N, 1 or 3"),
    "one height": ({"nodes": SAME, "shapes": [["n", 3, 256, "w"]]}, "takes only .*export it again with dynamic axes"),
    "one size, and statistics of the whole": (
        {
            "nodes": [helper.make_node("ReduceMean", ["x0"], ["m"]), helper.make_node("Sub", ["x0", "m"], ["y"])],
            "shapes": [[1, 3, 64, 64]],
        },
        r"takes only \(1, 3, 64, 64\), and how far it looks is not known, .*with dynamic axes",
    ),
    "one size, and a constant for each place": (
        {
            "nodes": [helper.make_node("Add", ["x0", "place"], ["y"])],
            "shapes": [[1, 3, 64, 64]],
            "place": np.random.default_rng(0).random((64, 64)),
        },
        r"takes only \(1, 3, 64, 64\), and how far it looks is not known",
    ),
    "one size, and a view as far": (
        {
            "nodes": [helper.make_node("MaxPool", ["x0"], ["y"], kernel_shape=[65, 65], pads=[32] * 4)],
            "shapes": [[1, 3, 64, 64]],
        },
        r"takes only \(1, 3, 64, 64\), and looks 32 pixels far, too far for tiles of that size",
    ),
    "no images out": (
        {"nodes": [helper.make_node("GlobalAveragePool", ["x0"], ["y"])]},
        "does not turn images of 64 pixels and more",
    ),
}


@pytest.mark.parametrize("what", UNFIT)
def test_what_is_no_network_of_images_is_refused(what: str, tmp_path: Path, host: img2img.PluginHost) -> None:
    graph, message = UNFIT[what]
    with pytest.raises(ModelFileError, match=message):
        img2img.load_model(save(tmp_path / "x.onnx", **graph), host=host)


@pytest.mark.parametrize("where", ["initializer", "operator"])
def test_weights_that_are_no_numbers_are_refused_by_their_name(
    where: str, tmp_path: Path, host: img2img.PluginHost
) -> None:
    value = np.array([[[1]], [[np.nan]], [[1]]], np.float32)
    nodes, constants = [helper.make_node("Mul", ["x0", "layer.gain"], ["y"])], {"layer.gain": value}
    if where == "operator":
        nodes.insert(0, helper.make_node("Constant", [], ["layer.gain"], value=numpy_helper.from_array(value)))
        constants = {}
    with pytest.raises(ModelFileError, match=r"x\.onnx holds NaN in 'layer\.gain'.*export an earlier model"):
        img2img.load_model(save(tmp_path / "x.onnx", nodes, **constants), host=host)


class Doubling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.interpolate(self.layer(images).sigmoid(), scale_factor=2, mode="nearest")


def test_a_program_with_weights_that_are_no_numbers_is_refused_by_their_name(
    tmp_path: Path, host: img2img.PluginHost
) -> None:
    network = Doubling().eval()
    network.layer.weight.data[0, 0, 0, 0] = torch.nan
    torch.export.save(torch.export.export(network, (torch.rand(2, 3, 40, 48),)), tmp_path / "x.pt2")
    with pytest.raises(ModelFileError, match=r"x\.pt2 holds NaN in 'layer\.weight'"):
        img2img.load_model(tmp_path / "x.pt2", host=host)


@pytest.mark.parametrize("dynamic", [True, False])
def test_a_program_of_somebody_else_is_opened_if_it_takes_all_sizes(
    dynamic: bool, tmp_path: Path, host: img2img.PluginHost
) -> None:
    network, images = Doubling().eval(), torch.rand(2, 3, 40, 48)
    axes = ({axis: Dim(f"d{axis}") for axis in (0, 2, 3)},) if dynamic else None
    torch.export.save(torch.export.export(network, (images,), dynamic_shapes=axes), tmp_path / "x.pt2")
    if not dynamic:
        with pytest.raises(ModelFileError, match=r"takes only \(2, 3, 40, 48\)"):
            img2img.load_model(tmp_path / "x.pt2", host=host)
        return
    model = img2img.load_model(tmp_path / "x.pt2", precision="fp32", host=host)
    assert model.translator.traits.scale == 2
    images = torch.rand(1, 3, 70, 65)
    assert torch.allclose(model(images), network(images), atol=1e-6)
