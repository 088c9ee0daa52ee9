"""This module refuses files with weights that are no numbers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from img2img.errors import ModelFileError
from img2img.media import printable


def check_numbers(weights: Iterable[tuple[str, Any]], path: Path) -> None:
    """Check that no tensor holds NaN; infinity may stand in a mask.

    Raises:
        ModelFileError: One does; the message names it.
    """
    for name, tensor in weights:
        if isinstance(tensor, Tensor) and tensor.is_floating_point() and torch.isnan(tensor).any():
            raise ModelFileError(
                f"{path} holds NaN in {printable(name[:200])!r}, so that every result would be no image: the training "
                "came apart before it was exported; export an earlier model"
            )
