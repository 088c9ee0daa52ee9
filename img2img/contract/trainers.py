"""The training half of a family's contract: what a `Trainer` does, what the core lends it, and what it may tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from img2img.contract.data import Batch


class Engine(Protocol):
    """What the core lends a trainer: device, precision, schedules, and the one place where weights move."""

    device: torch.device
    step: int
    """Steps finished so far; 0 in the first."""

    def prepare(self, network: nn.Module) -> nn.Module:
        """Move a network to the device, in the memory format that is fastest there."""

    def autocast(self) -> AbstractContextManager[None]:
        """Run the networks inside in the precision of the run; compute losses outside, in float32."""

    def update(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        """Go down the gradient of `loss`: clear, backward, step.

        With `accumulate` = k, gradients of k batches are averaged before the step. Call it once an optimiser and step.
        """

    def schedule(self, optimizer: torch.optim.Optimizer, factor: Callable[[int], float]) -> None:
        """Multiply the optimiser's learning rates by `factor(step)`, a pure function, before each step."""


class Translate(Protocol):
    """A translator that takes images of any size: the core pads, crops, and switches to `eval()`."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Verdict:
    """How a generator and its discriminator stand to each other."""

    real_logits: Tensor
    """What the discriminator says of targets; any shape."""
    fake_logits: Tensor
    """What it says of that which the generator makes now; any shape."""
    adversarial: Tensor | None
    """What the discriminator adds to the generator's loss, weighted as in the loss: a scalar with its graph, or None
    where its weight is 0."""
    boundary: float | None = 0.0
    """The logit between real and generated: 0 for cross-entropy and hinge, 0.5 for least squares, None where only
    differences count (Wasserstein)."""


class Trainer(ABC):
    """Owns the networks and optimisers of one training and does one step on one batch."""

    networks: Mapping[str, nn.Module]
    """Every network whose state a resumed training needs, by name."""
    optimizers: Mapping[str, torch.optim.Optimizer]
    """Every optimiser, by name."""
    milestones: Mapping[int, str] = {}
    """Steps after which the model files are also kept for good, under this name: the ends of stages."""
    goal: tuple[str, Literal["max", "min"]] | None = None
    """Which figure of `validate` tells the best checkpoint, and whether more or less of it is better."""

    @abstractmethod
    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Learn from one batch and return the losses, as detached scalars that stay on the device."""

    @abstractmethod
    def generators(self) -> Mapping[str, nn.Module]:
        """Return what is saved as model files: direction to generator. One direction is called `forward`."""

    def validate(self, batches: Iterable[Batch], translate: Mapping[str, Translate]) -> Mapping[str, float]:
        """Judge the averaged generators on the held-out images, whole and one to a batch.

        Args:
            batches: Can be gone through once.
            translate: Direction to a function of images of any size (and conditions) that runs that generator.
        """
        return {}

    def previews(self, batch: Batch, translate: Mapping[str, Translate]) -> Mapping[str, Tensor]:
        """Return named images, (N, C, H, W) in [0, 1], that stand side by side in a preview sheet."""
        return {}

    def views(self, batch: Batch) -> Mapping[str, Batch]:
        """Return a batch as each direction sees it: of the source, under the translator's conditions, is to be made
        something like the target."""
        return {"forward": batch}

    def examine(self, batch: Batch) -> Mapping[str, Verdict]:
        """Return how generators and discriminators stand to each other, by direction, where there are such.

        The networks are in training mode, as in a step, but nothing learns: leave optimisers and image pools alone.
        The core asks from time to time, and puts back random numbers and the networks' buffers afterwards.
        """
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Return what else must survive a resume, such as an image pool: tensors, numbers, strings, lists, dicts."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027 - nothing to take back is the default
        """Take back what `state_dict` returned."""
