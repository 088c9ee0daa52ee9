"""This module defines the importer; it imports spandrel only when a table of tensors is shown to it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import img2img
from img2img.errors import ModelFileError

if TYPE_CHECKING:
    from torch import Tensor

    Weights = Mapping[str, Tensor] | None

HALO = 32
"""Pixels by which tiles overlap on each side; spandrel says only whether a network bears tiles."""
COLOURISERS = ("DDColor",)
"""Architectures whose results have other colours than their sources."""


class Spandrel(img2img.Importer):
    """Opens what spandrel's architectures detect as theirs."""

    name = "spandrel"
    summary = "super-resolution, restoration and inpainting networks of spandrel"
    suffixes = (".pth", ".pt", ".ckpt", ".safetensors")

    def claims(self, path: Path, weights: Weights) -> bool:
        return weights is not None and bool(_detected(weights))

    def open(self, path: Path, weights: Weights) -> img2img.Translator:
        from spandrel import ImageModelDescriptor, ModelLoader

        from .translator import Described, Masked

        name = self._architecture(path, weights)
        try:
            model = ModelLoader("cpu", _registry()).load_from_state_dict(dict(weights or {}))
        except Exception as error:  # an architecture may raise anything where a variant is not its own
            raise ModelFileError(f"{path} looks like a {name}, which spandrel cannot make of it: {error}") from error
        for way, channels in (("takes", model.input_channels), ("returns", model.output_channels)):
            if channels not in (1, 3):
                raise ModelFileError(f"{path} is a {name} that {way} {channels} channels; give one of 1 or 3")
        return (Described if isinstance(model, ImageModelDescriptor) else Masked)(model, traits_of(model))

    def about(self, path: Path, weights: Weights) -> Mapping[str, Any]:
        name = self._architecture(path, weights)
        return {"architecture": name, "created_with": f"{name}, opened by spandrel"}

    def _architecture(self, path: Path, weights: Weights) -> str:
        if not (name := _detected(weights or {})):
            raise ModelFileError(f"{path} is none of the networks that spandrel knows")
        return name


def traits_of(model: Any) -> img2img.Traits:
    """Turn what spandrel says of a network into traits.

    Args:
        model: A model descriptor of spandrel.
    """
    from spandrel import MaskedImageModelDescriptor, ModelTiling

    needs = model.size_requirements
    mask = img2img.Condition("white where the picture is to be painted anew", kind="map", channels=1, required=True)
    tiled = model.tiling is ModelTiling.SUPPORTED
    borne = {"bf16": model.supports_bfloat16, "fp16": model.supports_half}
    return img2img.Traits(
        scale=model.scale,
        multiple_of=needs.multiple_of,
        minimum_size=max(1, needs.minimum),
        channels_in=model.input_channels,
        channels_out=model.output_channels,
        tiling="overlap" if tiled else "never",
        halo=-(-HALO // needs.multiple_of) * needs.multiple_of if tiled else 0,
        precisions=("fp32", *(name for name, is_borne in borne.items() if is_borne)),
        keeps_colour=model.architecture.id not in COLOURISERS,
        conditions={"mask": mask} if isinstance(model, MaskedImageModelDescriptor) else {},
    )


@cache
def _registry() -> Any:
    from spandrel import MAIN_REGISTRY

    registry = MAIN_REGISTRY.copy()
    try:
        from spandrel_extra_arches import EXTRA_REGISTRY
    except ImportError:  # not installed
        return registry
    registry.add(*EXTRA_REGISTRY.architectures("detection"))
    return registry


def _detected(weights: Mapping[str, Tensor]) -> str:
    """Return the name of the architecture that weights belong to; empty for none."""
    from spandrel import canonicalize_state_dict

    table = canonicalize_state_dict(dict(weights))
    for support in _registry().architectures("detection"):
        if support.detect(table):
            return str(support.architecture.name)
    return ""
