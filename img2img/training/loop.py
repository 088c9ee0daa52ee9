"""The training loop: it does the steps, and says when to log, examine, validate and write a checkpoint.

A comment marks each place where this process waits for the device.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from img2img.contract.data import Batch
from img2img.contract.families import ModelFamily
from img2img.errors import ConfigError, FatalError, Stopped, UsageError
from img2img.host.host import PluginHost
from img2img.host.kinds import FAMILIES
from img2img.inference.device import Compute, Device
from img2img.training.cards.cards import Cards
from img2img.training.chance import seed_everything
from img2img.training.checkpoints import load_newest, save_checkpoint
from img2img.training.divergence import check_all, check_losses
from img2img.training.ema import EMA
from img2img.training.engine import TrainingEngine
from img2img.training.health.examiner import Examiner
from img2img.training.health.log import HealthLog
from img2img.training.loader import training_batches, watch_workers
from img2img.training.means import LossMeans
from img2img.training.model_files import ModelFiles
from img2img.training.observers import CsvLog, LossPlot, PreviewSheets
from img2img.training.run import Intervals, Run, check_at_least
from img2img.training.scan import look_through
from img2img.training.start import start_from
from img2img.training.state import TrainingState
from img2img.training.table import Table
from img2img.training.validation import Judgement, Validation

log = logging.getLogger(__name__)


def train(
    family: str,
    data: str | Path,
    run: str | Path,
    options: Mapping[str, Any] | None = None,
    *,
    resume: bool = False,
    init: str = "",
    seed: int = 0,
    compute: Compute = Compute(),
    workers: int = 0,
    intervals: Intervals = Intervals(),
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
        init: Model file or checkpoint of the same network, by path or name, whose weights the generator starts from.
        seed: Of everything random. On one device, with as many threads, the same seed gives the same weights.
        compute: The device and the precision; its other fields have no effect.
        workers: Processes that read data beside the training; 0 reads in between.
        intervals: Steps between validations, log lines and examinations of the training's health.
        trained_on: What the data are, in words; stands in the model files.
        license: Terms of the trained weights; stands in the model files.
        host: Plugins to use; all installed ones by default.
        stop: It is called after each step; True ends the run with a checkpoint.

    Raises:
        UsageError: Nothing has begun: unknown family or option, no data, another run in the folder.
        DivergedError: A loss or a weight is no longer finite; the last checkpoint is from before.
        CheckpointError: A checkpoint cannot be written, or none can be read.
        FatalError: Another process trains in the folder, or one that reads data has died.
        Stopped: `stop` returned True.
    """
    check_at_least(0, seed=seed, workers=workers)
    host = host or PluginHost.discover()
    model_family = _trainable(family, host)
    place = Device.pick(compute.device, compute.precision)
    place.keep_freed_memory()
    config = model_family.configure(options or {}, Path(data))
    started = Run(
        Path(run), host.full_name(FAMILIES, family), config, Path(data), seed, init, trained_on, license,
        intervals, device=place,
    )  # fmt: skip
    Session(started, model_family, host, resume=resume, workers=workers, stop=stop).train()
    return started


def _trainable(name: str, host: PluginHost) -> ModelFamily[Any, Any]:
    """Return the family of a name.

    Raises:
        UsageError: Its models can be used only.
    """
    family = host.family(name)
    if family.is_trainable:
        return family
    others = [other for other, each in host.families.items() if each.is_trainable]
    raise UsageError(
        f"models of the family {name!r} can be used, and not trained: the family has no training; families that can be "
        f"trained: {', '.join(others) or 'none is installed'}"
    )


