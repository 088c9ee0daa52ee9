"""A StarGAN is used with an image and the label of the class that the image shall become."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

import img2img
from img2img.nn.signed import from_signed, to_signed

LISTED = 20
"""The largest number of classes that a message names; a model may have a thousand."""


class StarGANTranslator(img2img.Translator):
    """Translates images to the class that the condition `label` names."""

    def __init__(self, generator: nn.Module, classes: Sequence[str]) -> None:
        what = f"the class that the image shall become: {_listed(classes)}"
        label = img2img.Condition(what, partial(one_hot, classes), required=True, choices=tuple(classes))
        super().__init__(generator, img2img.Traits(multiple_of=4, minimum_size=16, conditions={"label": label}))

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        """Translate (N, 3, H, W) in [0, 1] to the same; `label` is (N, K), with a row for each image."""
        return from_signed(self.generator(to_signed(images), conditions["label"]))


def one_hot(classes: Sequence[str], name: str) -> Tensor:
    """Return the label of a class: (K,), 1 at its place and 0 elsewhere.

    Raises:
        ValueError: There is no such class.
    """
    if name not in classes:
        near = difflib.get_close_matches(name, classes, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"there is no such class{hint}; choose among: {_listed(classes)}")
    return torch.eye(len(classes))[list(classes).index(name)]


def _listed(classes: Sequence[str]) -> str:
    more = ["…"] if len(classes) > LISTED else []
    return ", ".join([*map(repr, classes[:LISTED]), *more])
