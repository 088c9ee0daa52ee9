"""Networks that make features: toys, as ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def write_extractor(
    path: Path,
    *shape: int | str,
    pool: tuple[int, int] = (8, 8),
    kind: str = "FLOAT",
    group: int = 3,
    layer: str = "Flatten",
    **options: Any,
) -> Path:
    """Write a network whose features, of images of a shape, are the means of each channel in rectangles of `pool`."""
    import onnx

    helper = onnx.helper
    images = helper.make_tensor_value_info("images", getattr(onnx.TensorProto, kind), shape)
    features = helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, None)
    ones = onnx.numpy_helper.from_array(np.ones((3, 1, 1, 1), np.float32), "ones")
    nodes = [
        helper.make_node("Conv", ["images", "ones"], ["same"], group=group),
        helper.make_node("AveragePool", ["same"], ["means"], kernel_shape=pool, strides=pool),
        helper.make_node(layer, ["means"], ["features"]),
    ]
    graph = helper.make_graph(nodes, "toy", [images], [features], [ones])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path, **options)
    return path
