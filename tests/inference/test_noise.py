"""Models that make pictures of noise: from Python, and where there are only pictures to translate."""

from __future__ import annotations

from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import img2img
from img2img.errors import TranslationError, UsageError
from img2img.evaluation.evaluate import Known, evaluate
from img2img.live.live import live
from img2img.models.file import save_model
from img2img.nn.sizes import translate_any_size
from img2img.testing.family import host_of

NOISE = img2img.Noise((5,), height=7, width=9)


class Painter(img2img.Translator):
    def __call__(self, images: Tensor, colour: Tensor) -> Tensor:
        pictures = self.generator(images).unflatten(1, (3, NOISE.height, NOISE.width))
        return pictures.sigmoid() / 4 + 0.75 * nn.functional.one_hot(colour, 3)[..., None, None]


class Paint(img2img.ModelFamily[img2img.ModelConfig, Any]):
    name, summary, config_class = "paint", "paints noise", img2img.ModelConfig

    def build_generator(self, config: img2img.ModelConfig) -> nn.Module:
        return nn.Linear(5, 3 * NOISE.height * NOISE.width)

    def translator(self, config: img2img.ModelConfig, generator: nn.Module) -> img2img.Translator:
        colour = img2img.Condition("the colour", choices=("red", "green", "blue"), required=True)
        return Painter(generator, img2img.Traits(source=NOISE, keeps_colour=True, conditions={"colour": colour}))


@pytest.fixture
def model(tmp_path: Path) -> img2img.Model:
    torch.manual_seed(0)
    path, config = tmp_path / "paint.safetensors", img2img.ModelConfig()
    save_model(path, Paint().build_generator(config), config, family="paint")
    return img2img.load_model(path, device="cpu", precision="fp32", host=host_of(Paint()))


def test_a_row_of_noise_depends_on_its_seed_alone() -> None:
    rows = img2img.Noise((2, 3), 8, 8).draw([4, 9, 4])
    assert (rows.shape, rows.dtype) == ((3, 2, 3), torch.float32)
    assert torch.equal(rows[0], rows[2])
    assert not torch.equal(rows[0], rows[1])
    assert torch.equal(rows[1:2], img2img.Noise((2, 3), 8, 8).draw([9]))


def test_noise_and_a_label_become_pictures_in_0_to_1(model: img2img.Model) -> None:
    pictures = model(model.traits.source.draw([1, 2]), colour="blue")
    assert pictures.shape == (2, 3, 7, 9)
    assert 0 <= float(pictures.min()) < float(pictures.max()) <= 1
    assert (pictures.mean((2, 3)).argmax(1) == 2).all()


def test_the_same_seed_gives_the_same_picture_alone_and_among_others(model: img2img.Model) -> None:
    draw = model.traits.source.draw
    together = model(draw([1, 2, 3]), colour="red")
    alone = torch.cat([model(draw([seed]), colour="red") for seed in (1, 2, 3)])
    assert torch.allclose(together, alone, atol=1e-6)
    assert not torch.allclose(together[0], together[1])


@pytest.mark.parametrize(
    "picture",
    [np.zeros((7, 9, 3), np.uint8), torch.rand(1, 3, 7, 9), torch.rand(5), torch.rand(2, 6), torch.rand(0, 5),
     torch.zeros(1, 5, dtype=torch.int64), "photo.png"],
    ids=["array", "picture", "row", "too long", "none", "integers", "path"],
)  # fmt: skip
def test_what_is_no_such_noise_is_refused_with_how_noise_is_drawn(picture: Any, model: img2img.Model) -> None:
    with pytest.raises(UsageError, match=r"makes pictures of noise.*\(N, 5\): model\.traits\.source\.draw\(\[1, 2\]\)"):
        model(picture, colour="red")


def test_pictures_of_another_size_than_declared_are_an_error(model: img2img.Model) -> None:
    model.translator.traits = img2img.Traits(source=img2img.Noise((5,), 7, 8), conditions=model.traits.conditions)
    model.executor.traits = model.traits
    with pytest.raises(TranslationError, match=r"returned \(1, 3, 7, 9\).*promise \(1, 3, 7, 8\)"):
        model(NOISE.draw([1]), colour="red")


def test_noise_passes_through_what_pads_pictures(model: img2img.Model) -> None:
    noise = NOISE.draw([5])
    result = translate_any_size(model.translator, noise, colour=torch.tensor([0]))
    assert torch.equal(result.clamp(0, 1), model(noise, colour="red"))


def test_a_job_a_show_and_an_evaluation_refuse_it_and_name_the_way_in_python(
    model: img2img.Model, make: Any, tmp_path: Path
) -> None:
    make.save(tmp_path / "photos" / "a.png", make.picture())
    acts = {
        "job": lambda: img2img.translate(
            tmp_path / "photos", tmp_path / "out", model=model, conditions={"colour": "red"}
        ),
        "show": lambda: live(model, {"colour": "red"}, iter(()), repeat(None), lambda: False),  # type: ignore[arg-type]
        "evaluation": lambda: evaluate(model, tmp_path / "photos", Known(references=tmp_path / "photos")),
    }
    for name, act in acts.items():
        with pytest.raises(UsageError, match=r"model\(model\.traits\.source\.draw\(\[1, 2\]\), colour=…\)"):
            act()
        assert name
    assert not (tmp_path / "out").exists()
