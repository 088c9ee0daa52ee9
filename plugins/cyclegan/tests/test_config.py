"""The options, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from img2img_cyclegan.config import CycleGANConfig, CycleGANTraining
from pydantic import ValidationError

import img2img
from img2img.errors import ConfigError

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"crop": 16}, "crop=16 is too small for discriminator_layers=3: give at least 32, or fewer layers"),
    ({"crop": 128, "discriminator_layers": 6}, "crop=128 is too small.*at least 256"),
    ({"crop": 254}, "option 'crop'.*multiple of 4"),
    ({"crop": 8}, "option 'crop'.*greater than or equal to 16"),
    ({"width": 100_000}, "option 'width'.*less than or equal to 256"),
    ({"blocks": 0}, "option 'blocks'"),
    ({"blocks": 1_000_000}, "option 'blocks'"),
    ({"upsampling": "pixel_shuffle"}, "option 'upsampling'.*'resize', 'transposed' or 'blur'"),
    (
        {"objective": "wgan-gp"},
        "option 'objective': there is no such game; give one of 'vanilla', 'lsgan', 'hinge', 'wgan'",
    ),
    ({"discriminator": "image"}, "option 'discriminator'.*'patch' or 'pixel'"),
    ({"identity_weight": -0.5}, "option 'identity_weight'"),
    ({"pool": -1}, "option 'pool'"),
    ({"channels_in": 1}, "1 channel are for the use of foreign checkpoints"),
    ({"halvings": 4}, "other halvings than 2 are for the use of foreign checkpoints"),
    ({"channels_out": 4}, "option 'channels_out'"),
    ({"channels_in": 1, "residual": True}, "equally many channels"),
    ({"lr": 0}, "option 'lr'"),
    ({"lr": float("nan")}, "option 'lr'"),
    ({"cycle_wieght": 5}, "unknown option 'cycle_wieght'; did you mean 'cycle_weight'?"),
]


@pytest.mark.parametrize(("options", "complaint"), REFUSED, ids=str)
def test_an_option_that_cannot_work_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        CycleGANTraining.parse(options)


def test_pixels_can_be_judged_in_a_small_crop() -> None:
    assert CycleGANTraining.parse({"crop": 16, "discriminator": "pixel"}).crop == 16


def test_the_training_is_the_constant_steps_and_those_of_the_decay() -> None:
    assert CycleGANTraining.parse({"constant_steps": 7, "decay_steps": 5}).total_steps == 12


def test_the_weights_are_the_authors() -> None:
    config = CycleGANTraining()
    assert (config.cycle_weight, config.identity_weight, config.adversarial_weight) == (10, 0.5, 1)
    assert (config.lr, config.pool, config.batch_size, config.objective) == (2e-4, 50, 1, "lsgan")
    assert (config.resize, config.crop, config.flip) == (286, 256, True)
    assert (config.width, config.blocks, config.discriminator_width, config.discriminator_layers) == (64, 9, 64, 3)


def test_a_model_file_holds_the_options_of_the_generator_alone() -> None:
    config = CycleGANTraining.parse({"width": 8, "downsampling": "blur", "lr": 1e-3}).part(CycleGANConfig)
    assert config == CycleGANConfig(width=8, downsampling="blur")


def test_a_config_cannot_be_changed() -> None:
    config = CycleGANTraining()
    with pytest.raises(ValidationError, match="frozen"):
        config.width = 32  # type: ignore[misc]


def test_a_config_survives_its_json() -> None:
    config = CycleGANTraining.parse({"crop": 64, "objective": "hinge", "source": "horses", "target": "zebras"})
    assert CycleGANTraining.parse_json(config.model_dump_json()) == config


def test_the_family_is_installed_under_its_name() -> None:
    family = img2img.PluginHost.discover(strict=True).family("cyclegan")
    assert family.name == "cyclegan"
    assert family.training_class is CycleGANTraining
