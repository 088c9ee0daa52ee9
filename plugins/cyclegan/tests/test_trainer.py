"""The training: who moves when, what is left out, and what a resumed one needs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import pytest
import torch
from img2img_cyclegan.trainer import CycleGANTrainer
from torch import Tensor

import img2img
from img2img.inference.device import Device
from img2img.testing.trainers import moved, run_steps, weights_of
from img2img.training.engine import TrainingEngine

Start = Callable[..., tuple[CycleGANTrainer, TrainingEngine]]

LOSSES = {"adversarial", "cycle", "identity", "source discriminator", "target discriminator"}


def test_generators_go_first_then_discriminators(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start()
    order: list[str] = []
    for name, optimizer in trainer.optimizers.items():
        optimizer.register_step_post_hook(lambda *_, name=name: order.append(name))
    run_steps(trainer, engine, batch, 2)
    assert order == ["generators", "discriminators"] * 2


def test_each_optimiser_holds_both_networks(start: Start) -> None:
    """Where it holds one, the other direction never learns."""
    trainer, _ = start()
    pairs = {
        "generators": ("forward", "backward"),
        "discriminators": ("source discriminator", "target discriminator"),
    }
    assert set(trainer.optimizers) == set(pairs)
    for name, pair in pairs.items():
        (group,) = trainer.optimizers[name].param_groups
        expected = chain.from_iterable(trainer.networks[network].parameters() for network in pair)
        assert [id(parameter) for parameter in group["params"]] == [id(parameter) for parameter in expected]


def test_a_step_moves_all_four_networks(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start()
    before = {name: weights_of(network) for name, network in trainer.networks.items()}
    assert set(run_steps(trainer, engine, batch, 1)[0]) == LOSSES
    assert all(moved(before[name], network) for name, network in trainer.networks.items())


@pytest.mark.parametrize(("weight", "passes"), [(0.5, [4, 2]), (0.0, [2, 2])])
def test_without_identity_weight_its_passes_are_left_out(
    weight: float, passes: list[int], start: Start, batch: img2img.Batch
) -> None:
    """What a generator is given: both domains together, or its source alone; then the fake for the cycle."""
    trainer, engine = start(identity_weight=weight)
    seen: dict[str, list[int]] = {"forward": [], "backward": []}
    for name, sizes in seen.items():
        trainer.networks[name].register_forward_hook(lambda _, given, __, sizes=sizes: sizes.append(len(given[0])))
    losses = run_steps(trainer, engine, batch, 1)[0]
    assert seen == {"forward": passes, "backward": passes}
    assert (losses["identity"] > 0) == (weight > 0)


@pytest.mark.parametrize("weight", ["adversarial_weight", "cycle_weight"])
def test_each_weight_alone_moves_both_generators(weight: str, start: Start, batch: img2img.Batch) -> None:
    weights = {"adversarial_weight": 0.0, "cycle_weight": 0.0, "identity_weight": 0.0, weight: 1.0}
    trainer, engine = start(**weights)
    before = {name: weights_of(network) for name, network in trainer.generators().items()}
    run_steps(trainer, engine, batch, 1)
    assert all(moved(before[name], network) for name, network in trainer.generators().items())


def test_without_any_weight_no_generator_moves(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(adversarial_weight=0, cycle_weight=0)
    before = {name: weights_of(network) for name, network in trainer.generators().items()}
    run_steps(trainer, engine, batch, 2)
    assert not any(moved(before[name], network) for name, network in trainer.generators().items())


@pytest.mark.parametrize("discriminator", ["patch", "pixel"])
@pytest.mark.parametrize("objective", ["lsgan", "vanilla", "hinge", "wgan"])
def test_each_objective_trains_and_stays_finite(
    objective: str, discriminator: str, start: Start, batch: img2img.Batch
) -> None:
    trainer, engine = start(objective=objective, discriminator=discriminator)
    for row in run_steps(trainer, engine, batch, 4):
        penalties = {"source penalty", "target penalty"} if objective == "wgan" else set()
        assert set(row) == LOSSES | penalties
        assert all(abs(value) < 1000 for value in row.values())
    for network in trainer.networks.values():
        assert all(tensor.isfinite().all() for tensor in network.state_dict().values())


def test_the_discriminators_of_wgan_pay_for_their_slope(start: Start, batch: img2img.Batch) -> None:
    weights = []
    for weight in (0.0, 10.0):
        torch.manual_seed(1)
        trainer, engine = start(objective="wgan", penalty_weight=weight)
        (losses,) = run_steps(trainer, engine, batch, 1)
        assert losses["source penalty"] > 0.1
        weights.append(next(trainer.networks["source discriminator"].parameters()).clone())
    assert not torch.equal(*weights)


def test_discriminators_learn_to_tell_the_domains_from_what_the_generators_make(
    start: Start, batch: img2img.Batch
) -> None:
    trainer, engine = start(lr=4e-3, adversarial_weight=0, cycle_weight=0, constant_steps=100)
    last = run_steps(trainer, engine, batch, 20)[-1]
    assert last["source discriminator"] < 0.3
    assert last["target discriminator"] < 0.3


def test_the_generators_learn_to_undo_each_other(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(lr=4e-3, constant_steps=100)
    losses = run_steps(trainer, engine, batch, 25)
    assert losses[-1]["cycle"] < 0.6 * losses[0]["cycle"]


def test_the_learning_rates_are_level_and_then_fall_to_nothing(start: Start) -> None:
    trainer, engine = start(constant_steps=100, decay_steps=99, lr=1e-3)
    rates = []
    for step in (0, 99, 149, 197):
        engine.step = step
        engine.begin(0)
        rates.append([optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers.values()])
    assert [row[0] for row in rates] == pytest.approx([1e-3, 1e-3, 5e-4, 2e-5])
    assert all(row[0] == row[1] for row in rates)


def test_the_pools_are_filled_with_what_the_generators_made_and_survive_a_resume(
    start: Start, batch: img2img.Batch
) -> None:
    trainer, engine = start(pool=3)
    run_steps(trainer, engine, batch, 4)
    saved = trainer.state_dict()
    assert {name: len(images) for name, images in saved.items()} == {"pool_x": 3, "pool_y": 3}
    assert not torch.equal(saved["pool_x"][0], saved["pool_y"][0])
    other, _ = start(pool=3)
    other.load_state_dict({name: [image.clone() for image in images] for name, images in saved.items()})
    for mine, theirs in ((trainer.pool_x, other.pool_x), (trainer.pool_y, other.pool_y)):
        assert all(torch.equal(a, b) for a, b in zip(mine.images, theirs.images, strict=True))


def test_bf16_keeps_the_weights_and_the_pools_in_float32(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start()
    engine.runs_on = Device(engine.device, torch.bfloat16)
    losses = run_steps(trainer, engine, batch, 3)
    assert all(value == value for row in losses for value in row.values())
    kept = chain.from_iterable(network.parameters() for network in trainer.networks.values())
    assert {tensor.dtype for tensor in chain(kept, trainer.pool_x.images)} == {torch.float32}


def inverted(images: Tensor, **conditions: Tensor) -> Tensor:
    return 1 - images


def same(images: Tensor, **conditions: Tensor) -> Tensor:
    return images


def pairs(count: int) -> list[img2img.Batch]:
    """Sources, and inverted ones of other sources; in 8 bits."""
    chance = torch.Generator().manual_seed(3)
    sources = torch.rand(2 * count, 3, 40, 36, generator=chance).square().mul(255).round().div(255)
    return [img2img.Batch(x[None], 1 - y[None]) for x, y in zip(sources[:count], sources[count:], strict=True)]


def test_a_right_translation_is_near_its_domain_and_a_wrong_one_is_not(start: Start) -> None:
    trainer, _ = start()
    right = trainer.validate(iter(pairs(8)), {"forward": inverted, "backward": inverted})
    wrong = trainer.validate(iter(pairs(8)), {"forward": same, "backward": same})
    assert set(right) == {"swd", "swd_forward", "swd_backward", "cycle_psnr"}
    assert trainer.goal == ("swd", "min")
    for name in ("swd", "swd_forward", "swd_backward"):
        assert right[name] < 0.3 * wrong[name]
    assert right["swd"] == pytest.approx((right["swd_forward"] + right["swd_backward"]) / 2)
    assert right["cycle_psnr"] == wrong["cycle_psnr"] == pytest.approx(100)


@pytest.mark.parametrize(("good", "bad"), [("forward", "backward"), ("backward", "forward")])
def test_each_direction_is_judged_by_itself(good: str, bad: str, start: Start) -> None:
    figures: Any = start()[0].validate(pairs(8), {good: inverted, bad: same})
    assert figures[f"swd_{good}"] < 0.3 * figures[f"swd_{bad}"]
    assert figures["cycle_psnr"] < 15


def test_no_images_give_no_figures(start: Start) -> None:
    assert start()[0].validate([], {"forward": same, "backward": same}) == {}


def test_previews_show_both_directions_and_both_cycles(start: Start, batch: img2img.Batch) -> None:
    trainer, _ = start()
    darker: Callable[..., Tensor] = lambda images: images / 2  # noqa: E731
    previews = trainer.previews(batch, {"forward": inverted, "backward": darker})
    assert list(previews) == ["source", "forward", "cycle", "target", "backward", "backward cycle"]
    expected = [batch.source, 1 - batch.source, (1 - batch.source) / 2]
    expected += [batch.target, batch.target / 2, 1 - batch.target / 2]
    for images, wanted in zip(previews.values(), expected, strict=True):
        torch.testing.assert_close(images, wanted)
