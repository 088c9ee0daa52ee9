"""This module finds out from the operators of an ONNX graph how far away a result looks in an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, lcm
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import ModelProto, NodeProto

POINTWISE = {
    "Abs", "Add", "BatchNormalization", "Cast", "Clip", "Concat", "Div", "Dropout", "Elu", "Erf", "Exp", "Gelu",
    "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Max", "Min", "Mish", "Mul", "Neg", "PRelu", "Pow", "Relu",
    "Selu", "Sigmoid", "Softplus", "Sqrt", "Sub", "Tanh",
}  # fmt: skip
"""Operators that compute each pixel from the pixels at its place."""
SUPPORT = {"nearest": 1, "linear": 2, "cubic": 3}
"""How many pixels around its place an enlarged pixel is made of."""


@dataclass(frozen=True)
class Sight:
    """How a value in a graph depends on the images."""

    radius: Fraction = Fraction(0)
    """The distance, in pixels of the images, beyond which a place does not depend on them."""
    scale: Fraction = Fraction(1)
    """The size of the value divided by that of the images."""
    grid: int = 1
    """The images may be moved by multiples of this, and the value moves with them."""

    def look(self, pixels: Fraction | int) -> Sight:
        """Look further, by a number of the value's own pixels."""
        return replace(self, radius=self.radius + pixels / self.scale)

    def resize(self, factor: Fraction) -> Sight:
        """Change the size."""
        scale = self.scale * factor
        return replace(self, scale=scale, grid=lcm(self.grid, (1 / scale).numerator))


class _UnknownReachError(Exception):
    """An operator may look anywhere."""


def sight_of(model: ModelProto) -> Sight | None:
    """Return how the result of a graph depends on its first input; None where that is not known."""
    from onnx import numpy_helper

    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    sights = {graph.input[0].name: Sight()}
    try:
        for node in graph.node:
            attributes = {attribute.name: _value(attribute) for attribute in node.attribute}
            if node.op_type == "Constant":
                constants[node.output[0]] = np.asarray(next(iter(attributes.values())))
                continue
            seen = [sights[name] for name in node.input if name in sights]
            if not seen or node.domain not in ("", "ai.onnx"):
                raise _UnknownReachError(node.op_type)
            sights[node.output[0]] = _through(node, attributes, seen, constants)
    except (_UnknownReachError, KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        return None
    return sights.get(graph.output[0].name)


def _through(
    node: NodeProto, attributes: Mapping[str, Any], seen: Sequence[Sight], constants: Mapping[str, NDArray[Any]]
) -> Sight:
    given = [constants.get(name) for name in node.input]
    sight = seen[0]
    if node.op_type in POINTWISE:
        return _pointwise(node, attributes, seen, given)
    if node.op_type in ("Conv", "MaxPool", "AveragePool", "ConvTranspose"):
        return _convolved(node, attributes, sight, given)
    if node.op_type == "Pad" and given[1] is not None:
        return sight.look(int(abs(given[1]).max()))
    if node.op_type == "DepthToSpace":
        return sight.look(1).resize(Fraction(attributes["blocksize"]))
    if node.op_type == "SpaceToDepth":
        return sight.look(attributes["blocksize"]).resize(Fraction(1, attributes["blocksize"]))
    if node.op_type in ("Resize", "Upsample"):
        return _resized(node, attributes, sight, given)
    raise _UnknownReachError(node.op_type)


def _pointwise(
    node: NodeProto, attributes: Mapping[str, Any], seen: Sequence[Sight], given: Sequence[NDArray[Any] | None]
) -> Sight:
    if node.op_type == "Concat" and attributes["axis"] not in (1, -3):
        raise _UnknownReachError("a concatenation of places")
    if attributes.get("training_mode"):
        raise _UnknownReachError("the statistics of the whole image")
    if node.op_type not in ("BatchNormalization", "Clip", "Dropout"):
        for constant in given:  # a constant for each place would not move with the image
            if constant is not None and constant.size > 1 and constant.shape[-2:] != (1, 1):
                raise _UnknownReachError("a constant for each place")
    if len({sight.scale for sight in seen}) > 1:
        raise _UnknownReachError("values of several sizes")
    radius, grid = max(sight.radius for sight in seen), lcm(*(sight.grid for sight in seen))
    return replace(seen[0], radius=radius, grid=grid)


def _convolved(
    node: NodeProto, attributes: Mapping[str, Any], sight: Sight, given: Sequence[NDArray[Any] | None]
) -> Sight:
    weight = given[1] if len(given) > 1 else None
    sides = attributes.get("kernel_shape") or (weight.shape[2:] if weight is not None else None)
    if sides is None:
        raise _UnknownReachError("a kernel of no known size")
    strides, dilations = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    if len(set(strides)) > 1:
        raise _UnknownReachError("unequal strides")
    extents = [(side - 1) * dilation for side, dilation in zip(sides, dilations, strict=True)]
    pads = attributes.get("pads", [0, 0, 0, 0]) if attributes.get("auto_pad", "NOTSET") == "NOTSET" else [0, 0, 0, 0]
    reach = max(max(pad, extent - pad) for pad, extent in zip(pads[:2], extents, strict=True))
    if node.op_type == "ConvTranspose":
        more = sum(attributes.get("output_padding", [0, 0]))
        return sight.look(Fraction(max(extents) + max(pads) + more, strides[0]) + 1).resize(Fraction(strides[0]))
    return sight.look(reach + strides[0] - 1).resize(Fraction(1, strides[0]))


def _resized(
    node: NodeProto, attributes: Mapping[str, Any], sight: Sight, given: Sequence[NDArray[Any] | None]
) -> Sight:
    scales = given[2 if node.op_type == "Resize" else 1]
    mode, place = attributes.get("mode", "nearest"), attributes.get("coordinate_transformation_mode", "half_pixel")
    if scales is None or len(scales) != 4 or scales[2] != scales[3] or attributes.get("antialias"):
        raise _UnknownReachError("another way to resize")
    if place in ("align_corners", "tf_crop_and_resize") or tuple(scales[:2]) != (1, 1):
        raise _UnknownReachError("a way to resize that depends on the size")
    factor = Fraction(float(scales[2])).limit_denominator(64)
    if abs(float(factor) - float(scales[2])) > 1e-6 or 1 not in (factor.numerator, factor.denominator):
        raise _UnknownReachError("a broken factor")
    return sight.look(ceil(SUPPORT[mode] / min(factor, Fraction(1)))).resize(factor)


def _value(attribute: Any) -> Any:
    from onnx import helper, numpy_helper

    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    return numpy_helper.to_array(value) if attribute.name == "value" else value
