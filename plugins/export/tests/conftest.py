"""One thread, tiny models of the families that are installed, and a stranger's family that cannot be exported."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from img2img_export.exporting import Exported, export
from torch import Tensor, nn

import img2img
from img2img.host.declarations import Plugin
from img2img.media import Image, encode_image, write_file
from img2img.models.file import save_model

TINY: dict[str, dict[str, Any]] = {
    "srgan": {"scale": 2, "width": 4, "depth": 1},
    "cyclegan": {"width": 4, "blocks": 1},
    "pix2pix": {"width": 4, "depth": 4, "task": "colorize"},
    "stargan": {"classes": ["day", "night", "snow"], "width": 4, "blocks": 1},
}


class OddConfig(img2img.ModelConfig):
    network: str = "random"


class Random(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images + torch.rand_like(images)


class Deciding(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images if images.mean() > 0.5 else 1 - images


class OddTranslator(img2img.Translator):
    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return self.generator(images) * conditions.get("strength", torch.ones(1))[0]


class Odd(img2img.ModelFamily[OddConfig, Any]):
    """Networks that nobody can export, and one whose condition has no choices."""

    name, summary = "odd", "odd"
    config_class = OddConfig
    training_class = dataset = trainer = None

    def build_generator(self, config: OddConfig) -> nn.Module:
        return {"random": Random, "deciding": Deciding, "steered": nn.Identity}[config.network]()

    def translator(self, config: OddConfig, generator: nn.Module) -> img2img.Translator:
        strength = img2img.Condition("how much", lambda text: torch.tensor(float(text)), required=True)
        conditions = {"strength": strength} if config.network == "steered" else {}
        return OddTranslator(generator, img2img.Traits(conditions=conditions))


class OddPlugin:
    @img2img.hookimpl
    def register_models(self, register: Callable[[Any], None]) -> None:
        register(Odd())


@pytest.fixture(scope="session")
def host() -> img2img.PluginHost:
    """The installed plugins, and one with the family `odd`."""
    host = img2img.PluginHost.discover()
    host.register(OddPlugin(), Plugin("odd", "img2img-odd", "1"))
    return host


@pytest.fixture(scope="session")
def tiny(host: img2img.PluginHost, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a model file: `tiny("srgan", scale=3)`."""

    def tiny(name: str, **options: Any) -> Path:
        family = host.family(name)
        config = family.config_class.parse({**TINY.get(name, {}), **options})
        path = tmp_path_factory.mktemp(name) / f"{name}.safetensors"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = family.build_generator(config)
        save_model(path, network, config, family=name, license="CC0-1.0", trained_on="nothing")
        return path

    return tiny


@pytest.fixture(scope="session")
def exported(host: img2img.PluginHost, tiny: Callable[..., Path]) -> Callable[[str, str], tuple[Path, Path, Exported]]:
    """A tiny model of a family and its export, `exported("srgan", ".onnx")`: both paths, and what was found."""
    made: dict[tuple[str, str], tuple[Path, Path, Exported]] = {}

    def exported(family: str, suffix: str) -> tuple[Path, Path, Exported]:
        if (family, suffix) not in made:
            model = tiny(family)
            target = model.with_suffix(suffix)
            made[family, suffix] = model, target, export(str(model), target, {}, host)
        return made[family, suffix]

    return exported


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of noise: two pictures of one size, one of another, one of 16 bits."""
    for index, (height, width, depth) in enumerate([(21, 34, 8), (21, 34, 8), (40, 17, 8), (19, 23, 16)]):
        kind = np.uint8 if depth == 8 else np.uint16
        pixels = np.random.default_rng(index).integers(0, 2**depth, (height, width, 3), kind)
        path = tmp_path / "pictures" / f"{index}.png"
        path.parent.mkdir(exist_ok=True)
        write_file(path, encode_image(Image(pixels), ".png", None).data)
    return tmp_path / "pictures"


@pytest.fixture(autouse=True)
def _threads_are_left_as_they_were() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    assert torch.get_num_threads() == before
