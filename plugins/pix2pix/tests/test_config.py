"""The options, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from img2img_pix2pix.config import Pix2PixConfig, Pix2PixTraining

import img2img
from img2img.errors import ConfigError

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"crop": 128}, "crop=128 must be a multiple of 256, or lower depth"),
    ({"depth": 5, "crop": 48}, "crop=48 must be a multiple of 32, or lower depth"),
    ({"generator": "resnet", "crop": 30}, "crop=30 must be a multiple of 4$"),
    ({"depth": 4, "crop": 16}, "crop=16 is too small for discriminator_layers=3: give at least 32"),
    ({"generator": "resnet", "dropout": 0.5}, "generator=resnet has neither dropout nor test_statistics=image"),
    ({"generator": "resnet", "test_statistics": "image"}, "generator=resnet has neither dropout"),
    ({"depth": 1}, "option 'depth'"),
    ({"depth": 11}, "option 'depth'"),
    ({"width": 100_000}, "option 'width'.*less than or equal to 256"),
    ({"dropout": 1}, "option 'dropout'"),
    (
        {"objective": "wgan"},
        "option 'objective': pix2pix has no.*penalty; give one of 'vanilla', 'lsgan', 'hinge', 'relativistic'",
    ),
    ({"task": "colourize"}, "option 'task'.*'colorize'"),
    ({"lr": 0}, "option 'lr'"),
    ({"l1": 100}, "unknown option 'l1'"),
    ({"test_dropouts": True}, "unknown option 'test_dropouts'; did you mean 'test_dropout'?"),
]


@pytest.mark.parametrize(("options", "complaint"), REFUSED, ids=str)
def test_an_option_that_cannot_work_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Pix2PixTraining.parse(options)


def test_a_discriminator_of_pixels_takes_any_crop() -> None:
    assert Pix2PixTraining.parse({"depth": 4, "crop": 16, "discriminator": "pixel"}).crop == 16


def test_both_parts_of_the_schedule_make_up_the_training() -> None:
    assert Pix2PixTraining.parse({"constant_steps": 7, "decay_steps": 5}).total_steps == 12


def test_a_model_file_holds_what_its_use_depends_on_and_nothing_of_the_training() -> None:
    options = {"task": "inpaint", "norm": "batch", "dropout": 0.5, "test_statistics": "image", "test_dropout": True}
    config = Pix2PixTraining.parse(options | {"lr": 1e-3}).part(Pix2PixConfig)
    assert config == Pix2PixConfig.parse(options)
    assert Pix2PixConfig.parse_json(config.model_dump_json()) == config


def test_the_family_is_installed_under_its_name() -> None:
    family = img2img.PluginHost.discover(strict=True).family("pix2pix")
    assert family.name == "pix2pix"
    assert family.training_class is Pix2PixTraining
