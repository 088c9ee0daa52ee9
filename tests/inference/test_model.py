"""A loaded model, and what it says to images and conditions that do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from img2img import Condition, PluginHost, load_model
from img2img.errors import ModelFileError, PluginError, TranslationError, UsageError


def test_a_model_is_loaded_by_path_and_by_name(
    tiny_model: Path, host: PluginHost, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    monkeypatch.setenv("IMG2IMG_MODELS", str(tiny_model.parent))
    image = make.picture()
    results = [load_model(model, device="cpu", host=host)(image) for model in (tiny_model, str(tiny_model), "tiny")]
    assert results[0].shape == (24, 32, 3)
    assert all((result == results[0]).all() for result in results)


def test_a_model_that_is_not_there_is_an_error_with_a_near_name(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMG2IMG_MODELS", str(tiny_model.parent))
    with pytest.raises(ModelFileError, match=r"there is no model 'tini'.* did you mean 'tiny'\?.*named models: .*tiny"):
        load_model("tini")


@pytest.mark.parametrize("name", ["x" * 5000, "", ".", "a\nb", "tiny.safetensors/x"])
def test_a_name_that_can_be_no_model_is_an_error_like_any_other(name: str) -> None:
    with pytest.raises(ModelFileError, match="there is no model"):
        load_model(name)


def test_a_family_that_is_not_installed_is_named(make: Any, tmp_path: Path, host: PluginHost) -> None:
    with pytest.raises(PluginError, match="no plugin provides the family 'tinter'"):
        load_model(make.tinter(tmp_path / "tinter.safetensors"), host=host)


@pytest.mark.parametrize(("option", "value"), [("device", "nonesuch"), ("precision", "fp8"), ("tile", 3)])
def test_options_that_cannot_be_are_refused(option: str, value: Any, tiny_model: Path, host: PluginHost) -> None:
    with pytest.raises(UsageError):
        load_model(tiny_model, host=host, **{option: value})


def test_the_gradient_is_off_and_the_network_does_not_train(tiny_model: Path, host: PluginHost) -> None:
    generator = load_model(tiny_model, host=host).translator.generator
    assert not generator.training
    assert not any(parameter.requires_grad for parameter in generator.parameters())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(12, 16), (12, 16, 1), (12, 16, 2), (12, 16, 3), (12, 16, 4), (1, 1), (1, 17, 3)])
def test_what_comes_back_is_of_the_kind_that_went_in(shape: tuple[int, ...], dtype: type, enlarger: Any) -> None:
    image = np.full(shape, 7, dtype)
    result = enlarger(image)
    assert (result.shape, result.dtype) == ((2 * shape[0], 2 * shape[1], *shape[2:]), dtype)
    assert (image == 7).all()


def test_an_image_need_be_neither_contiguous_nor_writable(enlarger: Any, make: Any) -> None:
    image = make.picture(24, 32)[::2, ::-2, ::-1]
    frozen = image.copy()
    frozen.flags.writeable = False
    assert (enlarger(image) == enlarger(frozen)).all()


@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_tensors_come_back_as_tensors_of_their_type(kind: torch.dtype, enlarger: Any) -> None:
    images = torch.rand(3, 3, 12, 16).to(kind)
    before = images.clone()
    result = enlarger(images)
    assert (result.shape, result.dtype) == ((3, 3, 24, 32), kind)
    assert torch.equal(images, before)
    assert torch.allclose(result[..., ::2, ::2], 1 - images, atol=0.01)


def test_tensors_of_any_size_are_padded_and_cropped_and_clipped(make: Any) -> None:
    model = make.model(make.translator(lambda images: images * 3 - 1, multiple_of=8, minimum_size=32))
    result = model(torch.linspace(0, 1, 21).expand(1, 3, 1, 21))
    assert result.shape == (1, 3, 1, 21)
    assert (result.min(), result.max()) == (0, 1)


def test_a_tensor_that_becomes_no_number_is_an_error(make: Any) -> None:
    with pytest.raises(TranslationError, match="NaN"):
        make.model(make.translator(lambda images: images / 0))(torch.zeros(1, 3, 8, 8))


def test_an_array_and_a_tensor_of_one_image_give_the_same(make: Any) -> None:
    model = make.model(make.translator(make.Convolve(2)))
    image = make.picture()
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    assert np.abs(model(image) / 255 - model(tensor)[0].permute(1, 2, 0).numpy()).max() < 0.51 / 255


@pytest.mark.parametrize(
    ("image", "got"),
    [
        (np.zeros((8, 8, 3)), "float64 of shape (8, 8, 3)"),
        (np.zeros((8, 8, 3), bool), "bool of shape"),
        (np.zeros((8, 8, 3), ">u2"), ">u2 of shape"),
        (np.zeros((8, 8, 5), np.uint8), "uint8 of shape (8, 8, 5)"),
        (np.zeros((0, 8, 3), np.uint8), "uint8 of shape (0, 8, 3)"),
        (np.zeros((2, 8, 8, 3), np.uint8), "uint8 of shape (2, 8, 8, 3)"),
        (np.zeros(8, np.uint8), "uint8 of shape (8,)"),
        (torch.zeros(3, 8, 8), "torch.float32 of shape (3, 8, 8)"),
        (torch.zeros(1, 1, 8, 8), "torch.float32 of shape (1, 1, 8, 8)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "torch.uint8 of shape"),
        (torch.zeros(1, 3, 0, 8), "torch.float32 of shape (1, 3, 0, 8)"),
        (Image.new("RGB", (8, 8)), "Image"),
        ("photo.jpg", "str"),
        (None, "NoneType"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_image_is_refused_with_what_it_is(image: Any, got: str, enlarger: Any) -> None:
    with pytest.raises(UsageError, match="an image is a numpy array") as error:
        enlarger(image)
    assert f"not {got}" in str(error.value)


def test_conditions_are_given_as_typed_or_as_tensors(make: Any, tinted_host: PluginHost, tmp_path: Path) -> None:
    model = load_model(make.tinter(tmp_path / "tinter.safetensors"), device="cpu", host=tinted_host)
    black = np.zeros((2, 3, 3), np.uint8)
    assert model(black, tint="red")[0, 0].tolist() == [51, 0, 0]
    assert model(black, tint="blue", strength=2)[0, 0].tolist() == [0, 0, 102]
    assert model(black, tint=torch.tensor([0.0, 0.2, 0.2]), strength="0.5")[0, 0].tolist() == [0, 26, 26]
    many = model(torch.zeros(4, 3, 2, 3), tint="green")
    assert torch.allclose(many, torch.tensor([0, 0.2, 0])[None, :, None, None].expand_as(many))


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({}, "the model needs the condition 'tint': which colour; give -c tint="),
        ({"strength": 1}, "the model needs the condition 'tint'"),
        ({"tint": "mauve"}, "condition tint='mauve': choose red, green or blue"),
        ({"tint": "red", "strength": "very"}, "condition strength='very': could not convert"),
        ({"tint": "red", "hue": 1}, "the model takes no condition 'hue'; it takes tint, strength"),
    ],
    ids=str,
)
def test_conditions_that_are_missing_unknown_or_wrong_are_refused(
    conditions: Mapping[str, Any], message: str, make: Any, tinted_host: PluginHost, tmp_path: Path
) -> None:
    model = load_model(make.tinter(tmp_path / "tinter.safetensors"), host=tinted_host)
    with pytest.raises(UsageError) as error:
        model(np.zeros((2, 3, 3), np.uint8), **conditions)
    assert message in str(error.value)


def test_a_model_without_conditions_says_so(enlarger: Any, make: Any) -> None:
    with pytest.raises(UsageError, match="takes no condition 'label'; it takes none"):
        enlarger(make.picture(), label="winter")


def test_a_plugin_that_stumbles_over_a_condition_is_quoted(make: Any) -> None:
    def look_up(text: str) -> Tensor:
        return {"winter": torch.zeros(1)}[text]

    model = make.model(make.translator(nn.Identity(), conditions={"season": Condition("when", look_up)}))
    with pytest.raises(UsageError, match="condition season='spring': KeyError"):
        model(make.picture(), season="spring")
