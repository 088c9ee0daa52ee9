"""The averaged network."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from img2img.training.ema import EMA


def network(weight: float) -> nn.Module:
    layers = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    nn.init.constant_(layers[0].weight, weight)
    return layers


def test_it_follows_by_hand_computed_averages_with_a_warm_up() -> None:
    """The decay is (1 + n) / (10 + n) until that passes 0.2: 0.1, 2 / 11, then 0.2."""
    average = EMA(network(0), decay=0.2)
    value = 0.0
    for updates, decay in enumerate([1 / 10, 2 / 11, 0.2, 0.2]):
        average.update(network(updates + 1), updates)
        value = decay * value + (1 - decay) * (updates + 1)
        assert average.network[0].weight.item() == pytest.approx(value)


def test_decay_zero_is_the_network_itself() -> None:
    average = EMA(network(0), decay=0)
    average.update(network(3), updates=1000)
    assert average.network[0].weight.item() == 3


def test_buffers_are_copied_and_not_averaged() -> None:
    trained = network(1)
    average = EMA(trained, decay=0.999)
    trained(torch.tensor([[1.0], [5.0]]))
    average.update(trained, updates=10_000)
    assert torch.equal(average.network[1].running_mean, trained[1].running_mean)
    assert average.network[1].num_batches_tracked.item() == 1


def test_the_average_neither_learns_nor_changes_the_network() -> None:
    trained = network(1)
    average = EMA(trained, decay=0.9)
    average.update(trained, 0)
    assert trained.training
    assert trained[0].weight.requires_grad
    assert not average.network.training
    assert not any(parameter.requires_grad for parameter in average.network.parameters())
    assert trained[0].weight.item() == 1


def test_the_average_shares_no_memory_with_the_network() -> None:
    trained = network(1)
    average = EMA(trained, decay=0.9)
    nn.init.constant_(trained[0].weight, 7)
    assert average.network[0].weight.item() == 1
