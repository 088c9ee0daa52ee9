"""A model family as the subject of promises, with small networks and trainings, drawn data, and random weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from img2img.config import ModelConfig, TrainingConfig
from img2img.contract.data import Dataset
from img2img.contract.families import ModelFamily, Split, Translator
from img2img.contract.hookspecs import hookimpl
from img2img.contract.trainers import Trainer
from img2img.contract.traits import Condition
from img2img.host.declarations import Plugin
from img2img.host.host import PluginHost
from img2img.inference.device import Device
from img2img.nn.sizes import translate_any_size
from img2img.testing.pictures import Unread, find_data
from img2img.testing.promise import Skipped, Subject
from img2img.training.engine import TrainingEngine

GUESSES = ("0.25", "0.75", "1", "2")
"""Values to try for a condition of which neither its choices nor the data give any."""
PICTURE = (29, 37)
"""Height and width of the images that are drawn for conditions; no source that is drawn has them."""
FOR_USE_ONLY = "the family is there for use only: it defines no `trainer`"


def engine(device: str = "cpu", precision: str = "fp32", accumulate: int = 1) -> TrainingEngine:
    """Make the engine that the core lends a trainer, for tests of its `step`; call `begin(part)` before each batch.

    Args:
        device: `auto`, `cpu`, `cuda`, …
        precision: `auto`, `bf16` or `fp32`.
        accumulate: Batches whose gradients make up one step.
    """
    return TrainingEngine(Device.pick(device, precision), accumulate)


def host_of(family: ModelFamily[Any, Any]) -> PluginHost:
    """Make a host with one family, which raises the errors of observers."""

    class Module:
        """A plugin's module that registers the family."""

        @hookimpl
        def register_models(self, register: Callable[[ModelFamily[Any, Any]], None]) -> None:
            """Register the family."""
            register(family)

    host = PluginHost(strict=True)
    host.register(Module(), Plugin(family.name, "img2img-testing", "1"))
    return host


