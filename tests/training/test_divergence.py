"""NaN and infinity end a run before they get into anything that is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from img2img_srgan.trainer import SRGANTrainer
from safetensors.torch import load_file
from torch import Tensor

import img2img
from img2img.errors import DivergedError
from img2img.training.checkpoints import list_checkpoints

Settings = dict[str, Any]
HostWith = Callable[[type[SRGANTrainer]], img2img.PluginHost]


def spoiling(what: str, value: float = math.nan) -> type[SRGANTrainer]:
    """A trainer in whose tenth step something is no longer finite."""

    class Spoiling(SRGANTrainer):
        def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
            losses = dict(super().step(batch))
            if self.engine.step == 9:
                if what == "loss":
                    losses["adversarial"] = torch.tensor(value)
                elif what == "statistics":
                    next(self.adversary.network.buffers()).fill_(value)
                else:
                    with torch.no_grad():
                        next(self.networks[what].parameters())[0].fill_(value)
            return losses

    return Spoiling


def everything_kept(folder: Path) -> dict[Path, bytes]:
    """The checkpoints and model files, each of which is checked to be finite."""
    for path in folder.glob("*.safetensors"):
        assert all(tensor.isfinite().all() for tensor in load_file(path).values())
    for checkpoint in list_checkpoints(folder / "checkpoints"):
        state = checkpoint.load(torch.device("cpu"))
        for network in state["networks"].values():
            assert all(tensor.isfinite().all() for tensor in network.values())
    return {path: path.read_bytes() for path in folder.rglob("*") if path.suffix in (".pt", ".json", ".safetensors")}


CASES = [
    ("generator", math.nan, 5),
    ("generator", math.inf, 1000),  # no log line comes before the next checkpoint
    ("discriminator", math.nan, 1000),
    ("statistics", math.nan, 1000),
    ("loss", math.nan, 5),
    ("loss", math.inf, 1000),
]


@pytest.mark.parametrize(("what", "value", "log_every"), CASES)
def test_what_is_not_finite_ends_the_run_and_is_never_kept(
    what: str, value: float, log_every: int, settings: Settings, host_with: HostWith
) -> None:
    settings |= {"intervals": img2img.Intervals(4, log_every, 2)}
    kept: list[dict[Path, bytes]] = []

    class Watcher:
        @img2img.hookimpl
        def checkpoint_saved(self, run: Any) -> None:
            kept.append(everything_kept(run.folder))

    host = host_with(spoiling(what, value))
    host.add_observer(Watcher())
    with pytest.raises(DivergedError, match=r"at step 1[012]: the training has diverged"):
        img2img.train("scripted", **settings, host=host)
    folder = Path(settings["run"])
    assert [checkpoint.step for checkpoint in list_checkpoints(folder / "checkpoints")] == [4, 7, 8]
    assert everything_kept(folder) == kept[-1]


def test_a_stop_right_after_it_keeps_nothing_that_is_not_finite(settings: Settings, host_with: HostWith) -> None:
    asked = iter(range(1, 100))
    settings |= {"intervals": img2img.Intervals(4, 1000, 2)}
    with pytest.raises(DivergedError, match="at step 10: the training has diverged"):
        img2img.train(
            "scripted", **settings, host=host_with(spoiling("generator")),
            stop=lambda: next(asked) == 10,
        )  # fmt: skip
    assert list_checkpoints(Path(settings["run"]) / "checkpoints")[-1].step == 8
    everything_kept(Path(settings["run"]))


def test_observers_are_told_of_the_end(settings: Settings, host_with: HostWith) -> None:
    heard: list[tuple[int, BaseException | None]] = []

    class Watcher:
        @img2img.hookimpl
        def training_finished(self, step: int, error: BaseException | None) -> None:
            heard.append((step, error))

    host = host_with(spoiling("loss"))
    host.add_observer(Watcher())
    with pytest.raises(DivergedError, match="the loss adversarial is nan at step 12") as raised:
        img2img.train("scripted", **settings, host=host)
    assert heard == [(12, raised.value)]


def test_an_absurd_learning_rate_ends_in_that_error_with_a_remedy(settings: Settings, host: Any) -> None:
    settings["options"] |= {"pretrain_steps": 9, "gan_steps": 0, "pretrain_lr": 1.0, "depth": 24}
    with pytest.raises(DivergedError, match="begin anew with a lower learning rate"):
        img2img.train(
            "srgan",
            **settings | {"intervals": img2img.Intervals(4, 1, 2), "compute": img2img.Compute("cpu", "fp32")},
            host=host,
        )
    everything_kept(Path(settings["run"]))
