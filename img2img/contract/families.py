"""The contract of a model family: what a plugin implements, and what it gets to work with.

Four classes. A `ModelFamily` is registered by a plugin; it makes datasets, networks, a `Trainer` and a `Translator`.
A `Trainer` turns a `Batch` into one step of learning; a `Translator` turns images into images.
Everything around them (devices, precision, padding, tiles, files, checkpoints, averaging, logging) is the core's.

This module imports no torch, and a family's own module need not either: import networks inside the methods that need
them, and `img2img plugins` can list the family at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from img2img.contract.traits import Traits

if TYPE_CHECKING:
    from torch import Tensor, nn

    from img2img.config import ModelConfig, TrainingConfig
    from img2img.contract.data import Dataset
    from img2img.contract.trainers import Engine, Trainer

C = TypeVar("C", bound="ModelConfig")
T = TypeVar("T", bound="TrainingConfig")

Split = Literal["train", "validation"]


class Translator:
    """Turns a batch of images into a batch of images; what a loaded model is to its user.

    The core calls it in `eval()` and inference mode with sizes it can take, on the right device. Nothing in a batch may
    depend on its neighbours.

    Args:
        generator: The network.
        traits: Those of the class by default; a subclass whose traits are always the same sets them there.
    """

    traits: Traits = Traits()

    def __init__(self, generator: nn.Module, traits: Traits | None = None) -> None:
        self.generator = generator
        if traits is not None:
            self.traits = traits

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        """Translate (N, channels_in, H, W) in [0, 1] to (N, channels_out, scale H, scale W) in [0, 1].

        Args:
            images: Height and width are multiples of `multiple_of` and at least `minimum_size`.
            conditions: One tensor of N rows for each name in `traits.conditions` that was given.
        """
        return self.generator(images)


@dataclass(frozen=True)
class Recognised:
    """What the weights that another program wrote are, in terms of a family."""

    what: str
    """Which network of which code, in words: `RRDBNet of BasicSR`."""
    options: Mapping[str, Any]
    """Of the family's config; the user's come after them."""
    weights: Mapping[str, Tensor]
    """Named as in `build_generator`."""
    assumed: Mapping[str, str] = field(default_factory=dict)
    """Options that the tensors do not tell, and in words why they have the value that they have."""


class ModelFamily(ABC, Generic[C, T]):
    """A kind of model: what a plugin registers. It holds no state; one instance serves the whole program.

    `C` is the config of a model and `T` that of a training, a subclass of `C`.
    """

    name: str
    """The word that users type: `[a-z][a-z0-9_]*`."""
    summary: str
    """One line for `img2img models`."""
    small: ClassVar[Mapping[str, Any]] = {}
    """Options that make a model and a training of the family small enough to be checked in seconds: `img2img
    check-plugin` takes them in place of the defaults. In so few steps every network should learn."""
    exports: ClassVar[bool] = False
    """Whether `img2img export` can write its models; `img2img check-plugin` then tries it."""

    @property
    @abstractmethod
    def config_class(self) -> type[C]:
        """The pydantic model of what a generator and its use depend on; it stands in the model file."""

    @property
    @abstractmethod
    def training_class(self) -> type[T]:
        """The pydantic model of all options of a training; a subclass of `config_class` and `TrainingConfig`."""

    def configure(self, options: Mapping[str, Any], root: Path) -> T:
        """Make the config of a training from what the user gave, and from the data where these decide something.

        Raises:
            ConfigError: An option is unknown or wrong.
            DataError: The data do not say what is wanted.
        """
        return self.training_class.parse(options)

    @abstractmethod
    def dataset(self, root: Path, config: T, split: Split) -> Dataset:
        """Read training data from a folder in any layout that the family knows.

        Raises:
            DataError: Nothing fits; the message names the layouts that would.
        """

    @abstractmethod
    def build_generator(self, config: C) -> nn.Module:
        """Build the network used at inference, with fresh weights. Its `state_dict` is what a model file holds."""

    def recognise(self, weights: Mapping[str, Tensor]) -> Recognised | None:
        """Tell whether the weights of a checkpoint that another program wrote fit a network of the family.

        The core has read the file, taken off what wrappers put around it (`params_ema`, `module.`, …), and compares the
        shapes afterwards with those of the network; so names and a few shapes are enough to judge by.

        Args:
            weights: By name, on the CPU; any program's, or made to do harm: look at shapes before values.

        Returns:
            None where they are somebody else's.

        Raises:
            ModelFileError: They are the family's, but of a variant that it cannot have. The message goes on after the
                name of the file.
        """
        return None

    @abstractmethod
    def trainer(self, config: T, engine: Engine) -> Trainer:
        """The training hook: networks, optimisers and losses, ready for the first step."""

    @abstractmethod
    def translator(self, config: C, generator: nn.Module) -> Translator:
        """The inference hook: wrap a generator and declare its traits."""