class FamilySubject(Subject):
    """A family with options and data that make everything of it small.

    Args:
        family: The family that is checked.
        folder: An empty folder, for data and runs.
        options: Options of a training, which override those that the family itself calls `small`.
        data: Folder of training data; drawn pictures by default.
    """

    def __init__(
        self,
        family: ModelFamily[Any, Any],
        folder: Path,
        options: Mapping[str, Any] | None = None,
        data: str | Path | None = None,
    ) -> None:
        super().__init__(f"family {family.name}")
        self.family, self.folder = family, folder
        self.chosen = {**family.small, **(options or {})}
        self._given_data = Path(data) if data else None

    @property
    def options(self) -> str:
        """Return the options of the training, as a user types them."""
        return " ".join(f"-o {name}={value!r}" for name, value in self.chosen.items()) or "the family's defaults"

    @cached_property
    def data(self) -> Path | None:
        """Return the folder of training data; None where the family reads none of the drawn data, as `unread` says."""
        if not self.family.is_trainable:
            return None
        if self._given_data:
            return self._given_data
        try:
            return find_data(self.family, self.chosen, self.folder / "data")
        except Unread as refusals:
            self.unread = str(refusals)
            return None

    @cached_property
    def training(self) -> Any:
        """Return the config of the training.

        Raises:
            Skipped: The family cannot be trained.
        """
        if not self.family.is_trainable:
            raise Skipped(FOR_USE_ONLY)
        if self.data is None:
            return self.family.training_class.parse(self.chosen)
        return self.family.configure(self.chosen, self.data)

    @cached_property
    def config(self) -> Any:
        """Return the config of the model, as a model file holds it."""
        if not self.family.is_trainable:
            return self.family.config_class.parse(self.chosen)
        assert isinstance(self.training, TrainingConfig)
        part: ModelConfig = self.training.part(self.family.config_class)
        return part

    @property
    def configs(self) -> list[Any]:
        """Return the config of the model, and that of the training if there is one."""
        return [self.config, self.training] if self.family.is_trainable else [self.config]

    @cached_property
    def host(self) -> PluginHost:
        """Return a host with this family alone."""
        return host_of(self.family)

    @cached_property
    def declared(self) -> Mapping[str, Condition]:
        """Return the conditions that the translator takes."""
        return self.translator().traits.conditions

    def values(self, name: str, images: Tensor) -> list[Tensor]:
        """Return the different rows of a condition that are known, at most two; maps have the size of the images."""
        condition = self.declared[name]
        if not condition.is_picture:
            return self._typed[name]
        size = images.shape[-2:] if condition.kind == "map" else PICTURE
        return [self._draw(name, (condition.channels, *size), seed) for seed in (1, 2)]

    def typed(self, name: str) -> Iterator[Tensor]:
        """Yield the rows of texts that a user may type for a label or a number."""
        condition = self.declared[name]
        for text in condition.choices or _guesses(condition):
            try:
                yield condition.row(text)
            except ValueError:
                continue

    def dataset(self, split: Split) -> Dataset:
        """Read the training data.

        Raises:
            Skipped: There are none that the family reads, or it cannot be trained.
        """
        if not self.family.is_trainable:
            raise Skipped(FOR_USE_ONLY)
        if self.data is None:
            raise Skipped(f"the family reads none of the drawn data; give a folder with --data.\n{self.unread}")
        return self.family.dataset(self.data, self.training, split)

    def trainer(self) -> tuple[Trainer, TrainingEngine]:
        """Make a new trainer, and the engine that it is lent."""
        lent = engine(accumulate=self.training.accumulate)
        return self.family.trainer(self.training, lent), lent

    def generator(self, *, lively: bool = False) -> nn.Module:
        """Build a generator for use, with fresh weights, or with weights none of which is 0, as after a training."""
        network = self.family.build_generator(self.config).eval().requires_grad_(False)
        if lively:
            for weights in network.parameters():
                weights.mul_(1 + 0.2 * torch.randn_like(weights)).add_(0.02 * torch.randn_like(weights))
        return network

    def translator(self, *, lively: bool = True) -> Translator:
        """Make a translator with a generator of its own."""
        return self.family.translator(self.config, self.generator(lively=lively))

    @torch.inference_mode()
    def translate(self, translator: Translator, images: Tensor, **conditions: Tensor) -> Tensor:
        """Translate images of any size as the core does; conditions that are required are given."""
        rows = {**self.conditions(translator, images), **conditions}
        return translate_any_size(translator, images, **{name: row.to(images.device) for name, row in rows.items()})

    def conditions(self, translator: Translator, images: Tensor) -> dict[str, Tensor]:
        """Return the required conditions, the same for each of the images.

        Raises:
            Skipped: No value of one is known.
        """
        rows = {}
        for name, condition in translator.traits.conditions.items():
            if condition.required:
                known = self.values(name, images)
                if not known:
                    raise Skipped(f"no value of the condition {name!r} is known; give it `choices`, or the data some")
                rows[name] = known[0].expand(len(images), *known[0].shape)
        return rows

    @cached_property
    def _typed(self) -> dict[str, list[Tensor]]:
        typed = {name: condition for name, condition in self.declared.items() if not condition.is_picture}
        return {name: _different(self._rows(name, condition)) for name, condition in typed.items()}

    @cached_property
    def _given(self) -> dict[str, list[Tensor]]:
        """Return the rows of conditions that some samples of the data have."""
        given: dict[str, list[Tensor]] = {}
        if self.data is not None:
            dataset = self.dataset("train")
            for index in range(min(len(dataset), 8)):
                for name, row in dataset.sample(index, None).condition.items():
                    given.setdefault(name, []).append(row)
        return given

    def _rows(self, name: str, condition: Condition) -> Iterator[Tensor]:
        if not condition.choices:
            yield from self._given.get(name, ())
        yield from self.typed(name)

    def _draw(self, name: str, shape: tuple[int, ...], seed: int) -> Tensor:
        """Draw a picture: random numbers, or for a map of classes those that the data have."""
        chance = torch.Generator().manual_seed(seed)
        rows = self._given.get(name, ()) if self.declared[name].interpolation == "nearest" else ()
        if not rows:
            return torch.rand(shape, generator=chance)
        known = torch.from_numpy(np.unique(torch.cat([row.flatten(1) for row in rows], 1).numpy(), axis=1))
        return known[:, torch.randint(known.shape[1], shape[1:], generator=chance)]


def random_images(translator: Translator, height: int, width: int, count: int = 1) -> Tensor:
    """Draw random images (count, channels_in, height, width) in [0, 1], or noise where the translator takes that."""
    if translator.traits.source:
        return torch.randn(count, *translator.traits.source.shape)
    return torch.rand(count, translator.traits.channels_in, height, width)


def difference(first: Tensor, second: Tensor) -> float:
    """Return the largest difference between two tensors of one shape."""
    return float((first.float() - second.float()).abs().max())


def _guesses(condition: Condition) -> tuple[str, ...]:
    """Return texts to try; for a number some in its range."""
    if condition.kind != "number":
        return GUESSES
    low = condition.minimum if condition.minimum is not None else min(0.0, (condition.maximum or 0.0) - 1)
    high = condition.maximum if condition.maximum is not None else max(1.0, low + 1)
    return f"{low + (high - low) / 4:g}", f"{low + (high - low) * 3 / 4:g}"


def _different(rows: Iterator[Tensor]) -> list[Tensor]:
    found: list[Tensor] = []
    for row in rows:
        if not found or not torch.equal(row, found[0]):
            found.append(row)
        if len(found) == 2:
            break
    return found
