"""Pictures in files, networks whose answers are known, and models and families made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle

from img2img import (
    Condition,
    Model,
    ModelConfig,
    ModelFamily,
    PluginHost,
    Traits,
    Translator,
    hookimpl,
)
from img2img.host.declarations import Plugin
from img2img.inference.device import Compute, Device
from img2img.inference.executor import Executor
from img2img.models.file import ModelInfo, save_model
from img2img.translation.conditions import Conditions
from img2img.translation.job import translate
from img2img.translation.options import Output
from img2img.translation.pipeline import Pipeline, Settings
from img2img.translation.report import Item, Report

from . import marks
from .drawers import drawer, job  # noqa: F401 - fixtures of tests in this folder


class Enlarge(nn.Module):
    """1 - images, each pixel `scale` times; the very same bits whatever the batch, so that files can be compared."""

    def __init__(self, scale: float = 2) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, images: Tensor) -> Tensor:
        return interpolate(1 - images, scale_factor=self.scale, mode="nearest")


class Convolve(nn.Module):
    """Looks 3 pixels far (`halo`), as real networks do: convolutions with zeros around, and pixel shuffle."""

    halo = 3

    def __init__(self, scale: int = 1, channels: int = 3) -> None:
        super().__init__()
        torch.manual_seed(scale)
        self.scale = scale
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 3 * scale**2, 3, padding=1)
        )

    def forward(self, images: Tensor) -> Tensor:
        return pixel_shuffle(self.layers(images), self.scale).sigmoid()


class Coarse(nn.Module):
    """A network on blocks of 4×4 pixels, which takes no other size, and none below 16."""

    halo = 8

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Conv2d(48, 48, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        assert all(size >= 16 and size % 4 == 0 for size in images.shape[2:])
        return pixel_shuffle(self.layers(pixel_unshuffle(images, 4)), 4).sigmoid()


class Plain(Translator):
    """Gives the network the conditions too."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return self.generator(images, **conditions)


class TinterConfig(ModelConfig):
    gain: float = Field(1.0, ge=0)


class Gain(nn.Module):
    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, images: Tensor) -> Tensor:
        return images * self.gain


class TinterTranslator(Translator):
    """Adds `tint` (three numbers, required) times `strength` (one, 1 if not given) to each pixel."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        assert all(len(value) == len(images) for value in conditions.values())
        strength = conditions.get("strength", torch.ones(len(images)))
        return self.generator(images) + (conditions["tint"] * strength[:, None])[:, :, None, None]


class Tinter(ModelFamily[TinterConfig, Any]):
    name, summary = "tinter", "tints"
    config_class = TinterConfig
    training_class = dataset = trainer = None

    def build_generator(self, config: TinterConfig) -> nn.Module:
        return Gain(config.gain)

    def translator(self, config: TinterConfig, generator: nn.Module) -> Translator:
        def colour(text: str) -> Tensor:
            if text not in ("red", "green", "blue"):
                raise ValueError("choose red, green or blue")
            return torch.eye(3)[("red", "green", "blue").index(text)] / 5

        conditions = {
            "tint": Condition("which colour", colour, required=True),
            "strength": Condition("how much of it", lambda text: torch.tensor(float(text))),
        }
        return TinterTranslator(generator, Traits(tiling="exact", conditions=conditions))


class TinterPlugin:
    @hookimpl
    def register_models(self, register: Callable[[Any], None]) -> None:
        register(Tinter())


class Make:
    """What tests are made of."""

    Enlarge, Convolve, Coarse = Enlarge, Convolve, Coarse

    @staticmethod
    def picture(height: int = 12, width: int = 16, channels: int = 3, dtype: type = np.uint8, seed: int = 0) -> Any:
        """Noise, (H, W, C)."""
        limit = np.iinfo(dtype).max
        return np.random.default_rng(seed).integers(0, limit, (height, width, channels), dtype, endpoint=True)

    @staticmethod
    def save(path: Path, pixels: Any) -> Path:
        """An image file, not by our own encoder; grey and alpha together only with 8 bits."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if pixels.shape[2] == 2:
            Image.fromarray(pixels, "LA" if pixels.dtype == np.uint8 else None).save(path)
            return path
        order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[pixels.shape[2]]
        path.write_bytes(cv2.imencode(path.suffix, np.ascontiguousarray(pixels[..., order]))[1])
        return path

    @staticmethod
    def load(path: Path) -> Any:
        """(H, W, C), not by our own decoder."""
        pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        return pixels[..., None] if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]

    @staticmethod
    def folder(path: Path, count: int = 3, height: int = 12, width: int = 16) -> Path:
        """A folder of pictures 0.png, 1.png, …, the third and each sixth in a folder below."""
        for number in range(count):
            below = path / "below" if number % 6 == 2 else path
            Make.save(below / f"{number}.png", Make.picture(height, width, seed=number))
        return path

    @staticmethod
    def tree(folder: Path) -> dict[str, bytes]:
        """Every file but the journal's, by name."""
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".img2img" not in path.parts
        }

    @staticmethod
    def translator(network: Callable[..., Tensor], **traits: Any) -> Translator:
        defaults = {"scale": getattr(network, "scale", 1), "halo": getattr(network, "halo", 0), "tiling": "exact"}
        return Plain(network, Traits(**{**defaults, **traits}))

    @staticmethod
    def model(translator: Translator, **info: Any) -> Model:
        """A loaded model without a file."""
        about = {
            "path": Path("test.safetensors"),
            "sha256": "0" * 64,
            "family": "test",
            "step": 0,
            "shapes": {},
            **info,
        }
        others = {name: "" for name in ModelInfo.__annotations__ if name not in about}
        return Model(ModelInfo(**about, **others), translator, Device())

    @staticmethod
    def tinter(path: Path, **options: Any) -> Path:
        """A model file of the family `tinter`."""
        config = TinterConfig.parse(options)
        save_model(path, Gain(config.gain), config, family="tinter")
        return path


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make


