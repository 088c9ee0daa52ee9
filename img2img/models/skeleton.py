"""Networks that have shapes but no weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


def build_skeleton(build: Callable[[], nn.Module]) -> nn.Module:
    """Run `build` on tensors without memory, so that the largest network costs next to nothing."""
    with torch.device("meta"), _NothingDrawn():
        return build()


class _NothingDrawn(TorchFunctionMode):
    """Skips the drawing of normal numbers: to do it on tensors without memory, torch would import sympy (a second)."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if function is torch.Tensor.normal_:
            return args[0]
        return function(*args, **(kwargs or {}))
