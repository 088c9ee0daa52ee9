"""A family with a condition of each kind keeps the promises of conditions, and each bad one breaks its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

import img2img
from img2img import Condition
from img2img.datasets import Geometry, made_pairs
from img2img.testing.family import FamilySubject
from img2img.testing.promises import conditions, families, reach

MASK = Condition("where to paint", kind="map", channels=1, required=True)
CONDITIONS = {
    "label": Condition("which of three", choices=("a", "b", "c")),
    "strength": Condition("how strongly", kind="number", minimum=0, maximum=4),
    "style": Condition("whose colours", kind="image"),
    "mask": MASK,
}


class Training(img2img.TrainingConfig):
    batch_size: int = 2

    @property
    def total_steps(self) -> int:
        return 2


def made(pixels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, Any]]:
    mask = np.zeros_like(pixels[..., :1])
    mask[: int(rng.integers(1, 16))] = 255
    rows = {"label": int(rng.integers(3)), "strength": rng.uniform(0, 4), "style": pixels[:8, :8], "mask": mask}
    return pixels, rows


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 3, 3, padding=1)
        self.labels = nn.Embedding(3, 3)

    def forward(
        self, images: Tensor, mask: Tensor, label: Tensor | None = None, strength: Any = 1, style: Any = 0
    ) -> Tensor:
        result = self.conv(torch.cat([images, mask], 1))
        if label is not None:
            result = result + self.labels(label)[..., None, None]
        if isinstance(strength, Tensor):
            strength = strength.view(-1, 1, 1, 1)
        if isinstance(style, Tensor):
            style = style.mean((2, 3), keepdim=True)
        return torch.sigmoid(result * strength + style)


class Trainer(img2img.Trainer):
    def __init__(self, engine: img2img.Engine, network: nn.Module) -> None:
        self.engine, self.network = engine, engine.prepare(network)
        self.networks = {"generator": self.network}
        self.optimizers = {"generator": torch.optim.Adam(network.parameters())}

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        loss = l1_loss(self.network(batch.source, **batch.condition), batch.target)
        self.engine.update(self.optimizers["generator"], loss)
        return {"l1": loss.detach()}

    def generators(self) -> Mapping[str, nn.Module]:
        return {"forward": self.network}


class Translator(img2img.Translator):
    traits = img2img.Traits(tiling="exact", halo=1, conditions=CONDITIONS)

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        result: Tensor = self.generator(images, **conditions)
        return result


class Steered(img2img.ModelFamily[img2img.ModelConfig, Training]):
    name = "steered"
    summary = "takes a condition of each kind"
    config_class = img2img.ModelConfig
    training_class = Training
    make: Callable[..., Any] = staticmethod(made)
    kind: type[Translator] = Translator

    def dataset(self, root: Path, config: Training, split: Any) -> img2img.Dataset:
        return made_pairs(root, self.make, geometry=Geometry(0, 16, flip=True), split=split)

    def build_generator(self, config: img2img.ModelConfig) -> nn.Module:
        return Network()

    def trainer(self, config: Training, engine: img2img.Engine) -> img2img.Trainer:
        return Trainer(engine, self.build_generator(config))

    def translator(self, config: img2img.ModelConfig, generator: nn.Module) -> img2img.Translator:
        return self.kind(generator)


def steered(
    change: Callable[[Translator, Tensor, dict[str, Tensor]], Tensor] | None = None,
    make: Callable[..., Any] = made,
    traits: Mapping[str, Any] | None = None,
    **declared: Condition,
) -> Steered:
    """Make a family that differs from the good one in one way."""

    class Changed(Translator):
        def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
            return change(self, images, conditions) if change else super().__call__(images, **conditions)

    Changed.traits = replace(Translator.traits, conditions={**CONDITIONS, **declared}, **(traits or {}))
    family = Steered()
    family.make, family.kind = make, Changed
    return family


def changing(**changed: Any) -> Callable[..., Any]:
    """Return a function that makes samples whose conditions differ from the good ones."""

    def make(pixels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, Any]]:
        source, rows = made(pixels, rng)
        return source, rows | changed

    return make


def without(name: str) -> Callable[[Translator, Tensor, dict[str, Tensor]], Tensor]:
    return lambda own, images, rows: own.generator(images, **{key: row for key, row in rows.items() if key != name})


def from_first(name: str) -> Callable[[Translator, Tensor, dict[str, Tensor]], Tensor]:
    def change(own: Translator, images: Tensor, rows: dict[str, Tensor]) -> Tensor:
        if name in rows:
            rows[name] = rows[name][:1].expand(rows[name].shape)
        result: Tensor = own.generator(images, **rows)
        return result

    return change


def unmasked(own: Translator, images: Tensor, rows: dict[str, Tensor]) -> Tensor:
    result: Tensor = own.generator(images, **rows | {"mask": torch.zeros_like(rows["mask"])})
    return result


def picky(own: Translator, images: Tensor, rows: dict[str, Tensor]) -> Tensor:
    if "style" in rows:
        rows["style"] = rows["style"].unfold(3, 32, 1)[..., 0]
    result: Tensor = own.generator(images, **rows)
    return result


def blurred(own: Translator, images: Tensor, rows: dict[str, Tensor]) -> Tensor:
    mask = torch.nn.functional.avg_pool2d(rows["mask"], 9, 1, 4)
    result: Tensor = own.generator(images, **rows | {"mask": mask})
    return result


DECLARED = "each condition is declared as its kind needs"
CHANGES = "each condition changes the result"
OWN = "each image of a batch follows its own condition"
TYPED = "what is typed for a condition is taken or refused with a reason"
RANGE = "a number out of its range is refused"
SIZE = "an image given as condition may have any size"
DATA = "the data give conditions in the form in which users do"
HALO = "the halo is as wide as the network looks"

BAD: dict[str, tuple[Steered, str, str]] = {
    "no choices": (steered(label=Condition("which")), DECLARED, "label takes no text"),
    "empty range": (steered(strength=Condition("how", kind="number", minimum=4, maximum=4)), DECLARED, "between 4"),
    "parsed map": (steered(mask=replace(MASK, parse=lambda text: torch.zeros(1))), DECLARED, "mask is a picture"),
    "odd choice": (
        steered(label=Condition("which", lambda text: torch.zeros(len(text)), choices=("a", "bb"))), TYPED,
        "label=bb became float32 of shape (2,), and another choice float32 of shape (1,)",
    ),
    "free choice": (
        steered(label=Condition("which", lambda text: torch.tensor(len(text) % 3), choices=("a", "bb"))), TYPED,
        "was taken, and is none of the choices",
    ),
    "lax range": (
        steered(strength=replace(CONDITIONS["strength"], parse=lambda text: torch.tensor(float(text)))), RANGE,
        "strength=-1 is taken, and lies outside of 0 to 4",
    ),
    "strict range": (
        steered(strength=replace(CONDITIONS["strength"], parse=Condition("", kind="number", maximum=3).row)), RANGE,
        "strength=4 is refused, and its range includes it",
    ),
    "ignored number": (steered(without("strength")), CHANGES, "for 'strength' give the same result"),
    "ignored image": (steered(without("style")), CHANGES, "2 different pictures for 'style' give the same result"),
    "ignored map": (steered(unmasked), CHANGES, "2 different pictures for 'mask' give the same result"),
    "shared image": (steered(from_first("style")), OWN, "a picture for 'style' gives another result in a batch"),
    "shared map": (steered(from_first("mask")), OWN, "a picture for 'mask' gives another result in a batch"),
    "shared number": (steered(from_first("strength")), OWN, "for 'strength' gives another result in a batch"),
    "image of one size": (steered(picky), SIZE, "RuntimeError"),
    "data out of range": (steered(make=changing(strength=5.0)), DATA, "'strength' is 5, and its range is 0 to 4"),
    "data of another type": (steered(make=changing(strength=1)), DATA, "and a user's becomes float32"),
    "one-hot data": (steered(make=changing(label=torch.eye(3)[0])), DATA, "is float32 of shape (3,), and a user's"),
    "map of another size": (
        steered(make=changing(mask=np.zeros((8, 8, 1), np.uint8))), DATA, "a map has the size of its source",
    ),
    "signed map": (steered(make=changing(mask=-torch.ones(1, 16, 16))), DATA, "lies in [-1, -1], and not in [0, 1]"),
    "wide map": (steered(blurred), HALO, "halo=1 is declared, and a pixel that lies 5 away changed the result"),
}  # fmt: skip


def test_a_family_with_a_condition_of_each_kind_keeps_the_promises(tmp_path: Path) -> None:
    subject = FamilySubject(Steered(), tmp_path)
    promises = [each for each in families.PROMISES if each.group == "conditions"]
    outcomes = map(subject.outcome, [*promises, reach.tiles_give_what_the_whole_gives])
    assert not [outcome.text for outcome in outcomes if outcome.state != "ok"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_one_breaks_its_own_promise(name: str, tmp_path: Path) -> None:
    family, sentence, said = BAD[name]
    subject = FamilySubject(family, tmp_path)
    promises = [*conditions.__dict__.values(), reach.the_halo_is_as_wide_as_the_network_looks]
    (promise,) = [each for each in promises if getattr(each, "sentence", "") == sentence]
    outcome = subject.outcome(promise)
    assert outcome.state == "broken", outcome.detail
    assert said in outcome.detail
