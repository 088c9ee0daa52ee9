"""What `img2img export` makes is the model, with all that it says of itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from img2img_export.exporting import BOUND, Exported, _named, export

import img2img
from img2img.errors import UsageError
from img2img.models.file import save_model
from img2img.nn.sizes import translate_any_size

ROOT = Path(__file__).parents[3]
FAMILIES = ["srgan", "cyclegan", "pix2pix", "stargan"]
KINDS = [".onnx", ".pt2"]
SIZES = [(1, 1, 37), (1, 33, 50), (3, 65, 41), (3, 16, 16)]

Exporter = Callable[[str, str], tuple[Path, Path, Exported]]


def both(paths: tuple[Path, ...], host: img2img.PluginHost) -> list[img2img.Translator]:
    return [img2img.load_model(path, device="cpu", precision="fp32", host=host).translator for path in paths]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_an_exported_model_gives_what_the_model_gives_at_any_size(
    family: str, kind: str, exported: Exporter, host: img2img.PluginHost
) -> None:
    model, other = both(exported(family, kind)[:2], host)
    for count, height, width in SIZES:
        images = torch.rand(count, model.traits.channels_in, height, width, generator=torch.Generator().manual_seed(1))
        given = {"label": torch.eye(3)[:count]} if family == "stargan" else {}
        with torch.inference_mode():
            wanted, found = (translate_any_size(each, images, **given) for each in (model, other))
        assert found.shape == wanted.shape
        assert (found - wanted.clamp(0, 1)).abs().max() < BOUND


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_an_exported_model_declares_what_the_model_declares(
    family: str, kind: str, exported: Exporter, host: img2img.PluginHost
) -> None:
    model, other = both(exported(family, kind)[:2], host)
    assert replace(other.traits, conditions={}) == replace(model.traits, conditions={})
    assert {name: (c.required, c.choices) for name, c in other.traits.conditions.items()} == {
        name: (c.required, c.choices) for name, c in model.traits.conditions.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_tells_where_it_comes_from_and_not_where_it_was_made(
    kind: str, exported: Exporter, host: img2img.PluginHost
) -> None:
    model, target, _ = exported("srgan", kind)
    info, original = (img2img.load_model(path, host=host).info for path in (target, model))
    about = json.loads(info.config)
    assert (info.family, info.scale, info.license, info.trained_on) == (kind[1:], "2", "CC0-1.0", "nothing")
    assert (about["family"], about["sha256"]) == ("srgan", original.sha256)
    assert json.loads(about["config"]) == json.loads(original.config)
    assert str(ROOT).encode() not in target.read_bytes()


def test_an_onnx_file_is_valid_and_its_axes_have_names(exported: Exporter) -> None:
    model = onnx.load(exported("stargan", ".onnx")[1])
    onnx.checker.check_model(model)
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in [*model.graph.input, *model.graph.output]
    }
    images = ["batch", 3, "4*height", "4*width"]
    assert shapes == {"images": images, "label": ["batch", 3], "result": images}


@pytest.mark.parametrize("kind", KINDS)
def test_a_condition_can_be_decided_for_good(
    kind: str, exported: Exporter, host: img2img.PluginHost, tmp_path: Path
) -> None:
    model = exported("stargan", kind)[0]
    export(str(model), tmp_path / f"night{kind}", {"label": "night"}, host)
    one, other = both((model, tmp_path / f"night{kind}"), host)
    images = torch.rand(3, 3, 20, 24)
    assert not other.traits.conditions
    with torch.inference_mode():
        wanted = one(images, label=torch.eye(3)[[1, 1, 1]]).clamp(0, 1)
        assert (other(images) - wanted).abs().max() < BOUND


@pytest.mark.parametrize(
    ("conditions", "message"),
    [({"label": "nigt"}, "did you mean 'night'"), ({"tone": "night"}, "takes no condition 'tone'; it takes label")],
)
def test_a_condition_that_the_model_does_not_know_is_refused(
    conditions: dict[str, str], message: str, exported: Exporter, host: img2img.PluginHost, tmp_path: Path
) -> None:
    model = exported("stargan", ".pt2")[0]
    with pytest.raises(UsageError, match=message):
        export(str(model), tmp_path / "x.pt2", conditions, host)


def test_a_needed_condition_without_choices_must_be_decided(
    tiny: Callable[..., Path], host: img2img.PluginHost, tmp_path: Path
) -> None:
    model = tiny("odd", network="steered")
    with pytest.raises(UsageError, match="needs the condition 'strength': how much; give -c strength="):
        export(str(model), tmp_path / "x.pt2", {}, host)
    export(str(model), tmp_path / "half.pt2", {"strength": "0.5"}, host)
    (half,) = both((tmp_path / "half.pt2",), host)
    assert torch.equal(half(torch.ones(2, 3, 8, 8)), torch.full((2, 3, 8, 8), 0.5))


def test_what_differs_from_the_model_is_not_written(
    tiny: Callable[..., Path], host: img2img.PluginHost, tmp_path: Path
) -> None:
    target = tmp_path / "random.pt2"
    with pytest.raises(img2img.Img2ImgError, match="so it is not written") as error:
        export(str(tiny("odd", network="random")), target, {}, host)
    assert error.value.exit_code == 1
    assert not list(tmp_path.iterdir())


def test_a_network_that_torch_cannot_follow_is_refused_with_the_reason(
    tiny: Callable[..., Path], host: img2img.PluginHost, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"torch cannot export this network; .*depend on the values"):
        export(str(tiny("odd", network="deciding")), tmp_path / "x.onnx", {}, host)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (".safetensors", "x.tflite", r"name a file that ends in \.onnx or \.pt2"),
        (".onnx", "x.pt2", "is an exported file itself"),
        (".pt2", "x.onnx", "is an exported file itself"),
    ],
)
def test_what_cannot_be_exported_is_refused(
    source: str, target: str, message: str, exported: Exporter, host: img2img.PluginHost, tmp_path: Path
) -> None:
    model = exported("srgan", ".onnx" if source == ".onnx" else ".pt2")[1].with_suffix(source)
    with pytest.raises(UsageError, match=message):
        export(str(model), tmp_path / target, {}, host)


def test_another_network_of_a_family_is_exported_too(
    tiny: Callable[..., Path], host: img2img.PluginHost, tmp_path: Path
) -> None:
    model = tiny("srgan", generator="srresnet", scale=3, upsampling="pixel_shuffle")
    done = export(str(model), tmp_path / "x.onnx", {}, host)
    assert max(difference.largest for difference in done.differences) < BOUND


@pytest.mark.slow
@pytest.mark.parametrize("name", ["photo-x4", "photo-x2", "photo-to-pencil", "colorize", "tones"])
def test_the_bundled_models_are_exported(name: str, host: img2img.PluginHost, tmp_path: Path) -> None:
    done = export(name, tmp_path / f"{name}.onnx", {}, host)
    assert max(difference.largest for difference in done.differences) < BOUND / 10


def test_a_model_that_returns_no_numbers_is_not_exported(host: img2img.PluginHost, tmp_path: Path) -> None:
    family = host.family("srgan")
    config = family.config_class.parse({"scale": 2, "width": 8, "depth": 1})
    generator = family.build_generator(config)
    next(generator.parameters()).data.fill_(3e38)  # sums of them are infinite, and differences of these no numbers
    save_model(tmp_path / "nan.safetensors", generator, config, family="srgan", scale=2)
    with pytest.raises(img2img.Img2ImgError, match="by up to nan"):
        export(str(tmp_path / "nan.safetensors"), tmp_path / "nan.pt2", {}, host)
    assert not (tmp_path / "nan.pt2").exists()


@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
def test_a_file_that_was_not_exported_here_is_not_replaced(
    suffix: str, host: img2img.PluginHost, tmp_path: Path
) -> None:
    target = tmp_path / f"precious{suffix}"
    target.write_bytes(b"precious")
    with pytest.raises(UsageError, match="exists and is no exported model of this program"):
        export("photo-x2", target, {}, host)
    assert target.read_bytes() == b"precious"


@pytest.mark.parametrize("kind", KINDS)
def test_an_earlier_export_is_replaced(kind: str, exported: Exporter, host: img2img.PluginHost) -> None:
    model, target, first = exported("srgan", kind)
    assert export(str(model), target, {}, host).declaration == first.declaration


def test_a_target_in_a_folder_that_is_not_there_is_refused_at_once(host: img2img.PluginHost, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        export("photo-x2", tmp_path / "nowhere" / "x.pt2", {}, host)


def test_a_condition_without_a_name_is_the_one_that_the_model_needs(host: img2img.PluginHost) -> None:
    model = img2img.load_model("tones", device="cpu", host=host)
    assert _named(model, {"": "night"}) == _named(model, {"label": "night"}) == {"label": "night"}
