"""This module builds networks that have shapes but no weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


def build_skeleton(build: Callable[[], nn.Module]) -> nn.Module:
    """Run `build` with tensors that take no memory, so that even a huge network costs next to nothing."""
    with torch.device("meta"), _NothingDrawn():
        return build()


class _NothingDrawn(TorchFunctionMode):
    """Skips `Tensor.normal_`, for which torch would import sympy on tensors without memory, which takes a second."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if function is torch.Tensor.normal_:
            return args[0]
        return function(*args, **(kwargs or {}))
