"""This module is the contract of a trainer: its methods, and the engine with which the core supports it."""

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
    """Gives a trainer the device, the precision and schedules, and is the only place that changes weights.

    Attributes:
        device: The device on which networks and batches are.
        step: The number of finished steps; 0 during the first step.
    """

    device: torch.device
    step: int

    def prepare(self, network: nn.Module) -> nn.Module:
        """Move a network to the device, in the memory format that is fastest there, and return it."""

    def autocast(self) -> AbstractContextManager[None]:
        """Run the networks inside in the precision of the run; compute losses outside, in float32."""

    def update(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        """Do one step of an optimiser: clear the gradients, compute those of `loss`, and change the weights.

        With `accumulate` = k, the gradients of k batches are averaged before the weights change. Call this once for
        each optimiser in each step.
        """

    def schedule(self, optimizer: torch.optim.Optimizer, factor: Callable[[int], float]) -> None:
        """Multiply the optimiser's learning rates by `factor(step)` before each step; `factor` is a pure function."""


class Translate(Protocol):
    """A translator that takes images of any size: the core pads, crops, and switches to `eval()`."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        """Translate (N, channels_in, H, W) in [0, 1] to (N, channels_out, scale H, scale W) in [0, 1]."""


@dataclass(frozen=True)
class Verdict:
    """The judgement of a discriminator on targets and on results of the generator, for the examination of health.

    Attributes:
        real_logits: The discriminator's logits for targets; any shape.
        fake_logits: The discriminator's logits for new results of the generator; any shape.
        adversarial: The discriminator's part of the generator's loss, with its weight: a scalar with its graph, or None
            where the weight is 0.
        boundary: The logit between real and generated: 0 for cross-entropy and hinge, 0.5 for least squares, None where
            only differences count (Wasserstein).
    """

    real_logits: Tensor
    fake_logits: Tensor
    adversarial: Tensor | None
    boundary: float | None = 0.0


class Trainer(ABC):
    """Owns the networks and optimisers of one training and does one step on one batch.

    Attributes:
        networks: Every network whose state a resumed training needs, by name.
        optimizers: Every optimiser, by name.
        milestones: Step to name: after such a step, the end of a stage, the model files are also kept for good under
            this name.
        goal: The figure of `validate` that decides which checkpoint is best, and whether more or less of it is better.
    """

    networks: Mapping[str, nn.Module]
    optimizers: Mapping[str, torch.optim.Optimizer]
    milestones: Mapping[int, str] = {}
    goal: tuple[str, Literal["max", "min"]] | None = None

    @abstractmethod
    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Learn from one batch and return the losses, as detached scalars that stay on the device."""

    @abstractmethod
    def generators(self) -> Mapping[str, nn.Module]:
        """Return the generators that are saved as model files, by direction; a single direction is called `forward`."""

    def validate(self, batches: Iterable[Batch], translate: Mapping[str, Translate]) -> Mapping[str, float]:
        """Judge the averaged generators on the held-out images, whole and one to a batch.

        Args:
            batches: The batches; they can be iterated once.
            translate: Direction to a function that runs the generator on images of any size (and conditions).

        Returns:
            Figures by name; none where the family does not judge.
        """
        return {}

    def previews(self, batch: Batch, translate: Mapping[str, Translate]) -> Mapping[str, Tensor]:
        """Return named images, (N, C, H, W) in [0, 1], that stand side by side in a preview sheet."""
        return {}

    def views(self, batch: Batch) -> Mapping[str, Batch]:
        """Return a batch as each direction sees it.

        The generator of a direction translates the source of its batch, under the translator's conditions, into
        something like the target.
        """
        return {"forward": batch}

    def examine(self, batch: Batch) -> Mapping[str, Verdict]:
        """Return the verdict of the discriminator in each direction; none where there are no discriminators.

        The networks are in training mode, as in a step, but nothing learns: leave optimisers and image pools alone.
        The core calls this from time to time, and restores random numbers and the networks' buffers afterwards.
        """
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Return further state that a resumed training needs, such as an image pool.

        Returns:
            Tensors, numbers, strings, lists and dicts, by name.
        """
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027 - most trainers have no further state
        """Restore what `state_dict` returned."""
