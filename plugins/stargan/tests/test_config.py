"""The options, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from img2img_stargan.config import StarGANConfig, StarGANTraining
from img2img_stargan.family import StarGAN

import img2img
from img2img.errors import ConfigError, DataError

TWO = {"classes": ["a", "b"]}

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "option 'classes': give two or more, not 0"),
    ({"classes": ["a"]}, "option 'classes': give two or more, not 1"),
    ({"classes": ["a", "b", "a"]}, "option 'classes': a name stands twice"),
    ({"classes": ["a", ""]}, "option 'classes.1'"),
    ({"classes": [str(number) for number in range(1001)]}, "option 'classes'"),
    ({**TWO, "crop": 100}, "crop=100 must be a multiple of 64 with discriminator_layers=6"),
    ({**TWO, "crop": 18, "discriminator_layers": 1}, "crop=18 must be a multiple of 4 with discriminator_layers=1"),
    ({**TWO, "crop": 32}, "crop=32 must be a multiple of 64"),
    ({**TWO, "width": 100_000}, "option 'width'.*less than or equal to 256"),
    ({**TWO, "blocks": 1_000_000}, "option 'blocks'"),
    ({**TWO, "objective": "least squares"}, "option 'objective'"),
    ({**TWO, "critic_steps": 0}, "option 'critic_steps'"),
    ({**TWO, "class": ["a", "b"]}, "unknown option 'class'; did you mean 'classes'?"),
]


@pytest.mark.parametrize(("options", "complaint"), REFUSED, ids=lambda value: str(value)[:60])
def test_an_option_that_cannot_work_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        StarGANTraining.parse(options)


def test_both_phases_of_the_schedule_make_up_the_training() -> None:
    assert StarGANTraining.parse({**TWO, "constant_steps": 7, "decay_steps": 5}).total_steps == 12


def test_a_config_survives_its_json_and_a_model_file_keeps_the_classes() -> None:
    config = StarGANTraining.parse({**TWO, "width": 8, "upsampling": "transposed"})
    assert StarGANTraining.parse_json(config.model_dump_json()) == config
    kept = config.part(StarGANConfig).model_dump()
    assert kept == {"classes": ("a", "b"), "width": 8, "blocks": 6, "upsampling": "transposed", "residual": False}


@pytest.mark.parametrize("given", [{}, {"classes": []}], ids=["none", "empty"])
def test_the_folders_of_the_data_are_the_classes(given: dict[str, Any], family: StarGAN, pictures: Path) -> None:
    assert family.configure({**given, "width": 8}, pictures).classes == ("autumn", "summer", "winter")


def test_classes_that_are_given_stand(family: StarGAN, pictures: Path) -> None:
    assert family.configure({"classes": ["winter", "autumn"]}, pictures).classes == ("winter", "autumn")


def test_data_of_one_class_are_refused_with_the_layout(family: StarGAN, pictures: Path) -> None:
    with pytest.raises(DataError, match="two or more classes are needed"):
        family.configure({}, pictures / "winter")


def test_the_family_is_installed_under_its_name() -> None:
    family = img2img.PluginHost.discover().family("stargan")
    assert family.name == "stargan"
    assert family.training_class is StarGANTraining
