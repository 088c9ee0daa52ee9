"""Checks that end a run whose numbers are no longer finite, before they get into a checkpoint or a model file."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import torch
from torch import Tensor, nn

from img2img.errors import DivergedError
from img2img.training.ema import EMA
from img2img.training.means import LossMeans
from img2img.training.run import Run


def check_all(run: Run, means: LossMeans, networks: Mapping[str, nn.Module], averages: Mapping[str, EMA]) -> None:
    """See to it that no NaN gets into a checkpoint or a model file; waits for the device.

    Raises:
        DivergedError: A loss, weight or buffer is not finite.
    """
    check_losses(run, {name: total for name, (total, _) in means.totals.items()})
    averaged = {f"averaged {name}": average.network for name, average in averages.items()}
    check_networks(run, {**networks, **averaged})


def check_losses(run: Run, losses: Mapping[str, float | Tensor]) -> None:
    """Check losses; waits for the device where they are tensors.

    Raises:
        DivergedError: One of them is not finite.
    """
    for name, loss in losses.items():
        if not isfinite(loss):
            raise _diverged(run, f"the loss {name} is {float(loss)}")


def check_networks(run: Run, networks: Mapping[str, nn.Module]) -> None:
    """Check every weight and buffer; waits for the device.

    Raises:
        DivergedError: One of them is not finite.
    """
    for name, network in networks.items():
        if not all(bool(torch.isfinite(tensor).all()) for tensor in network.state_dict().values()):
            raise _diverged(run, f"a weight of the network {name!r} is not finite")


def _diverged(run: Run, what: str) -> DivergedError:
    return DivergedError(
        f"{what} at step {run.step}: the training has diverged. The last checkpoint in {run.checkpoints} is from "
        "before; begin anew with a lower learning rate, or with --precision fp32"
    )
