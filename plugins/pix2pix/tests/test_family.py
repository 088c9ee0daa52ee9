"""What the family declares, and that a model does at use what its options say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from img2img_pix2pix.config import Pix2PixConfig, Pix2PixTraining
from img2img_pix2pix.family import Pix2Pix
from img2img_pix2pix.spaces import is_hole
from torch import Tensor, nn

import img2img
from img2img.nn.resnet import ResNetGenerator
from img2img.nn.sizes import translate_any_size
from img2img.nn.unet import UNetGenerator

MODES: list[dict[str, Any]] = [
    {"norm": "instance", "depth": 3},
    {"norm": "batch", "depth": 3},
    {"norm": "batch", "depth": 3, "test_statistics": "image"},
    {"norm": "batch", "depth": 6, "dropout": 0.5, "test_statistics": "image", "test_dropout": True},
]


def built(family: Pix2Pix, **options: Any) -> tuple[nn.Module, img2img.Translator]:
    config = Pix2PixConfig.parse({"width": 4, "depth": 3, "blocks": 1} | options)
    generator = family.build_generator(config)
    for module in generator.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, 0.2)
    return generator, family.translator(config, generator.eval())


def test_importing_the_family_imports_no_torch() -> None:
    program = "import sys, img2img_pix2pix.family as f; f.Pix2Pix().training_class; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("options", "sizes"),
    [({"depth": 3}, (8, 8)), ({"depth": 8}, (256, 256)), ({"generator": "resnet"}, (4, 16))],
    ids=str,
)
def test_the_translator_says_which_sizes_it_takes_and_is_never_cut_into_tiles(
    options: dict[str, Any], sizes: tuple[int, int], family: Pix2Pix
) -> None:
    _, translator = built(family, **options)
    assert (translator.traits.multiple_of, translator.traits.minimum_size) == sizes
    assert (translator.traits.tiling, translator.traits.scale) == ("never", 1)


@pytest.mark.parametrize(("task", "channels"), [("pairs", 3), ("colorize", 1), ("edges", 1), ("inpaint", 3)])
@pytest.mark.parametrize("generator", ["unet", "resnet"])
def test_every_task_takes_any_size_and_returns_colour(
    task: str, channels: int, generator: str, family: Pix2Pix
) -> None:
    _, translator = built(family, task=task, generator=generator)
    assert (translator.traits.channels_in, translator.traits.channels_out) == (channels, 3)
    for height, width in ((1, 1), (9, 21), (32, 16)):
        result = translate_any_size(translator, torch.rand(2, channels, height, width))
        assert result.shape == (2, 3, height, width)
        assert 0 <= result.min() <= result.max() <= 1


def test_the_generators_are_the_plain_ones_so_that_public_weights_fit(family: Pix2Pix) -> None:
    paper = Pix2PixConfig.parse({"width": 4, "norm": "batch", "dropout": 0.5, "test_statistics": "image"})
    assert family.build_generator(paper).state_dict().keys() == UNetGenerator(width=4, norm="batch").state_dict().keys()
    resnet = Pix2PixConfig.parse({"generator": "resnet", "width": 4, "upsampling": "transposed"})
    assert family.build_generator(resnet).state_dict().keys() == ResNetGenerator(width=4).state_dict().keys()


@pytest.mark.parametrize("options", MODES, ids=str)
@torch.no_grad()
def test_at_use_a_trained_model_is_deterministic_and_images_do_not_meet(
    options: dict[str, Any], family: Pix2Pix
) -> None:
    generator, translator = built(family, **options)
    generator.train()(torch.rand(4, 3, 64, 64) * 2 - 1)  # running averages that are no image's own
    generator.eval().double()
    images = torch.rand(3, 3, 64, 64, dtype=torch.float64)
    together = translator(images)
    assert torch.equal(translator(images), together)
    for index in range(3):
        torch.testing.assert_close(translator(images[index : index + 1]), together[index : index + 1])


@torch.no_grad()
def test_statistics_and_dropout_at_use_are_as_the_options_say(family: Pix2Pix) -> None:
    image, results = torch.rand(1, 3, 64, 64), []
    weights: dict[str, Tensor] = {}
    for statistics in ("running", "image"):
        for test_dropout in (False, True):
            options = {"norm": "batch", "depth": 6, "dropout": 0.5, "test_statistics": statistics}
            generator, translator = built(family, **options, test_dropout=test_dropout)
            weights = weights or generator.state_dict()
            generator.load_state_dict(weights)
            results.append(translator(image))
    for index, one in enumerate(results):
        assert all((one - other).abs().mean() > 1e-3 for other in results[index + 1 :])


@pytest.mark.parametrize(("task", "channels"), [("colorize", 1), ("edges", 1), ("inpaint", 3)])
def test_the_sources_of_the_tasks_are_made_of_photos(
    task: str, channels: int, family: Pix2Pix, photos: Path, options: dict[str, Any]
) -> None:
    config = Pix2PixTraining.parse(options | {"task": task})
    sample = family.dataset(photos, config, "train").sample(0, np.random.default_rng(0))
    assert (sample.source.shape, sample.target.shape) == ((channels, 32, 32), (3, 32, 32))
    if task == "inpaint":
        assert 0 < is_hole(sample.source[None]).float().mean() < 1
    if task == "edges":
        assert set(sample.source.unique().tolist()) <= {0, 1}
    held_out = family.dataset(photos, config, "validation").sample(0, None)
    assert held_out.source.shape == (channels, 40, 44)


def test_pairs_are_read_from_the_data_and_can_be_reversed(
    family: Pix2Pix, pairs: Path, options: dict[str, Any]
) -> None:
    def first(**more: Any) -> img2img.Sample:
        return family.dataset(pairs, Pix2PixTraining.parse(options | more), "validation").sample(0, None)

    there, back = first(), first(reverse=True)
    torch.testing.assert_close(there.source, 1 - there.target, atol=1e-6, rtol=0)
    assert torch.equal(there.source, back.target)
    assert torch.equal(there.target, back.source)
