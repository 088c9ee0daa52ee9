"""What moves in a step, along which gradient, and how results are judged."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from img2img_stargan.trainer import StarGANTrainer
from torch import Tensor, nn
from torch.nn.functional import nll_loss

import img2img
from img2img.inference.device import Device
from img2img.testing.trainers import moved, run_steps, weights_of
from img2img.training.engine import TrainingEngine

Start = Callable[..., tuple[StarGANTrainer, TrainingEngine]]

OF_BOTH = {"discriminator", "real classification", "adversarial", "classification", "cycle"}


@pytest.mark.parametrize("objective", ["wgan", "lsgan", "hinge", "vanilla"])
def test_a_step_moves_all_of_both_networks(objective: str, start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(objective=objective, critic_steps=1)
    before = {name: weights_of(network) for name, network in trainer.networks.items()}
    (losses,) = run_steps(trainer, engine, batch, 1)
    assert set(losses) == OF_BOTH | ({"penalty"} if objective == "wgan" else set())
    for name, network in trainer.networks.items():
        assert moved(before[name], network) == set(before[name])


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_generator_moves_in_its_turn_and_the_discriminator_always(
    accumulate: int, start: Start, batch: img2img.Batch
) -> None:
    trainer, engine = start(critic_steps=3, accumulate=accumulate)
    turns = []
    for _ in range(7):
        before = {name: weights_of(network) for name, network in trainer.networks.items()}
        losses = run_steps(trainer, engine, batch, 1)
        changed = [name for name, network in trainer.networks.items() if moved(before[name], network)]
        turns.append(changed)
        assert all(("cycle" in loss) == ("generator" in changed) for loss in losses)
    assert turns == [["generator", "discriminator"] if step in (2, 5) else ["discriminator"] for step in range(7)]


def test_accumulated_batches_make_the_step_of_one_large_batch(start: Start, batch: img2img.Batch) -> None:
    """In a step where only the discriminator learns, and in one where both do."""
    options = {"critic_steps": 2, "objective": "lsgan"}
    torch.manual_seed(1)
    whole, engine = start(**options)
    torch.manual_seed(1)
    parts, accumulating = start(**options, accumulate=2)
    for trainer in (whole, parts):
        walk_plainly(trainer)
    run_steps(whole, engine, batch, 2)
    for step in range(2):
        for part in range(2):
            accumulating.step = step
            accumulating.begin(part)
            own = {name: rows[part : part + 1] for name, rows in batch.condition.items()}
            parts.step(img2img.Batch(batch.source[part : part + 1], batch.target[part : part + 1], own))
    for name, network in whole.networks.items():
        assert_same_weights(parts.networks[name], network)


@pytest.mark.parametrize("options", [{"objective": "wgan"}, {"objective": "lsgan", "r1_weight": 0.3}], ids=str)
def test_a_step_is_the_papers_formula(options: dict[str, Any], start: Start, batch: img2img.Batch) -> None:
    """One step down L_G, then one down L_D with the result of before, written out once more."""
    trainer, engine = start(**options, critic_steps=1, penalty_weight=0.7, classification_weight=0.4, cycle_weight=3)
    generator, discriminator = (copy.deepcopy(trainer.networks[name]) for name in ("generator", "discriminator"))
    walk_plainly(trainer)
    torch.manual_seed(5)
    run_steps(trainer, engine, batch, 1)
    torch.manual_seed(5)

    x, label, own = 2 * batch.source - 1, batch.condition["label"], batch.condition["source_label"]
    fake = generator(x, label)
    fake_patches, classes = discriminator(fake)
    adversarial = -fake_patches.mean() if options["objective"] == "wgan" else ((fake_patches - 1) ** 2).mean()
    wanted = nll_loss(classes.log_softmax(1), label.argmax(1))
    loss = adversarial + 0.4 * wanted + 3 * (generator(fake, own) - x).abs().mean()
    descend(generator, loss)
    assert_same_weights(trainer.networks["generator"], generator)

    fake = fake.detach()
    (real_patches, classes), (fake_patches, _) = discriminator(x), discriminator(fake)
    loss = 0.4 * nll_loss(classes.log_softmax(1), own.argmax(1))
    if options["objective"] == "wgan":
        share = torch.rand(2, 1, 1, 1, device=x.device)
        slope = gradient(discriminator, share * x + (1 - share) * fake).sum((1, 2, 3)).sqrt()
        loss = loss + fake_patches.mean() - real_patches.mean() + 0.7 * ((slope - 1) ** 2).mean()
    else:
        patches = real_patches[0].numel()  # of whose mean R1 takes the gradient
        r1 = gradient(discriminator, x).sum((1, 2, 3)).mean() / 2 / patches**2
        loss = loss + ((real_patches - 1) ** 2).mean() + (fake_patches**2).mean() + 16 * 0.3 * r1
    descend(discriminator, loss)
    assert_same_weights(trainer.networks["discriminator"], discriminator)


def gradient(discriminator: nn.Module, images: Tensor) -> Tensor:
    """The squared gradient of the sum of the patches' logits, pixel by pixel."""
    images = images.detach().requires_grad_()
    return torch.autograd.grad(discriminator(images)[0].sum(), images, create_graph=True)[0] ** 2


