"""One step and what comes of many: what moves, in which order, along which gradient, and how it is judged."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from img2img_pix2pix.spaces import Lab
from img2img_pix2pix.trainer import Pix2PixTrainer
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.nn.functional import l1_loss

import img2img
from img2img.inference.device import Device
from img2img.testing.trainers import moved, run_steps, weights_of
from img2img.training.engine import TrainingEngine

Start = Callable[..., tuple[Pix2PixTrainer, TrainingEngine]]


def for_task(batch: img2img.Batch, task: str) -> img2img.Batch:
    source = batch.source[:, :1] if task in ("colorize", "edges") else batch.source
    return img2img.Batch(source, batch.target)


VARIANTS: list[dict[str, Any]] = [
    {"task": "pairs"},
    {"task": "colorize", "norm": "batch"},
    {"task": "edges", "generator": "resnet", "objective": "lsgan"},
    {"task": "inpaint", "discriminator": "pixel", "objective": "hinge"},
    {"task": "pairs", "norm": "none", "generator": "resnet", "upsampling": "transposed"},
]


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_a_step_moves_every_weight_of_both_networks(
    options: dict[str, Any], start: Start, batch: img2img.Batch
) -> None:
    """Biases before a normalisation alone stay: it takes them away again."""
    trainer, engine = start(**options)
    before = {name: weights_of(network) for name, network in trainer.networks.items()}
    losses = run_steps(trainer, engine, for_task(batch, options["task"]), 2)
    assert set(losses[0]) == {"l1", "adversarial", "discriminator"}
    for name, network in trainer.networks.items():
        still = set(before[name]) - moved(before[name], network)
        assert not {key for key in still if not key.endswith("bias")}, name


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_a_step_is_the_papers_formula_discriminator_first(norm: str, start: Start, batch: img2img.Batch) -> None:
    """Adam down L_D, then down L_G as what D has become judges it, written out once more."""
    trainer, engine = start(norm=norm, adversarial_weight=0.7, l1_weight=5, lr=1e-3)
    generator, discriminator = (copy.deepcopy(trainer.networks[name]) for name in ("generator", "discriminator"))
    (losses,) = run_steps(trainer, engine, batch, 1)

    source, target = batch.source * 2 - 1, batch.target * 2 - 1
    fake = generator(source)
    real = discriminator(torch.cat([source, target], 1))
    false = discriminator(torch.cat([source, fake.detach()], 1))
    judged = cross_entropy(real, torch.ones_like(real)) + cross_entropy(false, torch.zeros_like(false))
    descend(discriminator, judged / 2)
    assert_same_weights(trainer.networks["discriminator"], discriminator)

    logits = discriminator(torch.cat([source, fake], 1))
    adversarial, l1 = cross_entropy(logits, torch.ones_like(logits)), l1_loss(fake, target)
    descend(generator, 0.7 * adversarial + 5 * l1)
    assert_same_weights(trainer.networks["generator"], generator)
    expected = {"l1": l1.item(), "adversarial": adversarial.item(), "discriminator": judged.item()}
    assert losses == pytest.approx(expected, rel=1e-4)


def descend(network: nn.Module, loss: Tensor) -> None:
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, betas=(0.5, 0.999))
    for parameter, gradient in zip(
        network.parameters(), torch.autograd.grad(loss, list(network.parameters()), retain_graph=True), strict=True
    ):
        parameter.grad = gradient
    optimizer.step()


def assert_same_weights(one: nn.Module, other: nn.Module) -> None:
    for (name, tensor), twin in zip(one.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(tensor, twin, rtol=1e-4, atol=1e-5, msg=lambda text, name=name: f"{name}: {text}")


def test_the_absolute_error_of_colorize_is_that_of_the_encoded_colours(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(task="colorize")
    nn.init.zeros_(trainer.generator.model.model[3].weight)  # type: ignore[union-attr,index,arg-type]
    (losses,) = run_steps(trainer, engine, for_task(batch, "colorize"), 1)
    assert losses["l1"] == pytest.approx(Lab().encode_target(batch.target).abs().mean().item(), rel=1e-5)


def test_the_discriminator_sees_the_source(start: Start, batch: img2img.Batch) -> None:
    trainer, _ = start()
    seen: list[Tensor] = []
    trainer.networks["discriminator"].register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    trainer.step(batch)
    assert [tuple(images.shape) for images in seen] == [(4, 6, 32, 32), (2, 6, 32, 32)]
    for images in seen:
        torch.testing.assert_close(images[:2, :3], batch.source * 2 - 1)
    torch.testing.assert_close(seen[0][:2, 3:], batch.target * 2 - 1)


def test_batch_norm_takes_statistics_of_real_or_generated_images_never_of_both(
    start: Start, batch: img2img.Batch
) -> None:
    trainer, _ = start(norm="batch")
    counts: list[int] = []
    trainer.networks["discriminator"].register_forward_pre_hook(lambda _, arguments: counts.append(len(arguments[0])))
    trainer.step(batch)
    assert counts == [2, 2, 2]


@pytest.mark.parametrize("weights", [{"l1_weight": 0}, {"adversarial_weight": 0}], ids=str)
def test_either_loss_alone_moves_the_generator(weights: dict[str, int], start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(**weights, norm="none")
    before = weights_of(trainer.generator)
    run_steps(trainer, engine, batch, 1)
    assert moved(before, trainer.generator) == set(before)


def test_without_any_weight_nothing_moves_the_generator(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(l1_weight=0, adversarial_weight=0)
    before = weights_of(trainer.generator)
    run_steps(trainer, engine, batch, 1)
    assert not moved(before, trainer.generator)


@pytest.mark.parametrize("task", ["pairs", "colorize"])
def test_it_learns(task: str, start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(task=task, lr=2e-3, constant_steps=40)
    losses = run_steps(trainer, engine, for_task(batch, task), 40)
    assert losses[-1]["l1"] < 0.5 * losses[0]["l1"]


def test_the_smallest_crop_alone_in_its_batch_leaves_batch_norm_enough_values(start: Start) -> None:
    trainer, engine = start(norm="batch", depth=5, batch_size=1)
    images = torch.rand(1, 3, 32, 32, device=engine.device)
    (losses,) = run_steps(trainer, engine, img2img.Batch(images, images), 1)
    assert all(value == value for value in losses.values())


def test_bf16_keeps_losses_and_weights_in_float32(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(task="colorize")
    engine.runs_on = Device(engine.device, torch.bfloat16)
    losses = trainer.step(for_task(batch, "colorize"))
    assert {loss.dtype for loss in losses.values()} == {torch.float32}
    assert {parameter.dtype for parameter in trainer.generator.parameters()} == {torch.float32}


def test_the_learning_rates_are_constant_and_then_fall_to_nothing(start: Start) -> None:
    trainer, engine = start(constant_steps=4, decay_steps=3, lr=8e-4)
    for step, rate in ((0, 8e-4), (3, 8e-4), (4, 6e-4), (5, 4e-4)):
        engine.step = step
        engine.begin(0)
        rates = [optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers.values()]
        assert rates == pytest.approx([rate, rate])


@pytest.mark.parametrize(("weight", "goal"), [(1, ("swd", "min")), (0, ("psnr", "max"))])
def test_the_best_is_the_sharpest_where_there_is_an_adversary(weight: int, goal: tuple[str, str], start: Start) -> None:
    assert start(adversarial_weight=weight)[0].goal == goal


def test_figures_of_a_perfect_result_are_perfect(start: Start, batch: img2img.Batch) -> None:
    target = batch.target[:1].mul(255).round().div(255)
    batches = [img2img.Batch(batch.source[:1], target)]
    figures = start(task="colorize")[0].validate(batches, {"forward": lambda images: target + 0.4 / 255})
    assert figures.keys() == {"psnr", "ssim", "psnr_ab", "swd"}
    assert [figures[name] for name in ("psnr", "ssim", "psnr_ab")] == pytest.approx([100, 1, 100])


def test_the_blurred_has_the_better_psnr_and_the_worse_distance(start: Start) -> None:
    """What the choice of the goal rests on: noise for noise against its mean."""
    rng = torch.Generator().manual_seed(1)
    source, truth, other = torch.rand(3, 1, 3, 32, 32, generator=rng)
    batches = [img2img.Batch(source, truth)]
    trainer, _ = start()
    blurred = trainer.validate(batches, {"forward": lambda images: torch.full_like(truth, 0.5)})
    sharp = trainer.validate(batches, {"forward": lambda images: other})
    assert set(sharp) == {"psnr", "ssim", "swd"}
    assert blurred["psnr"] > sharp["psnr"] + 2
    assert blurred["swd"] > 2 * sharp["swd"]


def test_no_images_give_no_figures(start: Start) -> None:
    assert start()[0].validate([], {"forward": lambda images: images}) == {}


@pytest.mark.parametrize("task", ["pairs", "edges"])
def test_previews_show_source_result_and_truth_in_colour(task: str, start: Start, batch: img2img.Batch) -> None:
    previews = start(task=task)[0].previews(for_task(batch, task), {"forward": lambda images: batch.target})
    assert list(previews) == ["source", "result", "truth"]
    assert {tuple(images.shape) for images in previews.values()} == {(2, 3, 32, 32)}
