"""Recognises the generators of BasicSR, ESRGAN (by old and new names), MMagic, leftthomas' SRGAN and Fast-SRGAN."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt

from torch import Tensor

from img2img import Recognised
from img2img.errors import ModelFileError

Names = Mapping[str, Tensor]
Renames = Sequence[tuple[str, str]]

MMAGIC = ((r"trunk_net\.", "body."), (r"upsample([12])\.upsample_conv\.", r"upconv\1."))
ESRGAN_2019 = (
    (r"RRDB_trunk\.(\d+)\.RDB", r"body.\1.rdb"),
    (r"trunk_conv\.", "conv_body."),
    (r"upconv([12])\.", r"conv_up\1."),
    (r"HRconv\.", "conv_hr."),
)
ESRGAN_2018 = (
    (r"model\.0\.", "conv_first."),
    (r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.", r"body.\1.rdb\2.conv\3."),
    (r"model\.1\.sub\.\d+\.", "conv_body."),
)
"""Behind these come the convolutions of each doubling and the last two; their places depend on the scale."""
LEFTTHOMAS = (
    (r"block1\.", "head."),
    (r"block8\.(\d+)\.conv\.", r"upsampling.\1.conv."),
    (r"block8\.(\d+)\.prelu\.", r"upsampling.\1.activation."),
    (r"block8\.\d+\.", "output."),
)
FAST = (
    (r"neck\.", "head."),
    (r"stem\.(\d+)\.conv1\.", r"body.\1.layers.0."),
    (r"stem\.(\d+)\.relu1\.", r"body.\1.layers.2."),
    (r"stem\.(\d+)\.conv2\.", r"body.\1.layers.3."),
    (r"bottleneck\.", "tail."),
    (r"upsampling\.(\d+)\.relu\.", r"upsampling.\1.activation."),
    (r"head\.0\.", "output."),
)
LAYERS = {"conv1": 0, "bn1": 1, "prelu": 2, "conv2": 3, "bn2": 4}
"""The layers of a residual block there, and their places in ours."""


def recognise(weights: Names) -> Recognised | None:
    """Recognise the weights of a generator; see `ModelFamily.recognise`."""
    if found := _msrresnet(_renamed(weights, MMAGIC)) or _compact(weights) or _leftthomas(weights) or _fast(weights):
        return found
    for code, renames in {"BasicSR": (), "ESRGAN": ESRGAN_2019, "ESRGAN in 2018": _esrgan_2018(weights)}.items():
        if found := _rrdb(_renamed(weights, renames), code):
            return found
    return None


def _esrgan_2018(weights: Names) -> Renames:
    """Return the renames for a network whose convolutions are numbered, of any scale."""
    found = (re.fullmatch(r"model\.(\d{1,3})\.weight", name) for name in weights)
    places = sorted({int(match[1]) for match in found if match} - {0, 1})
    names = [*(f"conv_up{index + 1}." for index in range(len(places) - 2)), "conv_hr.", "conv_last."]
    return (*ESRGAN_2018, *((rf"model\.{place}\.", name) for place, name in zip(places, names, strict=False)))


def _msrresnet(weights: Names) -> Recognised | None:
    first, up, last = (_kernel(weights, name) for name in ("conv_first", "upconv1", "conv_last"))
    factor = {4: 2, 9: 3}.get(up[0] // first[0]) if first and up else None
    if factor is None or not last or "body.0.conv1.weight" not in weights:
        return None
    scale = factor * 2 ** (_count(weights, r"upconv(\d+)\.") - 2)  # upconv1 is the first
    what = f"MSRResNet ×{scale} of BasicSR or MMagic"
    channels = _channels(what, first[1], last[0])
    depth = _count(weights, r"body\.(\d+)\.")
    options = {"generator": "msrresnet", "scale": scale, "width": first[0], "depth": depth, "channels": channels}
    return Recognised(what, options, weights)


def _rrdb(weights: Names, code: str) -> Recognised | None:
    first, dense, last = (_kernel(weights, name) for name in ("conv_first", "body.0.rdb1.conv1", "conv_last"))
    if not first or not dense or not last:
        return None
    depth, doublings = _count(weights, r"body\.(\d+)\.rdb1\."), max(0, _count(weights, r"conv_up(\d+)\.") - 1)
    folding = isqrt(first[1] // last[0])
    scale = 2**doublings // folding if folding else 0
    what = f"RRDBNet ×{scale} with {depth} blocks, named as in {code}"
    channels = _channels(what, Fraction(first[1], max(1, folding) ** 2), last[0])
    if folding > 1 and 2**doublings != 4:
        raise ModelFileError(
            f"is a RRDBNet that folds {folding}×{folding} pixels and doubles {doublings} times; one that folds can be "
            "opened only if it doubles twice"
        )
    options = {"generator": "rrdb", "scale": scale, "width": first[0], "depth": depth, "growth": dense[0]}
    return Recognised(what, {**options, "channels": channels, "fold": folding > 1 or scale >= 4}, weights)


def _compact(weights: Names) -> Recognised | None:
    layers = _count(weights, r"body\.(\d+)\.")
    first, last = _kernel(weights, "body.0"), _kernel(weights, f"body.{layers - 1}")
    if not first or not last or "body.1.weight" not in weights or weights["body.1.weight"].ndim != 1:
        return None
    scale = isqrt(last[0] // first[1])
    what = f"SRVGGNetCompact ×{scale} of Real-ESRGAN"
    channels = _channels(what, first[1], Fraction(last[0], max(1, scale) ** 2))
    options = {"generator": "compact", "scale": scale, "width": first[0], "depth": layers // 2 - 1}
    return Recognised(what, {**options, "channels": channels}, weights)


def _leftthomas(weights: Names) -> Recognised | None:
    first, parts = _kernel(weights, "block1.0"), _count(weights, r"block(\d+)\.")
    if not first or first[2:] != (9, 9) or parts != 9:  # block1 to block8
        return None
    depth, scale = 5, 2 ** (_count(weights, r"block8\.(\d+)\.") - 1)
    what = f"generator ×{scale} of leftthomas' SRGAN"
    _check_rgb(what, first[1])
    options = {"generator": "srresnet", "scale": scale, "width": first[0], "depth": depth, "output": "tanh"}
    tail = "norm" if "block7.1.running_mean" in weights else "prelu"
    blocks = tuple(
        (rf"block{index + 2}\.{name}\.", f"body.{index}.layers.{place}.")
        for index in range(depth)
        for name, place in LAYERS.items()
    )
    renamed = _renamed(weights, (*LEFTTHOMAS, (r"block7\.", "tail."), *blocks))
    return Recognised(what, {**options, "tail": tail}, _without_biases(renamed))


def _fast(weights: Names) -> Recognised | None:
    first, stem = _kernel(weights, "neck.0"), _kernel(weights, "stem.0.conv1")
    if not first or not stem or "stem.0.bn1.weight" in weights:  # older versions have a BatchNorm instead
        return None
    scale, depth = 2 ** _count(weights, r"upsampling\.(\d+)\."), _count(weights, r"stem\.(\d+)\.")
    what = f"generator ×{scale} of Fast-SRGAN"
    _check_rgb(what, first[1])
    options = {"generator": "fast", "scale": scale, "width": first[0], "depth": depth}
    return Recognised(what, options, _renamed(weights, FAST))


def _channels(what: str, taken: int | Fraction, given: int | Fraction) -> int:
    """Return the number of channels that a network takes and gives.

    Raises:
        ModelFileError: It takes others than it gives, or neither grey, RGB nor RGBA.
    """
    if taken != given or taken not in (1, 3, 4):
        raise ModelFileError(
            f"is a {what} that takes {taken} channels and gives {given}; only networks of 1 (grey), 3 (RGB) or 4 "
            "channels (RGBA) on both sides can be opened"
        )
    return int(taken)


def _check_rgb(what: str, taken: int) -> None:
    if taken != 3:
        raise ModelFileError(f"is a {what} that takes {taken} channels; only those of RGB, 3, can be opened")


def _without_biases(weights: Names) -> dict[str, Tensor]:
    """Subtract each convolution's bias from the mean of its BatchNorm: the sum is the same, and ours have no biases."""
    folded = dict(weights)
    for mean in [name for name in weights if name.endswith(".running_mean")]:
        layer, _, place = mean.removesuffix(".running_mean").rpartition(".")
        bias = folded.pop(f"{layer}.{int(place) - 1}.bias", None)
        if bias is not None and bias.shape == folded[mean].shape:
            folded[mean] = folded[mean] - bias
    return folded


def _renamed(weights: Names, renames: Renames) -> dict[str, Tensor]:
    def renamed(name: str) -> str:
        """Return the name of a tensor in our generator."""
        for pattern, replacement in renames:
            if match := re.match(pattern, name):
                return match.expand(replacement) + name[match.end() :]
        return name

    return {renamed(name): tensor for name, tensor in weights.items()}


def _kernel(weights: Names, layer: str) -> tuple[int, ...]:
    """Return the shape of a convolution's weights; empty where there is none."""
    tensor = weights.get(f"{layer}.weight")
    return tuple(tensor.shape) if tensor is not None and tensor.ndim == 4 and tensor.numel() else ()


def _count(weights: Names, pattern: str) -> int:
    """Return how many layers a row has, by the largest of their numbers."""
    return 1 + max((int(match[1]) for name in weights if (match := re.match(pattern, name))), default=-1)
