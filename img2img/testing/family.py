"""A model family as the subject of promises, with small networks and trainings, drawn data, and random weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

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
        self.unread = ""

    draws = True  # networks start from random weights

    def found(self) -> dict[str, Any]:
        """Return which data the family reads, since drawing them takes long."""
        return {"data": self.data and str(self.data), "unread": self.unread} if "data" in self.__dict__ else {}

    def take(self, found: Mapping[str, Any]) -> None:
        """Take over which data the family reads."""
        if found:
            self.unread = found["unread"]
            self.__dict__["data"] = Path(found["data"]) if found["data"] else None

    @property
    def options(self) -> str:
        """Return the options of the training, as a user types them."""
        return " ".join(f"-o {name}={value!r}" for name, value in self.chosen.items()) or "the family's defaults"

    @cached_property
    def data(self) -> Path | None:
        """Return the folder of training data; None where the family reads none of the drawn data, as `unread` says."""
        if self._given_data:
            return self._given_data
        try:
            return find_data(self.family, self.chosen, self.folder / "data")
        except Unread as refusals:
            self.unread = str(refusals)
            return None

    @cached_property
    def training(self) -> Any:
        """Return the config of the training."""
        if self.data is None:
            return self.family.training_class.parse(self.chosen)
        return self.family.configure(self.chosen, self.data)

    @cached_property
    def config(self) -> Any:
        """Return the config of the model, as a model file holds it."""
        assert isinstance(self.training, TrainingConfig)
        part: ModelConfig = self.training.part(self.family.config_class)
        return part

    @cached_property
    def host(self) -> PluginHost:
        """Return a host with this family alone."""
        return host_of(self.family)

    @cached_property
    def values(self) -> dict[str, list[Tensor]]:
        """Return for each condition the different rows that are known, at most two."""
        conditions = self.translator().traits.conditions
        return {name: _different(self._rows(name, condition)) for name, condition in conditions.items()}

    def dataset(self, split: Split) -> Dataset:
        """Read the training data.

        Raises:
            Skipped: There are none that the family reads.
        """
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
        rows = {**self.conditions(translator, len(images)), **conditions}
        return translate_any_size(translator, images, **{name: row.to(images.device) for name, row in rows.items()})

    def conditions(self, translator: Translator, count: int) -> dict[str, Tensor]:
        """Return the required conditions, the same for each of `count` images.

        Raises:
            Skipped: No value of one is known.
        """
        required = [name for name, condition in translator.traits.conditions.items() if condition.required]
        for name in required:
            if not self.values[name]:
                raise Skipped(f"no value of the condition {name!r} is known; give it `choices`, or the data some")
        return {name: self.values[name][0].expand(count, *self.values[name][0].shape) for name in required}

    def _rows(self, name: str, condition: Condition) -> Iterator[Tensor]:
        yield from (condition.row(choice) for choice in condition.choices)
        if self.data is not None:
            dataset = self.dataset("train")
            samples = (dataset.sample(index, None) for index in range(min(len(dataset), 8)))
            yield from (sample.condition[name] for sample in samples if name in sample.condition)
        for guess in GUESSES:
            try:
                yield condition.row(guess)
            except ValueError:
                continue


def random_images(translator: Translator, height: int, width: int, count: int = 1) -> Tensor:
    """Draw random images (count, channels_in, height, width) in [0, 1]."""
    return torch.rand(count, translator.traits.channels_in, height, width)


def difference(first: Tensor, second: Tensor) -> float:
    """Return the largest difference between two tensors of one shape."""
    return float((first.float() - second.float()).abs().max())


def _different(rows: Iterator[Tensor]) -> list[Tensor]:
    found: list[Tensor] = []
    for row in rows:
        if not found or not torch.equal(row, found[0]):
            found.append(row)
        if len(found) == 2:
            break
    return found
