"""What the engine lends a trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import img2img
from img2img.inference.device import Device
from img2img.training.checkpoints import list_checkpoints
from img2img.training.engine import TrainingEngine

CPU = torch.device("cpu")


def weight(value: float = 1.0) -> nn.Parameter:
    return nn.Parameter(torch.tensor(value))


def test_an_update_clears_descends_and_keeps_the_loss_for_reading() -> None:
    engine, parameter = TrainingEngine(Device()), weight()
    optimizer = torch.optim.SGD([parameter], 0.1)
    for expected in (0.8, 0.64):
        engine.begin(0)
        engine.update(optimizer, parameter**2)
        assert parameter.item() == pytest.approx(expected)


def test_accumulated_gradients_are_averaged_and_move_the_weights_once() -> None:
    engine, parameter = TrainingEngine(Device(), accumulate=2), weight()
    optimizer = torch.optim.SGD([parameter], 1.0)
    engine.begin(0)
    engine.update(optimizer, 2 * parameter)
    assert parameter.item() == 1
    engine.begin(1)
    engine.update(optimizer, 4 * parameter)
    assert parameter.item() == 1 - 3


def test_two_optimisers_accumulate_each_for_itself() -> None:
    engine, one, two = TrainingEngine(Device(), accumulate=2), weight(), weight()
    optimizers = [torch.optim.SGD([parameter], 1.0) for parameter in (one, two)]
    for part in range(2):
        engine.begin(part)
        engine.update(optimizers[0], one)
        engine.update(optimizers[1], 5 * two)
    assert (one.item(), two.item()) == (0, -4)


def test_learning_rates_follow_the_step_and_never_compound() -> None:
    engine, optimizer = TrainingEngine(Device()), torch.optim.SGD([weight()], 0.4)
    engine.schedule(optimizer, lambda step: 0.5**step)
    rates = []
    for step in (0, 1, 2, 1):
        engine.step = step
        engine.begin(0)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.4, 0.2, 0.1, 0.2])
    assert engine.step == 1


@pytest.mark.parametrize(("precision", "expected"), [(torch.float32, torch.float32), (torch.bfloat16, torch.bfloat16)])
def test_networks_compute_in_the_precision_of_the_run(precision: torch.dtype, expected: torch.dtype) -> None:
    engine = TrainingEngine(Device(CPU, precision))
    network = engine.prepare(nn.Conv2d(3, 4, 3))
    with engine.autocast():
        assert network(torch.rand(1, 3, 8, 8)).dtype == expected
    assert next(network.parameters()).dtype == torch.float32


def test_two_batches_of_two_make_the_step_of_one_batch_of_four(
    settings: dict[str, Any], host: Any, tmp_path: Path
) -> None:
    """The same four samples: Adam's first moment holds the gradient times 0.1."""
    moments = []
    for batch_size, accumulate in ((4, 1), (2, 2), (1, 4)):
        steps = {"pretrain_steps": 1, "gan_steps": 0}
        options = settings["options"] | steps | {"batch_size": batch_size, "accumulate": accumulate}
        place = {"run": str(tmp_path / f"{batch_size}"), "options": options, "compute": img2img.Compute("cpu", "fp32")}
        folder = img2img.train("srgan", **settings | place, host=host).folder
        state = list_checkpoints(folder / "checkpoints")[-1].load(CPU)["optimizers"]["generator"]["state"]
        moments.append([entry["exp_avg"] for entry in state.values()])
    for other in moments[1:]:
        for one, two in zip(moments[0], other, strict=True):
            assert one.abs().max() > 0
            torch.testing.assert_close(two, one, rtol=1e-4, atol=1e-4 * one.abs().max().item())
