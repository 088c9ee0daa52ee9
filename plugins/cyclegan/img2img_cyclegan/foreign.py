"""Recognises the residual generators of the authors' PyTorch code, which pix2pix shares, of CUT, and of MMagic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from img2img import Recognised
from img2img.errors import ModelFileError
from img2img.nn.blocks import without_unused_statistics

Names = Mapping[str, Tensor]

KINDS = "weight|bias|running_mean|running_var|num_batches_tracked"
KEY = re.compile(rf"model\.(\d{{1,4}})\.(?:conv_block\.(\d{{1,4}})\.)?({KINDS}|filt)")
MMAGIC = re.compile(rf"model\.(\d{{1,4}})\.(?:block\.([012])\.)?(conv|bn)\.({KINDS})")
"""Matches the name of a layer, or of one in a block; the last of these is 2 where there is dropout."""
FILTERS = {3: [1.0, 2.0, 1.0], 4: [1.0, 3.0, 3.0, 1.0]}
"""The binomial filters with which CUT halves and doubles, by their size."""

BORDERS = "reflected and replicated borders leave no trace"
TEST_MODE = "the authors' test.py takes the image's own statistics unless --eval is given; or running"
ENLARGED = "nearest neighbour or bilinear (blur) leaves no trace"
OF_MMAGIC = {
    "padding": "MMagic's default; others leave no trace, and as they are of its first and last layer too, do not fit",
    "test_statistics": "MMagic tests in training mode; or running",
    "channel_order": "as MMagic and MMGeneration load images; MMEditing before 1.0 had rgb",
}
PIX2PIXHD = "of pix2pixHD"


def recognise(weights: Names) -> Recognised | None:
    """Recognise the weights of a residual generator; see `ModelFamily.recognise`."""
    renamed = _from_mmagic(weights)
    found = _recognise(renamed or weights)
    if not renamed or found is None:
        return found
    what, options = f"resnet_{found.options['blocks']}blocks of MMagic", {**found.options, "channel_order": "bgr"}
    assumed = {name: why for name, why in OF_MMAGIC.items() if name in (*found.assumed, "channel_order")}
    return Recognised(what, options, found.weights, assumed)


def _recognise(weights: Names) -> Recognised | None:
    if {"model1_1.1.weight", "model1_2.0.conv_block.1.weight"} <= weights.keys():
        raise ModelFileError(
            "is the generator of pix2pixHD with a local enhancer (--netG local), which cannot be opened; only its "
            "global generator (--netG global) on RGB images can"
        )
    first = weights.get("model.1.weight")
    if first is None or first.ndim != 4 or first.shape[2:] != (7, 7) or not all(map(KEY.fullmatch, weights)):
        return None
    filters = {name: tensor for name, tensor in weights.items() if name.endswith(".filt")}
    kept = without_unused_statistics({name: tensor for name, tensor in weights.items() if name not in filters})
    blocks = sorted({int(match[1]) for match in map(KEY.fullmatch, kept) if match and match[2]})
    last = max(int(name.split(".")[1]) for name in kept)
    inner = _places(kept, blocks[0]) if blocks else None
    if inner is None or f"model.{last}.weight" not in kept:
        return None
    halvings = _halvings(kept, blocks[0])
    code = _code(halvings, bool(filters))
    if code == PIX2PIXHD:
        _check_pix2pixhd(kept, first.shape[1])
    options: dict[str, Any] = {
        "width": first.shape[0],
        "blocks": len(blocks),
        "halvings": halvings,
        "channels_in": first.shape[1],
        "channels_out": kept[f"model.{last}.weight"].shape[0],
        "downsampling": "blur" if _filters(filters, 3) else "strided",
        "upsampling": _upsampling(kept, blocks[-1] + 1, bool(_filters(filters, 4))),
        "padding": "zero" if 0 in inner else "reflect",
    }
    options |= {"norm": "batch", "test_statistics": "image"} if "model.2.weight" in kept else {"norm": "instance"}
    return Recognised(f"resnet_{len(blocks)}blocks {code}", options, _rename(kept, inner), _assumed(options))


def _halvings(weights: Names, block: int) -> int:
    """Return how many times the size is halved: by every convolution before the residual blocks but the first."""
    layers = (name.split(".") for name, tensor in weights.items() if tensor.ndim == 4)
    return len({layer for _, layer, *_ in layers if int(layer) < block}) - 1


def _code(halvings: int, blurs: bool) -> str:
    if blurs:
        return "of CUT"
    return "of the PyTorch code of CycleGAN and pix2pix" if halvings == 2 else PIX2PIXHD


def _check_pix2pixhd(weights: Names, channels: int) -> None:
    """Check that a generator takes images, and not labels and edges.

    Raises:
        ModelFileError: It does not, or has BatchNorm.
    """
    if channels not in (1, 3):
        raise ModelFileError(
            f"is a global generator {PIX2PIXHD} that takes {channels} channels: a plane for each label, and edges; "
            "only one of RGB images (--label_nc 0 --no_instance) can be opened"
        )
    if "model.2.weight" in weights:
        raise ModelFileError(
            f"is a global generator {PIX2PIXHD} with BatchNorm; only one with InstanceNorm can be opened"
        )


def _from_mmagic(weights: Names) -> dict[str, Tensor]:
    """Rename tensors as in the authors' code, where each layer is a module; return none where they are not MMagic's."""
    matches = [match for match in map(MMAGIC.fullmatch, weights) if match]
    blocks = len({match[1] for match in matches if match[2]})

    def renamed(match: re.Match[str]) -> str:
        """Return the name of a layer in the authors' code."""
        layer, norm = int(match[1]), match[3] == "bn"
        if match[2]:
            return f"model.{layer + 7}.conv_block.{(1 if match[2] == '0' else 5) + norm}.{match[4]}"
        behind = layer - blocks
        place = 3 * layer + 1 if layer < 3 else blocks + 3 * behind + 1 + (behind == 5)
        return f"model.{place + norm}.{match[4]}"

    names = {renamed(match): weights[match[0]] for match in matches}
    return names if len(names) == len(weights) else {}


