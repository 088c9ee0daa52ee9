"""What is measured of a training as it stands, against figures worked out by hand; and that it leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from img2img.config import TrainingConfig
from img2img.contract.data import Batch, Sample
from img2img.contract.families import Translator
from img2img.contract.trainers import Trainer, Verdict
from img2img.contract.traits import Condition, Traits
from img2img.training.ema import EMA
from img2img.training.health.examiner import IMAGES, Examiner
from img2img.training.run import Run

Change = Callable[[Tensor, Tensor], Tensor]


class Stripes:
    """Eight images: a bright half over a dark one, each as bright as its number; targets are their negatives."""

    def __init__(self, paired: bool = False, channels: int = 3) -> None:
        self.paired, self.channels = paired, channels

    def __len__(self) -> int:
        return 8

    def files(self) -> list[Path]:
        return []

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        image = torch.zeros(3, 8, 8)
        image[:, :4] = (index + 1) / 10
        label = torch.eye(2)[index % 2]
        return Sample(image[: self.channels], 1 - image, {"label": label})


class Network(nn.Module):
    """Applies a change that has one weight, 1."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.register_buffer("calls", torch.zeros(()))
        self.change = change

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        self.get_buffer("calls").add_(1)
        return self.change(self.weight * images, label.view(-1, 2, 1, 1))


class Labelled(Translator):
    traits = Traits(conditions={"label": Condition("", torch.tensor)})

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return self.generator(images, conditions["label"])


class Family:
    def translator(self, config: Any, generator: nn.Module) -> Translator:
        return Labelled(generator)


class Judged(Trainer):
    """Whose discriminator is right about three of four real and half of the generated logits."""

    def __init__(self, network: nn.Module, weight: float = 0.5) -> None:
        self.networks, self.optimizers, self.weight = {"generator": network}, {}, weight

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        return {}

    def generators(self) -> Mapping[str, nn.Module]:
        return {"forward": self.networks["generator"]}

    def examine(self, batch: Batch) -> Mapping[str, Verdict]:
        fake = self.networks["generator"](batch.source, batch.condition["label"])
        torch.rand(())  # as dropout draws
        adversarial = self.weight * fake.sum() if self.weight else None
        return {"forward": Verdict(torch.tensor([3.0, 2, 1, -2]), torch.tensor([-1.0, 1]), adversarial)}


def examined(
    change: Change,
    *,
    paired: bool = False,
    channels: int = 3,
    batch_size: int = 4,
    weight: float = 0.5,
    data: Stripes | None = None,
) -> dict[str, float]:
    network = Network(change)
    trainer = Judged(network, weight)
    network.weight.grad = torch.tensor(1000.0)
    run = Run(Path(), "any", TrainingConfig(batch_size=batch_size), Path())
    examiner = Examiner(run, Family(), trainer, data or Stripes(paired, channels))  # type: ignore[arg-type]
    return dict(examiner.examine({"forward": EMA(network, 0.0)})["forward"])


def keep(images: Tensor, label: Tensor) -> Tensor:
    return images


def test_a_network_that_changes_nothing_has_the_spread_of_its_sources_and_no_change() -> None:
    figures = examined(keep)
    assert figures["sensitivity"] == pytest.approx(1)
    assert figures["diversity"] == pytest.approx(1)
    assert figures["correlation"] == pytest.approx(1)
    assert figures["change"] == 0


def test_a_network_that_makes_one_picture_of_all_has_no_spread() -> None:
    figures = examined(lambda images, label: images * 0 + 0.5)
    assert figures["diversity"] == figures["sensitivity"] == 0


def test_a_network_that_halves_contrast_halves_the_spread() -> None:
    assert examined(lambda images, label: images / 2 + 0.2)["diversity"] == pytest.approx(0.5)


def test_a_negative_correlates_by_minus_one_with_its_source_and_by_one_with_its_truth() -> None:
    figures = examined(lambda images, label: 1 - images)
    assert figures["correlation"] == pytest.approx(-1)
    assert figures["change"] == pytest.approx(1)
    assert examined(lambda images, label: 1 - images, paired=True)["correlation"] == pytest.approx(1)


