"""The training loop: steps, averages, log lines, validations, checkpoints, and going on after whatever stopped it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from img2img.config import ModelConfig
from img2img.errors import ConfigError, DivergedError, Stopped, UsageError
from img2img.families import Batch, ModelFamily, Translate
from img2img.modelfile import load_generator, read_info, save_model
from img2img.nn.device import pick_device, pick_precision
from img2img.nn.ema import EMA
from img2img.nn.sizes import translate_any_size
from img2img.plugins import PluginHost
from img2img.training.checkpoints import load_newest, random_state, restore_random_state, save_checkpoint
from img2img.training.engine import TrainingEngine
from img2img.training.loader import training_batches, validation_batches
from img2img.training.observers import CsvLog, PreviewSheets
from img2img.training.run import Run

log = logging.getLogger(__name__)

PREVIEWED = 4
"""How many held-out images the preview sheets show."""


def train(
    family: str,
    data: str | Path,
    run: str | Path,
    options: Mapping[str, Any] | None = None,
    *,
    resume: bool = False,
    init: str = "",
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    workers: int = 0,
    validate_every: int = 1000,
    log_every: int = 100,
    trained_on: str = "",
    license: str = "",
    host: PluginHost | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Run:
    """Train a model of a family; its model files stand in the run's folder.

    Args:
        family: Name of an installed family.
        data: Folder of training data, in a layout that the family knows.
        run: Folder of the run.
        options: The family's options; its defaults stand for the rest.
        resume: Go on with the run that stands in the folder, or begin one where there is none.
        init: Model file of the same network, whose weights the generator starts from.
        seed: Of everything random. On one device, with as many threads, the same seed gives the same weights.
        device: `auto`, `cpu`, `cuda`, …
        precision: `auto`, `bf16` or `fp32`.
        workers: Processes that read data beside the training; 0 reads in between.
        validate_every: Steps between validations; each is followed by a checkpoint.
        log_every: Steps between log lines.
        trained_on: What the data are, in words; stands in the model files.
        license: Terms of the trained weights; stands in the model files.
        host: Plugins to use; all installed ones by default.
        stop: Asked after each step; True ends the run with a checkpoint.

    Raises:
        UsageError: Nothing was begun: unknown family or option, no data, another run in the folder.
        DivergedError: A loss or a weight is no longer finite; the last checkpoint is from before.
        CheckpointError: A checkpoint cannot be written.
        Stopped: `stop` said so.
    """
    host = host or PluginHost.discover()
    model_family = host.family(family)
    place = pick_device(device)
    started = Run(
        Path(run), family, model_family.config_class.parse(options or {}), Path(data), seed, init, trained_on, license,
        validate_every, log_every, device=place, precision=pick_precision(precision, place),
    )  # fmt: skip
    Session(started, model_family, host, resume=resume, workers=workers, stop=stop).train()
    return started


class Session:
    """The moving parts of a run while it trains in this process."""

    def __init__(
        self,
        run: Run,
        family: ModelFamily[ModelConfig],
        host: PluginHost,
        *,
        resume: bool = False,
        workers: int = 0,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        if run.config.total_steps < 1:
            raise ConfigError("the config asks for 0 steps of training; there is nothing to do")
        self.run, self.family, self.host, self.workers, self.stop = run, family, host, workers, stop
        self.data = family.dataset(run.data, run.config, "train")
        self.held_out = family.dataset(run.data, run.config, "validation")
        torch.manual_seed(run.seed)
        self.engine = TrainingEngine(run.device, run.precision, run.config.accumulate)
        self.trainer = family.trainer(run.config, self.engine)
        if run.init:
            self._initialise()
        self.averages = {name: EMA(network, run.config.ema) for name, network in self.trainer.generators().items()}
        self.totals: dict[str, Tensor] = {}
        self.summed = 0
        self.best: float | None = None
        self._open(resume)
        for observer in (CsvLog(), PreviewSheets()):
            host.add_observer(observer)

    def train(self) -> None:
        """Do the steps that are left.

        Raises:
            FatalError: The run cannot go on; its last checkpoint stands.
            Stopped: `stop` said so, and a checkpoint was written.
        """
        self.host.notify("training_started", run=self.run)
        error: BaseException | None = None
        try:
            self._train()
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.host.notify("training_finished", run=self.run, step=self.run.step, error=error)

    def _train(self) -> None:
        run, config = self.run, self.run.config
        batches = training_batches(
            self.data, config.batch_size, run.seed, run.step * config.accumulate, run.device, self.workers
        )
        while run.step < config.total_steps:
            self._step(batches)
            if run.step % run.log_every == 0 or run.step == config.total_steps:
                self._log()
            last = run.step == config.total_steps
            if last or run.step % run.validate_every == 0 or run.step in self.trainer.milestones:
                self._checkpoint(best=self._validate())
            elif self.stop():
                self._checkpoint(best=False)
            if not last and self.stop():
                raise Stopped(f"stopped after step {run.step}; go on with --resume")
        self._save_models()

    def _step(self, batches: Iterator[Batch]) -> None:
        run = self.run
        for part in range(run.config.accumulate):
            self.engine.begin(run.step, part)
            for name, loss in self.trainer.step(next(batches)).items():
                self.totals[name] = self.totals.get(name, 0) + loss / run.config.accumulate
        self.summed += 1
        for name, network in self.trainer.generators().items():
            self.averages[name].update(network, run.step)
        run.step += 1

    def _log(self) -> None:
        if not self.summed:
            return
        losses = {name: total.item() / self.summed for name, total in self.totals.items()}  # waits for the device
        self.totals, self.summed = {}, 0
        for name, loss in losses.items():
            if loss != loss or abs(loss) == float("inf"):
                self._diverged(f"the loss {name} is {loss}")
        self.host.notify("training_stepped", run=self.run, step=self.run.step, losses=losses)

    def _validate(self) -> bool:
        """Judge the averaged generators; return whether they are the best so far."""
        for average in self.averages.values():
            if not all(bool(torch.isfinite(tensor).all()) for tensor in average.network.parameters()):
                self._diverged("a weight of the generator is not finite")
        with torch.inference_mode():
            translate = self._translate()
            metrics = self.trainer.validate(validation_batches(self.held_out, self.run.device), translate)
            previews = self._previews(translate)
        self.host.notify("validated", run=self.run, step=self.run.step, metrics=metrics, previews=previews)
        if self.trainer.goal is None or self.trainer.goal[0] not in metrics:
            return False
        name, direction = self.trainer.goal
        figure = metrics[name] if direction == "max" else -metrics[name]
        better = self.best is None or figure > self.best
        self.best = figure if better else self.best
        return better

    def _previews(self, translate: Mapping[str, Translate]) -> dict[str, Tensor]:
        """Versions of a few held-out images, cut to their common size: name to (N, C, H, W)."""
        rows: list[Mapping[str, Tensor]] = []
        for batch in validation_batches(self.held_out, self.run.device):
            rows.append(self.trainer.previews(batch, translate))
            if len(rows) == PREVIEWED:
                break
        return {name: _stack([row[name] for row in rows]) for name in rows[0]} if rows else {}

    def _translate(self) -> dict[str, Translate]:
        return {
            name: partial(translate_any_size, self.family.translator(self.run.config, average.network))
            for name, average in self.averages.items()
        }

    def _checkpoint(self, *, best: bool) -> None:
        run = self.run
        path = save_checkpoint(run.checkpoints, run.step, self._state(), best=best)
        self._save_models()
        if run.step in self.trainer.milestones:
            self._save_models(self.trainer.milestones[run.step])
        self.host.notify("checkpoint_saved", run=run, step=run.step, path=path)

    def _save_models(self, milestone: str = "") -> None:
        run = self.run
        for direction, average in self.averages.items():
            scale: int | Fraction = self.family.translator(run.config, average.network).scale
            save_model(
                run.model_path(direction, milestone), average.network, run.config, family=run.family,
                direction=direction, scale=scale, step=run.step, trained_on=run.trained_on, license=run.license,
            )  # fmt: skip

    def _diverged(self, what: str) -> None:
        raise DivergedError(
            f"{what} at step {self.run.step}: the training has diverged. The last checkpoint in "
            f"{self.run.checkpoints} is from before; begin anew with a lower learning rate, or with --precision fp32"
        )

    def _initialise(self) -> None:
        info = read_info(Path(self.run.init))
        _, _, generator = load_generator(info, self.host)
        own = self.trainer.generators().get(info.direction)
        try:
            if own is None:
                raise RuntimeError(f"the run has no direction {info.direction!r}")
            own.load_state_dict(generator.state_dict())
        except RuntimeError as error:
            raise UsageError(f"{info.path} is not of this run's network: {error}") from error

    def _open(self, resume: bool) -> None:
        if resume and (self.run.folder / "run.toml").exists():
            self.run.check_same()
            state = load_newest(self.run.checkpoints, self.run.device)
            if state is not None:
                self._restore(state)
        else:
            self.run.begin()

    def _state(self) -> dict[str, Any]:
        trainer = self.trainer
        return {
            "step": self.run.step,
            "networks": {name: network.state_dict() for name, network in trainer.networks.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in trainer.optimizers.items()},
            "averages": {name: average.network.state_dict() for name, average in self.averages.items()},
            "trainer": trainer.state_dict(),
            "totals": self.totals,
            "summed": self.summed,
            "best": self.best,
            "random": random_state(),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        for name, network in self.trainer.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimizer in self.trainer.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        for name, average in self.averages.items():
            average.network.load_state_dict(state["averages"][name])
        self.trainer.load_state_dict(state["trainer"])
        self.run.step, self.totals, self.summed, self.best = (
            state["step"], state["totals"], state["summed"], state["best"],
        )  # fmt: skip
        restore_random_state(state["random"])


def _stack(images: list[Tensor]) -> Tensor:
    height = min(image.shape[-2] for image in images)
    width = min(image.shape[-1] for image in images)
    return torch.cat([image[..., :height, :width] for image in images])