def walk_plainly(trainer: StarGANTrainer) -> None:
    """Without Adam, which makes long steps of rounding errors."""
    networks = trainer.networks.items()
    trainer.optimizers = {name: torch.optim.SGD(network.parameters(), 0.1) for name, network in networks}


def descend(network: nn.Module, loss: Tensor) -> None:
    gradients = torch.autograd.grad(loss, list(network.parameters()))
    with torch.no_grad():
        for parameter, slope in zip(network.parameters(), gradients, strict=True):
            parameter -= 0.1 * slope


def assert_same_weights(one: nn.Module, other: nn.Module) -> None:
    for (name, tensor), twin in zip(one.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(tensor, twin, rtol=1e-4, atol=1e-5, msg=lambda text, name=name: f"{name}: {text}")


def test_the_r1_penalty_comes_every_16_steps(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(objective="lsgan", r1_weight=1, critic_steps=5)
    losses = run_steps(trainer, engine, batch, 34)
    assert [step for step, row in enumerate(losses) if "r1" in row] == [0, 16, 32]


def test_the_discriminator_learns_the_classes_and_what_is_real(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(objective="lsgan", lr=2e-3, critic_steps=100, constant_steps=100)
    losses = run_steps(trainer, engine, batch, 40)
    assert losses[-1]["real classification"] < 0.1 * losses[0]["real classification"]
    assert losses[-1]["discriminator"] < 0.5 * losses[0]["discriminator"]


def test_the_generator_learns_to_undo_itself(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(objective="lsgan", lr=1e-2, critic_steps=1, width=8, constant_steps=100)
    losses = run_steps(trainer, engine, batch, 60)
    assert losses[-1]["cycle"] < 0.6 * losses[0]["cycle"]


def test_the_learning_rates_stay_and_then_fall_to_0(start: Start) -> None:
    trainer, engine = start(constant_steps=10, decay_steps=4, lr=1e-3)
    for step, share in ((0, 1), (9, 1), (10, 0.8), (12, 0.4)):
        engine.step = step
        engine.begin(0)
        rates = [optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers.values()]
        assert rates == pytest.approx([share * 1e-3] * 2)


def test_bf16_keeps_the_weights_in_float32(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(critic_steps=2, r1_weight=1)
    engine.runs_on = Device(engine.device, torch.bfloat16)
    losses = run_steps(trainer, engine, batch, 3)
    assert all(value == value for row in losses for value in row.values())
    assert {tensor.dtype for network in trainer.networks.values() for tensor in network.parameters()} == {torch.float32}


def painted(images: Tensor, label: Tensor) -> Tensor:
    """The image, and the channel of the label full."""
    return torch.maximum(images, label[:, :, None, None])


def held_out(label: int, own: int) -> img2img.Batch:
    labels = torch.eye(3)
    image = torch.rand(1, 3, 20, 24) * 0.5
    image[:, own] = 1
    return img2img.Batch(image, image, {"label": labels[[label]], "source_label": labels[[own]]})


def test_results_are_judged_against_the_images_of_their_class(start: Start) -> None:
    trainer, _ = start()
    batches = [held_out((own + 1 + index % 2) % 3, own) for index in range(4) for own in range(3)]
    unchanged = trainer.validate(iter(batches), {"forward": lambda images, label: images})["swd"]
    wrong = trainer.validate(iter(batches), {"forward": lambda images, label: painted(images, label.roll(1, 1))})["swd"]
    grey = {"forward": lambda images, label: painted(images.clamp(0, 0.5) * (1 - label[:, :, None, None]), label)}
    assert trainer.validate(iter(batches), grey)["swd"] < 0.5 * min(unchanged, wrong)
    assert trainer.goal == ("swd", "min")


def test_no_images_give_no_figures(start: Start) -> None:
    assert start()[0].validate([], {"forward": painted}) == {}


def test_previews_show_the_source_and_a_column_for_each_of_the_first_six_classes(
    start: Start, batch: img2img.Batch
) -> None:
    trainer, _ = start(classes=list("abcdefgh"))
    seen: list[int] = []

    def translate(images: Tensor, label: Tensor) -> Tensor:
        seen.extend(label.argmax(1).tolist())
        return 2 * images

    previews = trainer.previews(batch, {"forward": translate})
    assert list(previews) == ["source", *(f"to {name}" for name in "abcdef")]
    assert {tuple(images.shape) for images in previews.values()} == {(2, 3, 16, 16)}
    assert max(images.max() for images in previews.values()) <= 1
    assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
