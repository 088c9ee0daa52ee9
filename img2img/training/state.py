"""The complete state of a training, as a checkpoint keeps it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from img2img.contract.trainers import Trainer
from img2img.errors import UsageError
from img2img.training.chance import random_state, restore_random_state
from img2img.training.ema import EMA
from img2img.training.engine import TrainingEngine
from img2img.training.means import LossMeans
from img2img.training.run import Run
from img2img.training.scan import differences
from img2img.training.validation import Validation

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingState:
    """The parts of a training that change as it goes on."""

    run: Run
    trainer: Trainer
    engine: TrainingEngine
    averages: Mapping[str, EMA]
    means: LossMeans
    validation: Validation
    images: int
    """How many training images there are."""
    files: Mapping[str, str]
    """Digests of the files that the data are read from, by name."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next step depends on."""
        trainer = self.trainer
        return {
            "step": self.run.step,
            "networks": {name: network.state_dict() for name, network in trainer.networks.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in trainer.optimizers.items()},
            "averages": {name: average.network.state_dict() for name, average in self.averages.items()},
            "trainer": trainer.state_dict(),
            "totals": self.means.state_dict(),
            "best": self.validation.best,
            "random": random_state(),
            "circumstances": self._circumstances(),
            "files": dict(self.files),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` returned; warn if the rest of the run will not be what it would have been.

        Raises:
            UsageError: The state lacks something, or is that of other networks.
        """
        try:
            self._take(state)
            self._warn(state)
        except Exception as error:  # a state that was made elsewhere provokes many kinds, in the family too
            text = f"it lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
            raise UsageError(
                f"the newest checkpoint in {self.run.checkpoints} is not one of this run: {text}. Put the "
                "run's own checkpoints back, or remove them all to begin it anew"
            ) from error

    def _take(self, state: Mapping[str, Any]) -> None:
        for kind in ("networks", "optimizers"):
            for name, part in getattr(self.trainer, kind).items():
                part.load_state_dict(state[kind][name])
        for name, average in self.averages.items():
            average.network.load_state_dict(state["averages"][name])
        self.trainer.load_state_dict(state["trainer"])
        self.means.load_state_dict(state["totals"])
        step, best = state["step"], state["best"]
        if not isinstance(step, int) or not isinstance(best, float | None):
            raise TypeError("its step or its best figure is no number")
        self.run.step, self.validation.best = step, best
        restore_random_state(state["random"])

    def _warn(self, state: Mapping[str, Any]) -> None:
        if others := differences(state.get("files", self.files), self.files):
            log.warning("the data were changed since the run stopped, and it goes on with what is there: %s", others)
        now = self._circumstances()
        then = state.get("circumstances", now)
        changed = [f"{name} {then[name]} then, {new} now" for name, new in now.items() if then.get(name, new) != new]
        if changed:
            log.warning("this run will not end bit for bit as it would have ended unstopped: %s", "; ".join(changed))

    def _circumstances(self) -> dict[str, str]:
        return {**self.engine.circumstances(), "training images": str(self.images)}
