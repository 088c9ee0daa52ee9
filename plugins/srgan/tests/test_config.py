"""The options, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from img2img_srgan.config import SRGANTraining
from pydantic import ValidationError

import img2img
from img2img.errors import ConfigError

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"crop": 94}, "crop=94 must be a multiple of scale=4"),
    ({"scale": 3, "crop": 64}, "crop=64 must be a multiple of scale=3"),
    ({"scale": 5}, "option 'scale'"),
    ({"scale": 8}, "scale=8 is for the use of foreign checkpoints"),
    ({"channels": 1}, "are for the use of foreign checkpoints"),
    ({"channels": 4, "generator": "srresnet"}, "generator=srresnet takes RGB"),
    ({"scale": 1}, "scale=1 is none of generator=msrresnet"),
    ({"scale": 3, "generator": "rrdb"}, "scale=3 is none of generator=rrdb"),
    ({"scale": 1, "generator": "rrdb"}, "scale=1 leaves nothing to learn"),
    ({"scale": 2, "crop": 66, "generator": "rrdb"}, "crop=66 must be a multiple of 4"),
    ({"crop": 8}, "option 'crop'.*greater than or equal to 16"),
    ({"width": 100_000}, "option 'width'.*less than or equal to 512"),
    ({"depth": 0}, "option 'depth'"),
    ({"depth": 1_000_000}, "option 'depth'"),
    ({"generator": "unet"}, "option 'generator'.*'compact' or 'fast'"),
    ({"pretrain_lr": 0}, "option 'pretrain_lr'"),
    ({"objective": "wgan"}, "BatchNorm mixes.*; give one of 'vanilla', 'lsgan', 'hinge', 'relativistic'"),
    ({"gan_lr": float("nan")}, "option 'gan_lr'"),
    ({"pretrain_steps": -1}, "option 'pretrain_steps'"),
    ({"with": 32}, "unknown option 'with'; did you mean 'width'?"),
    ({"pretrain_step": 1}, "unknown option 'pretrain_step'; did you mean 'pretrain_steps'?"),
    ({"crop": 16, "batch_size": 1}, "crop=16 with batch_size=1.*BatchNorm"),
]


@pytest.mark.parametrize(("options", "complaint"), REFUSED, ids=str)
def test_an_option_that_cannot_work_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        SRGANTraining.parse(options)


def test_a_crop_of_16_needs_no_second_image_where_nothing_is_judged() -> None:
    assert SRGANTraining.parse({"crop": 16, "batch_size": 1, "gan_steps": 0}).crop == 16


def test_both_stages_make_up_the_training() -> None:
    assert SRGANTraining.parse({"pretrain_steps": 7, "gan_steps": 5}).total_steps == 12


def test_a_config_cannot_be_changed() -> None:
    config = SRGANTraining()
    with pytest.raises(ValidationError, match="frozen"):
        config.width = 32  # type: ignore[misc]


def test_a_config_survives_its_json() -> None:
    config = SRGANTraining.parse({"scale": 3, "crop": 48, "vgg_layer": "relu5_4"})
    assert SRGANTraining.parse_json(config.model_dump_json()) == config


def test_the_family_is_installed_under_its_name() -> None:
    family = img2img.PluginHost.discover(strict=True).family("srgan")
    assert family.name == "srgan"
    assert family.training_class is SRGANTraining