def _places(weights: Names, block: int) -> dict[int, int] | None:
    """Map the layers of a block to ours, which dropout and padding without a layer move."""
    prefix = f"model.{block}.conv_block."
    convolutions = sorted(
        int(name.split(".")[3]) for name, tensor in weights.items() if name.startswith(prefix) and tensor.ndim == 4
    )
    if convolutions not in ([1, 5], [1, 6], [0, 3], [0, 4]):
        return None
    first, second = convolutions
    return {first: 1, first + 1: 2, second: 5, second + 1: 6}


def _rename(weights: Names, places: Mapping[int, int]) -> dict[str, Tensor]:
    def renamed(name: str) -> str:
        """Return the name of a tensor in our generator."""
        words = name.split(".")
        if words[2] == "conv_block":
            words[3] = str(places.get(int(words[3]), words[3]))
        return ".".join(words)

    return {renamed(name): tensor for name, tensor in weights.items()}


def _filters(filters: Names, size: int) -> list[Tensor]:
    """Return the blur filters of one size, once they are checked; they are constants that our files do not hold."""
    found = [tensor for tensor in filters.values() if tensor.shape[1:] == (1, size, size)]
    taps = torch.tensor(FILTERS[size])
    expected = torch.outer(taps, taps) / taps.sum() ** 2 * (4 if size == 4 else 1)
    for tensor in found:
        if len(tensor) > 4096 or not torch.allclose(tensor.float(), expected.expand_as(tensor), atol=1e-3):
            raise ModelFileError("is of CUT, but blurs otherwise than CUT does; such a variant cannot be opened")
    return found


def _upsampling(weights: Names, after: int, blurred: bool) -> str:
    if blurred:
        return "blur"
    return "transposed" if f"model.{after}.weight" in weights else "resize"


def _assumed(options: Mapping[str, Any]) -> dict[str, str]:
    assumed = {} if options["padding"] == "zero" else {"padding": BORDERS}
    if options["norm"] == "batch":
        assumed["test_statistics"] = TEST_MODE
    if options["upsampling"] == "resize":
        assumed["upsampling"] = ENLARGED
    return assumed