@pytest.fixture
def tinted_host(host: PluginHost) -> PluginHost:
    """The installed plugins, and one with the family `tinter`."""
    host.register(TinterPlugin(), Plugin("tinter", "img2img-tinter", "1"))
    return host


@pytest.fixture
def marked_host(host: PluginHost) -> PluginHost:
    """The installed plugins, and one with the filters of `marks`."""
    host.register(marks, Plugin("marks", "img2img-marks", "1"))
    return host


@pytest.fixture
def enlarger(make: type[Make]) -> Model:
    """A model that inverts and doubles, exactly."""
    return make.model(make.translator(Enlarge(2), keeps_colour=True))


@pytest.fixture
def conditions() -> Mapping[str, Any]:
    return {"tint": "red", "strength": "0.5"}


@pytest.fixture
def run(tmp_path: Path, make: Any) -> Callable[..., list[Item]]:
    """Carry pictures of sizes (height, width[, channels[, dtype]]) through a network; later names sort later."""

    def run(
        network: Callable[..., Tensor],
        sizes: Sequence[tuple[Any, ...]],
        *,
        stop: Callable[[], bool] = lambda: False,
        on_items_done: Callable[[Sequence[Item]], None] = lambda items: None,
        items: list[Item] | None = None,
        codecs: int = 2,
        workers: int = 1,
        tile: int | None = 0,
        **options: Any,
    ) -> list[Item]:
        items = [] if items is None else items
        (tmp_path / "out").mkdir(exist_ok=True)
        for number, size in enumerate(sizes):
            source = make.save(tmp_path / "in" / f"{number:03}.png", make.picture(*size))
            items.append(Item(source, tmp_path / "out" / source.name))
        translator = make.translator(network)
        executor = Executor(translator, Device(), tile, workers, **options)
        Pipeline(executor, Settings(Conditions(), Output(), Compute(), codecs), None, on_items_done, stop).run(items)
        return items

    return run


@pytest.fixture
def photos(tmp_path: Path, make: Any) -> Path:
    return make.folder(tmp_path / "in", 7)


@pytest.fixture
def again(photos: Path, tmp_path: Path, enlarger: Model, host: PluginHost) -> Callable[..., Report]:
    """Translate `photos` into `out`; with options, those of `Output` and `Compute` among them, otherwise."""

    def again(**options: Any) -> Report:
        output, compute = (
            {name: options.pop(name) for name in [*options] if name in kind.__dataclass_fields__}
            for kind in (Output, Compute)
        )
        options = {"model": enlarger, "output": Output(**output), "compute": Compute(**compute), **options}
        return translate(photos, tmp_path / "out", host=host, **options)

    return again