def test_half_of_the_way_to_the_target_is_a_change_of_a_half() -> None:
    assert examined(lambda images, label: 0.5 * images + 0.5 * (1 - images))["change"] == pytest.approx(0.5)


def test_a_label_that_is_not_heeded_has_no_effect() -> None:
    assert examined(lambda images, label: images + 0.1)["condition_effect"] == 0


def test_the_effect_of_a_label_is_measured_by_the_whole_change() -> None:
    figures = examined(lambda images, label: images + 0.1 + 0.1 * label[:, :1])  # 0.2 for one class, 0.1 for the other
    assert figures["condition_effect"] == pytest.approx(0.1 / 0.15, rel=1e-5)


def test_only_images_whose_label_changes_tell_its_effect() -> None:
    class Sorted(Stripes):
        def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
            return replace(super().sample(index, rng), condition={"label": torch.eye(2)[int(index > 4)]})

    figures = examined(lambda images, label: images + 0.1 + 0.1 * label[:, :1], data=Sorted())
    changes = [0.2, 0.2, 0.2, 0.1, 0.1, 0.1]  # of the six whose other half has the other label
    assert figures["condition_effect"] == pytest.approx(0.1 / (sum(changes) / 6), rel=1e-5)


def test_a_grey_source_is_compared_in_every_channel() -> None:
    assert examined(lambda images, label: images.expand(-1, 3, -1, -1), channels=1)["change"] == 0


def test_the_discriminator_is_right_about_what_lies_on_its_side_of_the_boundary() -> None:
    figures = examined(keep)
    assert figures["accuracy"] == pytest.approx((0.75 + 0.5) / 2)
    assert figures["gap"] == pytest.approx(1)


def test_the_share_of_the_adversary_is_that_of_the_last_steps_gradient() -> None:
    figures = examined(keep, batch_size=8)
    sums = sum(3 * 32 * (index + 1) / 10 for index in range(8))
    assert figures["adversarial_gradient"] == pytest.approx(0.5 * sums)
    assert figures["adversarial_share"] == pytest.approx(0.5 * sums / 1000)


def test_without_adversary_there_is_no_share() -> None:
    assert not {"adversarial_share", "adversarial_gradient"} & set(examined(keep, weight=0))


@pytest.mark.parametrize("batch_size", [1, 3, 8, 100])
def test_the_batch_size_does_not_change_what_is_found(batch_size: int) -> None:
    figures = examined(keep, batch_size=batch_size)
    assert (figures["sensitivity"], figures["change"]) == (pytest.approx(1), 0)


def test_looking_leaves_random_numbers_gradients_and_buffers_as_they_were() -> None:
    network = Network(keep)
    network.weight.grad = torch.tensor(7.0)
    run = Run(Path(), "any", TrainingConfig(batch_size=4), Path())
    examiner = Examiner(run, Family(), Judged(network), Stripes())  # type: ignore[arg-type]
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first = examiner.examine({"forward": EMA(network, 0.0)})
    assert torch.equal(torch.rand(3), expected)
    assert network.weight.grad == 7
    assert network.get_buffer("calls") == 0
    assert examiner.examine({"forward": EMA(network, 0.0)}) == first


def test_the_same_crops_are_looked_at_in_every_look_and_after_a_resume() -> None:
    seen: list[list[float]] = []

    class Noting(Stripes):
        def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
            assert rng is not None
            seen[-1].append(float(rng.random()))
            return replace(super().sample(index, rng), name=str(index))

    for _ in range(2):
        seen.append([])
        network = Network(keep)
        run = Run(Path(), "any", TrainingConfig(batch_size=4), Path())
        examiner = Examiner(run, Family(), Judged(network), Noting())  # type: ignore[arg-type]
        for _ in range(3):
            examiner.examine({"forward": EMA(network, 0.0)})
    assert len(seen[0]) == IMAGES
    assert seen[0] == seen[1]
