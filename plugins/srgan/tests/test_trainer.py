"""The two stages: what moves, along which gradient, and what is refused."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from img2img_srgan.trainer import SRGANTrainer
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.nn.functional import l1_loss

import img2img
from img2img.inference.device import Device
from img2img.nn.perceptual import random_features
from img2img.testing.trainers import moved, run_steps, weights_of
from img2img.training.engine import TrainingEngine

Start = Callable[..., tuple[SRGANTrainer, TrainingEngine]]


@pytest.mark.parametrize("generator", ["msrresnet", "srresnet"])
def test_the_first_stage_moves_all_of_the_generator_and_nothing_else(
    generator: str, start: Start, batch: img2img.Batch
) -> None:
    trainer, engine = start(generator=generator, pretrain_steps=5, gan_steps=5)
    before = {name: weights_of(network) for name, network in trainer.networks.items()}
    losses = run_steps(trainer, engine, batch, 2)
    assert set(losses[0]) == {"pixel"}
    assert moved(before["generator"], trainer.networks["generator"]) == set(before["generator"])
    assert not moved(before["discriminator"], trainer.networks["discriminator"])


@pytest.mark.parametrize("generator", ["msrresnet", "srresnet"])
def test_the_second_stage_moves_all_of_both_networks_and_never_the_features(
    generator: str, start: Start, batch: img2img.Batch
) -> None:
    trainer, engine = start(generator=generator, pretrain_steps=0, gan_steps=5)
    assert trainer.perceptual_loss is not None
    networks = {**trainer.networks, "features": trainer.perceptual_loss}
    before = {name: weights_of(network) for name, network in networks.items()}
    losses = run_steps(trainer, engine, batch, 2)
    assert set(losses[0]) == {"pixel", "perceptual", "adversarial", "discriminator", "real", "fake"}
    assert moved(before["generator"], networks["generator"]) == set(before["generator"])
    assert moved(before["discriminator"], networks["discriminator"]) == set(before["discriminator"])
    assert not moved(before["features"], networks["features"])


def test_the_stage_changes_after_the_steps_of_the_first(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(pretrain_steps=2, gan_steps=2)
    assert [len(losses) for losses in run_steps(trainer, engine, batch, 4)] == [1, 1, 6, 6]


def test_a_step_of_the_second_stage_is_the_papers_formula(start: Start, batch: img2img.Batch) -> None:
    """One step of Adam down L_G, then one down L_D with the fake of before, written out once more."""
    trainer, engine = start(
        pretrain_steps=0, gan_steps=8, pixel_weight=0.3, perceptual_weight=0.7, adversarial_weight=0.05, gan_lr=1e-3
    )
    generator, discriminator = (copy.deepcopy(trainer.networks[name]) for name in ("generator", "discriminator"))
    features = random_features().to(batch.source.device)
    run_steps(trainer, engine, batch, 1)

    fake = generator(batch.source)
    logits = discriminator(2 * fake - 1)
    pixel, perceptual = l1_loss(fake, batch.target), l1_loss(features(fake), features(batch.target))
    loss = 0.3 * pixel + 0.7 * perceptual + 0.05 * cross_entropy(logits, torch.ones_like(logits))
    gradients = torch.autograd.grad(loss, list(generator.parameters()))
    descend(generator, gradients)
    assert_same_weights(trainer.networks["generator"], generator)

    real, false = discriminator(2 * batch.target - 1), discriminator(2 * fake.detach() - 1)
    loss = cross_entropy(real, torch.ones_like(real)) + cross_entropy(false, torch.zeros_like(false))
    gradients = torch.autograd.grad(loss, list(discriminator.parameters()))
    descend(discriminator, gradients)
    assert_same_weights(trainer.networks["discriminator"], discriminator)


def descend(network: nn.Module, gradients: tuple[Tensor, ...]) -> None:
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, betas=(0.9, 0.99))
    for parameter, gradient in zip(network.parameters(), gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()


def assert_same_weights(one: nn.Module, other: nn.Module) -> None:
    for (name, tensor), twin in zip(one.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(tensor, twin, rtol=1e-4, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}")


def test_the_discriminators_judgement_alone_moves_the_generator(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(pretrain_steps=0, gan_steps=2, pixel_weight=0, perceptual="none", adversarial_weight=1)
    before = weights_of(trainer.networks["generator"])
    run_steps(trainer, engine, batch, 1)
    assert moved(before, trainer.networks["generator"]) == set(before)


def test_without_any_weight_nothing_moves_the_generator(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(pretrain_steps=0, gan_steps=2, pixel_weight=0, perceptual="none", adversarial_weight=0)
    before = weights_of(trainer.networks["generator"])
    run_steps(trainer, engine, batch, 1)
    assert not moved(before, trainer.networks["generator"])


def test_the_discriminator_learns_to_tell_real_from_fake(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(pretrain_steps=0, gan_steps=40, gan_lr=1e-3, adversarial_weight=0)
    last = run_steps(trainer, engine, batch, 40)[-1]
    assert last["real"] > 0.8
    assert last["fake"] < 0.2


@pytest.mark.parametrize(("generator", "pixel_loss"), [("msrresnet", "l1"), ("srresnet", "l2")])
def test_the_modern_and_the_published_variant_learn(
    generator: str, pixel_loss: str, start: Start, batch: img2img.Batch
) -> None:
    trainer, engine = start(
        generator=generator, pixel_loss=pixel_loss, pretrain_steps=80, gan_steps=5, pretrain_lr=1e-2
    )
    losses = run_steps(trainer, engine, batch, 85)
    assert losses[79]["pixel"] < 0.4 * losses[0]["pixel"]
    assert losses[-1]["pixel"] < 2 * losses[79]["pixel"]


def test_the_learning_rates_follow_their_schedules(start: Start) -> None:
    trainer, engine = start(pretrain_steps=100, gan_steps=40, pretrain_lr=2e-3, gan_lr=1e-4)

    def rates(step: int) -> tuple[float, float]:
        engine.step = step
        engine.begin(0)
        return tuple(trainer.optimizers[name].param_groups[0]["lr"] for name in ("generator", "discriminator"))

    assert rates(0)[0] == pytest.approx(2e-3 / 11)  # a tenth of the stage warms up
    assert rates(10)[0] == pytest.approx(2e-3)
    assert rates(99)[0] < 1e-5
    for step, rate in ((100, 1e-4), (119, 1e-4), (120, 5e-5), (129, 5e-5), (130, 2.5e-5), (139, 2.5e-5)):
        assert rates(step) == pytest.approx((rate, rate))


@pytest.mark.parametrize(
    ("steps", "milestones"), [((7, 5), {7: "pretrain"}), ((0, 5), {}), ((7, 0), {})], ids=["both", "gan", "pretrain"]
)
def test_the_end_of_the_first_stage_is_kept_where_another_follows(
    steps: tuple[int, int], milestones: dict[int, str], start: Start
) -> None:
    trainer, _ = start(pretrain_steps=steps[0], gan_steps=steps[1])
    assert dict(trainer.milestones) == milestones


def test_pixel_loss_alone_needs_neither_discriminator_nor_features(start: Start) -> None:
    trainer, _ = start(pretrain_steps=5, gan_steps=0, perceptual="vgg19")
    assert list(trainer.networks) == list(trainer.optimizers) == ["generator"]


def test_vgg19_without_its_weights_is_refused_with_the_remedies(start: Start) -> None:
    with pytest.raises(img2img.Img2ImgError, match=r"vgg_weights=PATH and vgg_sha256=HEX, .*perceptual=random.*none"):
        start(perceptual="vgg19", gan_steps=5)


def test_vgg19_of_no_weight_needs_no_weights(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(perceptual="vgg19", perceptual_weight=0, pretrain_steps=0, gan_steps=5)
    assert run_steps(trainer, engine, batch, 1)[0]["perceptual"] == 0


def test_vgg19_from_a_file_is_trained_against(start: Start, batch: img2img.Batch, tmp_path: Path) -> None:
    path = tmp_path / "vgg19.pth"
    torch.save({"features.0.weight": torch.randn(64, 3, 3, 3), "features.0.bias": torch.zeros(64)}, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    trainer, engine = start(
        perceptual="vgg19", vgg_layer="conv1_1", vgg_weights=str(path), vgg_sha256=sha256, pretrain_steps=0, gan_steps=5
    )
    assert run_steps(trainer, engine, batch, 1)[0]["perceptual"] > 0


def test_bf16_keeps_the_weights_in_float32(start: Start, batch: img2img.Batch) -> None:
    trainer, engine = start(pretrain_steps=1, gan_steps=3)
    engine.runs_on = Device(engine.device, torch.bfloat16)
    losses = run_steps(trainer, engine, batch, 4)
    assert all(value == value for row in losses for value in row.values())
    assert {parameter.dtype for parameter in trainer.networks["generator"].parameters()} == {torch.float32}


def enlarged(images: Tensor, **conditions: Tensor) -> Tensor:
    return images.repeat_interleave(2, 2).repeat_interleave(2, 3)


def test_figures_of_a_perfect_result_are_perfect(start: Start) -> None:
    trainer, _ = start()
    source = torch.rand(1, 3, 20, 20).mul(255).round().div(255)
    figures = trainer.validate([img2img.Batch(source, enlarged(source))], {"forward": enlarged})
    assert figures == {"psnr_y": pytest.approx(100), "ssim_y": pytest.approx(1), "sharpness": pytest.approx(1)}


def test_figures_are_means_over_the_images_of_8_bit_results_in_range(start: Start) -> None:
    trainer, _ = start()
    source = torch.rand(2, 3, 20, 20).mul(255).round().div(255)
    batches = [img2img.Batch(image[None], enlarged(image[None])) for image in source]
    results = {"forward": lambda images: enlarged(images) + (0.4 / 255 if images is batches[0].source else 2)}
    figures = trainer.validate(iter(batches), results)
    white = trainer.validate([batches[1]], {"forward": lambda images: torch.ones(1, 3, 40, 40)})
    assert figures["psnr_y"] == pytest.approx((100 + white["psnr_y"]) / 2)


def test_no_images_give_no_figures(start: Start) -> None:
    assert start()[0].validate([], {"forward": enlarged}) == {}


def test_previews_show_bicubic_result_and_truth_in_one_size(start: Start, batch: img2img.Batch) -> None:
    trainer, _ = start()
    previews = trainer.previews(batch, {"forward": enlarged})
    assert list(previews) == ["bicubic", "result", "truth"]
    assert {tuple(images.shape) for images in previews.values()} == {(2, 3, 32, 32)}
