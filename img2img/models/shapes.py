"""This module compares the tensors of a model file with the network that its config describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from img2img.errors import ModelFileError
from img2img.text import error_text

if TYPE_CHECKING:
    from torch import Tensor

    from img2img.config import ModelConfig
    from img2img.contract.families import ModelFamily
    from img2img.models.file import ModelInfo

COUNTER = ".num_batches_tracked"


def check_shapes(info: ModelInfo, family: ModelFamily[Any, Any], config: ModelConfig) -> None:
    """Check that the tensors of a model file have the names and shapes of the network that its config describes.

    Raises:
        ModelFileError: The family cannot build the network, or tensors do not fit it; the message names some of them.
    """
    found, expected = info.shapes, _expected_shapes(info, family, config)
    wrong = sorted(
        f"{name[:200]}: {_shape(found.get(name))} in the file, {_shape(expected.get(name))} in the network"
        for name in found.keys() | expected.keys()
        if found.get(name) != expected.get(name)
    )
    if wrong:
        more = [f"  and {len(wrong) - 5} more"] if len(wrong) > 5 else []
        lines = [f"  {line}" for line in wrong[:5]]
        raise ModelFileError(f"the tensors of {info.path} do not fit its config:", *lines, *more)


def with_counters(
    weights: Mapping[str, Tensor], family: ModelFamily[Any, Any], config: ModelConfig
) -> dict[str, Tensor]:
    """Add the counter that BatchNorm has since torch 0.4.1, as 0, where weights lack it; nothing at use depends on it.

    Raises:
        ModelFileError: The family cannot build the network. The message continues a sentence that begins with the
            name of the file.
    """
    import torch

    if not any(name.endswith(".running_mean") for name in weights):
        return dict(weights)
    try:
        expected = _shapes(family, config)
    except Exception as error:  # a plugin may raise anything
        raise ModelFileError(
            f"is of the family {family.name!r}, which cannot build its network: {error_text(error)}"
        ) from error
    missing = {name for name in expected if name.endswith(COUNTER) and name not in weights}
    known = {name for name in missing if name.removesuffix(COUNTER) + ".running_mean" in weights}
    return {**weights, **{name: torch.zeros((), dtype=torch.int64) for name in known}}


def _expected_shapes(info: ModelInfo, family: ModelFamily[Any, Any], config: ModelConfig) -> dict[str, tuple[int, ...]]:
    try:
        return _shapes(family, config)
    except Exception as error:  # a plugin may raise anything
        raise ModelFileError(
            f"the family {family.name!r} cannot build the network of {info.path}: {error_text(error)}"
        ) from error


def _shapes(family: ModelFamily[Any, Any], config: ModelConfig) -> dict[str, tuple[int, ...]]:
    from img2img.models.skeleton import build_skeleton  # which imports torch

    network = build_skeleton(lambda: family.build_generator(config))
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def _shape(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else "×".join(map(str, shape)) or "a number"
