"""What the family declares."""

from __future__ import annotations

import itertools
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from img2img_cyclegan.config import CycleGANConfig, CycleGANTraining
from img2img_cyclegan.family import CycleGAN

from img2img.models.skeleton import build_skeleton
from img2img.nn.sizes import translate_any_size

WAYS = list(itertools.product(["strided", "blur"], ["resize", "transposed", "blur"]))


def test_importing_the_family_imports_no_torch() -> None:
    program = "import sys, img2img_cyclegan.family as f; f.CycleGAN().config_class; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(("downsampling", "upsampling"), WAYS)
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (17, 30), (21, 16)], ids=str)
@torch.no_grad()
def test_the_translator_keeps_the_size_of_any_image(
    downsampling: str, upsampling: str, size: tuple[int, int], family: CycleGAN
) -> None:
    config = CycleGANConfig.parse({"width": 4, "blocks": 1, "downsampling": downsampling, "upsampling": upsampling})
    translator = family.translator(config, family.build_generator(config).eval())
    assert translator.traits.scale == 1
    result = translate_any_size(translator, torch.rand(2, 3, *size))
    assert result.shape == (2, 3, *size)
    assert 0 <= result.min() <= result.max() <= 1


def test_no_tile_is_right_as_every_pixel_depends_on_the_whole_image(family: CycleGAN) -> None:
    config = CycleGANConfig(width=4, blocks=1)
    translator = family.translator(config, family.build_generator(config))
    assert translator.traits.tiling == "never"
    images = torch.rand(1, 3, 64, 64)
    changed = images.clone()
    changed[..., 0, 0] = 5
    assert (translator(images) - translator(changed)).abs()[..., 48:, 48:].max() > 0


@pytest.mark.parametrize(("blocks", "expected"), [(9, 11_378_179), (6, 7_837_699)])
@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_the_generator_is_the_papers(blocks: int, expected: int, upsampling: str, family: CycleGAN) -> None:
    config = CycleGANConfig.parse({"blocks": blocks, "upsampling": upsampling})
    generator = build_skeleton(lambda: family.build_generator(config))
    assert sum(parameter.numel() for parameter in generator.parameters()) == expected


def test_each_option_of_the_generator_changes_it(family: CycleGAN) -> None:
    choices = ({}, {"width": 32}, {"blocks": 6}, {"downsampling": "blur"}, {"upsampling": "transposed"})
    configs = [CycleGANConfig.parse(options) for options in choices]
    layers = {str(build_skeleton(partial(family.build_generator, config))) for config in configs}
    assert len(layers) == 5
    assert build_skeleton(lambda: family.build_generator(CycleGANConfig(residual=True))).residual


def test_the_same_seed_builds_the_same_generator(family: CycleGAN) -> None:
    built = []
    for _ in range(2):
        torch.manual_seed(5)
        built.append(family.build_generator(CycleGANConfig(width=4, blocks=1)).state_dict())
    assert all(torch.equal(built[0][name], built[1][name]) for name in built[0])


def test_training_data_are_cropped_as_the_config_says_and_validation_is_whole(family: CycleGAN, pictures: Path) -> None:
    config = CycleGANTraining.parse({"resize": 40, "crop": 32})
    data = family.dataset(pictures, config, "train")
    sample = data.sample(0, np.random.default_rng(0))
    assert (sample.source.shape, sample.target.shape) == ((3, 32, 32), (3, 32, 32))
    held_out = family.dataset(pictures, config, "validation")
    assert (len(data), len(held_out)) == (5, 3)
    assert held_out.sample(2, None).target.shape == (3, 40, 46)


def test_named_folders_are_the_domains(family: CycleGAN, pictures: Path) -> None:
    config = CycleGANTraining.parse({"source": "testB", "target": "trainA", "resize": 0, "crop": 32})
    sample = family.dataset(pictures, config, "train").sample(0, np.random.default_rng(0))
    red_and_blue = [tuple(image.mean((1, 2))[[0, 2]].tolist()) for image in (sample.source, sample.target)]
    assert red_and_blue[0][0] < red_and_blue[0][1]
    assert red_and_blue[1][0] > red_and_blue[1][1]
