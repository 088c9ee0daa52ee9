"""Recognises the U-Nets of the authors' PyTorch code, whose tensors are named as ours."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from img2img.errors import ModelFileError
from img2img.families import Recognised
from img2img.nn.blocks import without_unused_statistics

TASKS = {(3, 3): "pairs", (1, 3): "edges", (1, 2): "colorize"}
"""By channels in and out."""
TEST_MODE = "the authors' test.py takes the image's own statistics unless --eval is given; or running"
DROPOUT = "leaves no trace; the authors' test.py drops at random unless --eval is given: dropout=0.5 test_dropout=true"


def recognise(weights: Mapping[str, Tensor]) -> Recognised | None:
    """See `ModelFamily.recognise`."""
    first, last = (weights.get(f"model.model.{place}.weight") for place in (0, 3))
    if first is None or last is None or first.ndim != 4 or last.ndim != 4 or first.shape[2:] != (4, 4):
        return None
    kept = without_unused_statistics(weights)
    depth, level = 1, "model.model.1.model"
    while f"{level}.1.weight" in kept:
        depth, level = depth + 1, f"{level}.3.model"
    what = f"unet_{2**depth} of the PyTorch code of CycleGAN and pix2pix"
    task = TASKS.get((first.shape[1], last.shape[1]))
    if task is None:
        raise ModelFileError(
            f"is a {what} that takes {first.shape[1]} channels and gives {last.shape[1]}; only 3 and 3 (pairs), 1 "
            "and 3 (edges), and 1 and 2 (colorize) can be opened"
        )
    options = {"generator": "unet", "width": first.shape[0], "depth": depth, "task": task}
    batch = "model.model.1.model.2.weight" in kept
    options |= {"norm": "batch", "test_statistics": "image"} if batch else {"norm": "instance"}
    assumed = {"test_statistics": TEST_MODE} if batch else {}
    return Recognised(what, options, kept, {**assumed, "dropout": DROPOUT})
