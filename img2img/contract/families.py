"""This module is the contract of a model family.

A plugin registers a `ModelFamily`, which makes datasets, networks, a `Trainer` and a `Translator`. A `Trainer` turns a
`Batch` into one step of learning; a `Translator` turns images into images. The core does everything around them:
devices, precision, padding, tiles, files, checkpoints, averaging, logging.

This module does not import torch, and the module of a family need not either: if it imports networks inside the methods
that need them, `img2img plugins` lists the family at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from img2img.contract.traits import Traits
from img2img.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from img2img.config import ModelConfig, TrainingConfig
    from img2img.contract.data import Dataset
    from img2img.contract.trainers import Engine, Trainer

C = TypeVar("C", bound="ModelConfig")
T = TypeVar("T", bound="TrainingConfig")

Split = Literal["train", "validation"]


class Translator:
    """Turns a batch of images into a batch of images, with a trained network.

    The core calls it in `eval()` and inference mode, on the right device, with sizes that its traits allow. The result
    for an image must not depend on the other images of the batch.

    Args:
        generator: The network.
        traits: The traits of the network; by default those of the class, where a subclass sets them if they never vary.
    """

    traits: Traits = Traits()

    def __init__(self, generator: nn.Module, traits: Traits | None = None) -> None:
        self.generator = generator
        if traits is not None:
            self.traits = traits

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        """Translate (N, channels_in, H, W) in [0, 1] to (N, channels_out, scale H, scale W) in [0, 1].

        Args:
            images: Their height and width are multiples of `multiple_of` and at least `minimum_size`. With a `window`,
                (N, T, channels_in, H, W); of a source that is `Noise`, (N, *shape).
            conditions: For each condition in `traits.conditions` that the user gave, a tensor of N rows by its name:
                of an image (N, channels, H', W'), of a map (N, channels, H, W), both in [0, 1].
        """
        return self.generator(images)

    def begin(self) -> None:
        """Forget the clip before; the core calls this before each clip and each single image, if `traits.remembers`.

        The frames then come one by one (N = 1), in order.
        """

    def state(self) -> Mapping[str, Tensor]:
        """Return everything that the next frame depends on, by name; it is kept on the disk for a killed job."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on behind the frame after which `state` returned this; the tensors are on the generator's device."""


@dataclass(frozen=True)
class Recognised:
    """The weights of another program, described as a model of a family.

    Attributes:
        what: The network and the code that it comes from, in words: `RRDBNet of BasicSR`.
        options: Options of the family's config; the user's options override them.
        weights: The weights, by the names of `build_generator`'s network.
        assumed: Options that the tensors do not determine, each with the reason for its value, in words.
    """

    what: str
    options: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    assumed: Mapping[str, str] = field(default_factory=dict)


class ModelFamily(ABC, Generic[C, T]):
    """A kind of model: what a plugin registers. It holds no state; one instance serves the whole program.

    `C` is the config of a model; `T`, a subclass of `C`, is the config of a training. A family whose models are only
    used, such as those of another program, leaves out `training_class`, `dataset` and `trainer`.

    Attributes:
        name: The word that users type: `[a-z][a-z0-9_]*`.
        summary: One line for `img2img models`.
        small: Options that make a model and a training small enough to be checked in seconds, for `img2img
            check-plugin`. Every network should learn within the steps that these options give.
        exports: Whether `img2img export` can write its models; `img2img check-plugin` then tries it.
    """

    name: str
    summary: str
    small: ClassVar[Mapping[str, Any]] = {}
    exports: ClassVar[bool] = False

    @property
    @abstractmethod
    def config_class(self) -> type[C]:
        """The pydantic model of the options on which a generator and its use depend; a model file stores them."""

    @property
    def training_class(self) -> type[T]:
        """The pydantic model of all options of a training; a subclass of `config_class` and `TrainingConfig`."""
        raise self._lacks("training_class")

    @property
    def is_trainable(self) -> bool:
        """Whether models of the family can be trained; it is if the family defines `trainer`."""
        return type(self).trainer is not ModelFamily.trainer

    def configure(self, options: Mapping[str, Any], root: Path) -> T:
        """Make the config of a training from the user's options, and from the data where these determine an option.

        Raises:
            ConfigError: An option is unknown or wrong.
            DataError: The data do not determine an option that depends on them.
        """
        return self.training_class.parse(options)

    def dataset(self, root: Path, config: T, split: Split) -> Dataset:
        """Read training data from a folder in any layout that the family knows.

        Raises:
            DataError: The folder has no such layout; the message names the layouts that the family reads.
        """
        raise self._lacks("dataset")

    @abstractmethod
    def build_generator(self, config: C) -> nn.Module:
        """Build the network used at inference, with fresh weights; a model file holds its `state_dict`."""

    def recognise(self, weights: Mapping[str, Tensor]) -> Recognised | None:
        """Describe weights that another program wrote as a model of the family, if they fit one.

        The core has read the file and removed the names that wrappers add (`params_ema`, `module.`, …), and compares
        all shapes with those of the network afterwards; so it is enough to look at names and a few shapes.

        Args:
            weights: Tensors by name, on the CPU. They may come from any program, or be made to do harm: look at shapes
                before values.

        Returns:
            The description, or None where the weights do not belong to the family.

        Raises:
            ModelFileError: The weights belong to the family, but to a variant that it does not support. The message
                continues a sentence that begins with the name of the file.
        """
        return None

    def trainer(self, config: T, engine: Engine) -> Trainer:
        """Make the trainer, with networks, optimisers and losses, ready for the first step."""
        raise self._lacks("trainer")

    @abstractmethod
    def translator(self, config: C, generator: nn.Module) -> Translator:
        """Make the translator, which wraps a generator and declares its traits."""

    def _lacks(self, member: str) -> UsageError:
        return UsageError(f"the family {self.name!r} defines no {member}, without which none of its models is trained")
