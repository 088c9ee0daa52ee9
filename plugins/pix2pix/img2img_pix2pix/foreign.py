"""Recognises the U-Nets of the authors' PyTorch code, whose tensors are named as ours, and of MMagic."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from img2img import Recognised
from img2img.errors import ModelFileError
from img2img.nn.blocks import without_unused_statistics

MMAGIC = re.compile(
    r"model\.model((?:\.1\.model)*)\.([012])\.(conv|bn)\.(weight|bias|running_mean|running_var|num_batches_tracked)"
)
"""Matches the name of a layer. Each level is the one inside, `1`, between two layers; the innermost has only these."""
TASKS = {(3, 3): "pairs", (1, 3): "edges", (1, 2): "colorize"}
"""The tasks by channels in and out."""
TEST_MODE = "the authors' test.py takes the image's own statistics unless --eval is given; or running"
DROPOUT = "leaves no trace; the authors' test.py drops at random unless --eval is given: dropout=0.5 test_dropout=true"
OF_MMAGIC = {
    "test_statistics": "MMagic tests in training mode; or running",
    "dropout": "leaves no trace; MMagic drops at random, also when it tests: dropout=0.5 test_dropout=true",
    "channel_order": "as MMagic and MMGeneration load images; MMEditing before 1.0 had rgb",
}


def recognise(weights: Mapping[str, Tensor]) -> Recognised | None:
    """Recognise the weights of a U-Net; see `ModelFamily.recognise`."""
    renamed = _from_mmagic(weights)
    found = _recognise(renamed or weights, "MMagic" if renamed else "the PyTorch code of CycleGAN and pix2pix")
    if not renamed or found is None:
        return found
    assumed = {name: why for name, why in OF_MMAGIC.items() if name in (*found.assumed, "channel_order")}
    return Recognised(found.what, {**found.options, "channel_order": "bgr"}, found.weights, assumed)


def _from_mmagic(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename tensors as in the authors' code, where activations are layers; return none where they are not MMagic's."""

    def renamed(match: re.Match[str]) -> str:
        """Return the name of a layer in the authors' code."""
        layer, norm = int(match[2]), match[3] == "bn"
        if not match[1]:
            return f"model.model.{3 * layer // 2 + norm}.{match[4]}"
        inside = ".1.model" + match[1].removeprefix(".1.model").replace("1", "3")
        return f"model.model{inside}.{2 * layer + 1 + norm}.{match[4]}"

    names = {renamed(match): weights[match[0]] for match in map(MMAGIC.fullmatch, weights) if match}
    return names if len(names) == len(weights) else {}


def _recognise(weights: Mapping[str, Tensor], code: str) -> Recognised | None:
    first, last = (weights.get(f"model.model.{place}.weight") for place in (0, 3))
    if first is None or last is None or first.ndim != 4 or last.ndim != 4 or first.shape[2:] != (4, 4):
        return None
    kept = without_unused_statistics(weights)
    depth, level = 1, "model.model.1.model"
    while f"{level}.1.weight" in kept:
        depth, level = depth + 1, f"{level}.3.model"
    what = f"unet_{2**depth} of {code}"
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