class Session:
    """The moving parts of a run while it trains in this process."""

    def __init__(
        self,
        run: Run,
        family: ModelFamily[Any, Any],
        host: PluginHost,
        *,
        resume: bool = False,
        workers: int = 0,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        if run.config.total_steps < 1:
            raise ConfigError("the config asks for 0 steps of training; there is nothing to do")
        self.run, self.family, self.host = run, family, host
        self.resume, self.workers, self.stop = resume, workers, stop
        self.data = family.dataset(run.data, run.config, "train")
        self.held_out = held_out = family.dataset(run.data, run.config, "validation")
        seed_everything(run.seed)
        self.engine = TrainingEngine(run.device, run.config.accumulate, run)
        self.trainer = family.trainer(run.config, self.engine)
        self.means = LossMeans()
        self.averages: dict[str, EMA] = {}
        self.validation = Validation(run, family, self.trainer, held_out)
        self.judged: Judgement | None = None
        """What the last validation found since the run was taken up."""
        self.health = HealthLog(run)
        self.examiner: Examiner | None = Examiner(run, family, self.trainer, self.data)
        cards = Cards(run, host, self.trainer, self.data, held_out, self.health)
        self.models = ModelFiles(run, family, cards)

    def train(self) -> None:
        """Do the steps that are left.

        Raises:
            FatalError: The run cannot go on; its last checkpoint stands.
            Stopped: `stop` returned True, and a checkpoint was written.
        """
        with self.run.locked():
            began_in = Path.cwd()
            self._open()
            table = Table(self.run.folder / "log.csv")
            observers = (CsvLog(table), LossPlot(table), PreviewSheets(), self.health)
            for observer in observers:
                self.host.add_observer(observer)
            try:
                with watch_workers():  # torch may raise that one has died while observers hear of the end
                    self._train_observed()
            finally:
                for observer in observers:
                    self.host.remove_observer(observer)
            if lost := [path for path in self.models.paths(self.averages) if not (began_in / path).is_file()]:
                names = ", ".join(map(str, lost))
                raise FatalError(f"{names}: it was written, and is not there any more; --resume writes it again")

    def _train_observed(self) -> None:
        error: BaseException | None = None
        self.host.notify("training_started", run=self.run.view())
        try:
            with watch_workers():
                self._train()
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.host.notify("training_finished", run=self.run.view(), step=self.run.step, error=error)

    def _train(self) -> None:
        run, config, every = self.run, self.run.config, self.run.intervals
        batches = training_batches(
            self.data, config.batch_size, run.seed, run.step * config.accumulate, run.device.place, self.workers
        )
        if run.step == config.total_steps and self.models.missing(self.averages):
            self.judged = self.validation.judge(self.averages)  # for the cards; nothing else is left to do
            self.models.save(self.averages, self.judged)
        while run.step < config.total_steps:
            self._step(batches)
            if run.step % every.log_every == 0 or run.step == config.total_steps:
                self._log()
            if self.examiner and every.examine_every and run.step % every.examine_every == 0:
                self._examine(self.examiner)
            last, stopping = run.step == config.total_steps, self.stop()
            judging = last or run.step % every.validate_every == 0 or run.step in self.trainer.milestones
            if judging or stopping:
                check_all(run, self.means, self.trainer.networks, self.averages)  # waits for the device
                self._checkpoint(best=judging and self._validate())
            if stopping and not last:
                raise Stopped(f"stopped after step {run.step}; go on with --resume")

    def _step(self, batches: Iterator[Batch]) -> None:
        run = self.run
        for optimizer in self.trainer.optimizers.values():
            optimizer.zero_grad()  # a network that does not learn in this step has no gradient, as after a resume
        for part in range(run.config.accumulate):
            self.engine.begin(part)
            self.means.add(self.trainer.step(next(batches)))
        for name, network in self.trainer.generators().items():
            self.averages[name].update(network, run.step)
        run.step += 1

    def _log(self) -> None:
        losses = self.means.take()  # waits for the device
        check_losses(self.run, losses)
        self.host.notify("training_stepped", run=self.run.view(), step=self.run.step, losses=losses)

    def _validate(self) -> bool:
        """Judge the averaged generators; return whether they are the best so far."""
        judged = self.judged = self.validation.judge(self.averages)  # waits for the device
        run, figures, previews = self.run.view(), judged.figures, judged.previews
        self.host.notify("validated", run=run, step=judged.step, metrics=figures, previews=previews)
        return self.validation.is_best(judged.figures)

    def _checkpoint(self, *, best: bool) -> None:
        """Write the model files and then the checkpoint: whoever goes on from it will not write the files again."""
        run = self.run
        milestones = [self.trainer.milestones[run.step]] if run.step in self.trainer.milestones else []
        for milestone in ("", *(["best"] if best else []), *milestones):
            self.models.save(self.averages, self.judged, milestone)  # waits for the device
        path = save_checkpoint(run.checkpoints, run.step, self.state.state_dict(), best=best)  # waits for the device
        self.host.notify("checkpoint_saved", run=run.view(), step=run.step, path=path)

    def _examine(self, examiner: Examiner) -> None:
        """Examine the training's health; that a family cannot be examined must not end its training."""
        try:
            found = examiner.examine(self.averages)  # waits for the device
        except Exception as error:
            if self.host.strict:
                raise
            log.warning("the health of this training cannot be watched: %s: %s", type(error).__name__, error)
            self.examiner = None
            return
        for direction, signals in found.items():
            self.host.notify("examined", run=self.run.view(), step=self.run.step, direction=direction, signals=signals)

    def _open(self) -> None:
        run = self.run
        resumed = self.resume and run.exists()
        changed = run.check_same() if resumed else []
        if resumed:
            run.remove_leftovers()
        files = look_through(run, self.data, self.held_out, has_begun=resumed)
        state = load_newest(run.checkpoints, run.device.place) if resumed else None
        if state is None and run.init:
            start_from(run.init, run, self.trainer, self.host)
        self.averages = {name: EMA(network, run.config.ema) for name, network in self.trainer.generators().items()}
        self.state = TrainingState(
            run, self.trainer, self.engine, self.averages, self.means, self.validation, len(self.data), files
        )
        if state is not None:
            self.state.load_state_dict(state)
        elif not resumed:
            run.begin()
        if changed:
            log.warning("this run will not end as it would have ended unchanged: %s", "; ".join(changed))
            run.write()
