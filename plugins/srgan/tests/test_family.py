"""What the family declares."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from img2img_srgan.config import SRGANConfig, SRGANTraining
from img2img_srgan.family import SRGAN

from img2img.media import Image, encode_image, write_file
from img2img.nn.sizes import translate_any_size


def test_importing_the_family_imports_no_torch() -> None:
    program = "import sys, img2img_srgan.family as f; f.SRGAN().config_class; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_translator_takes_any_size_and_gives_scale_times_it(scale: int, family: SRGAN) -> None:
    config = SRGANConfig.parse({"scale": scale, "width": 8, "depth": 1})
    translator = family.translator(config, family.build_generator(config).eval())
    assert translator.traits.scale == scale
    assert (translator.traits.multiple_of, translator.traits.minimum_size) == (1, 1)
    assert translate_any_size(translator, torch.rand(1, 3, 3, 5)).shape == (1, 3, 3 * scale, 5 * scale)


def test_a_tile_with_the_halo_around_it_gives_what_the_whole_image_gives(family: SRGAN) -> None:
    config = SRGANConfig.parse({"scale": 2, "width": 8, "depth": 1})
    translator = family.translator(config, family.build_generator(config).eval())
    assert translator.traits.tiling == "exact"
    halo = translator.traits.halo
    images = torch.rand(1, 3, 8 + 2 * halo, 8 + 2 * halo)
    around = torch.nn.functional.pad(images, (9, 9, 9, 9), mode="reflect")
    whole = translator(around)[..., 2 * (9 + halo) : 2 * (17 + halo), 2 * (9 + halo) : 2 * (17 + halo)]
    tile = translator(images)[..., 2 * halo : 2 * (8 + halo), 2 * halo : 2 * (8 + halo)]
    torch.testing.assert_close(tile, whole, rtol=0, atol=1e-6)


def test_the_same_seed_builds_the_same_generator(family: SRGAN) -> None:
    config = SRGANConfig.parse({"width": 8, "depth": 1})
    built = []
    for _ in range(2):
        torch.manual_seed(5)
        built.append(family.build_generator(config).state_dict())
    assert all(torch.equal(built[0][name], built[1][name]) for name in built[0])


def test_a_generator_is_built_without_memory_on_the_meta_device(family: SRGAN) -> None:
    config = SRGANConfig.parse({"width": 512, "depth": 16})
    with torch.device("meta"):
        generator = family.build_generator(config)
    assert all(parameter.is_meta for parameter in generator.parameters())


def test_the_dataset_is_cropped_as_the_config_says(family: SRGAN, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 50, 3)).astype(np.uint8)
    write_file(tmp_path / "a.png", encode_image(Image(pixels), ".png").data)
    data = family.dataset(tmp_path, SRGANTraining.parse({"scale": 3, "crop": 48}), "train")
    sample = data.sample(0, np.random.default_rng(0))
    assert (sample.source.shape, sample.target.shape) == ((3, 16, 16), (3, 48, 48))
