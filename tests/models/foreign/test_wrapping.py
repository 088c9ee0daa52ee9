"""What training codes wrap around the weights of a generator, and which of several networks it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from img2img import ModelConfig, PluginHost, load_model
from img2img.errors import ModelFileError
from img2img.models.foreign import open_checkpoint

Weights = dict[str, Tensor]


@pytest.fixture
def weights(host: PluginHost, tiny_config: ModelConfig) -> Weights:
    """Of a MSRResNet ×2."""
    return dict(host.family("srgan").build_generator(tiny_config).state_dict())


def prefixed(weights: Weights, prefix: str) -> Weights:
    return {f"{prefix}{name}": tensor for name, tensor in weights.items()}


def zeros(weights: Weights) -> Weights:
    return {name: torch.zeros_like(tensor) for name, tensor in weights.items()}


def opened(content: Any, path: Path, host: PluginHost, part: str = "") -> Weights:
    torch.save(content, path / "x.pth")
    return dict(open_checkpoint(path / "x.pth", host, part=part).generator.state_dict())


def same(found: Weights, wanted: Weights) -> bool:
    return found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize(
    "prefix",
    ["module.", "_orig_mod.", "module._orig_mod.", "generator.", "generator.module.", "netG.", "generators.photo."],
)
def test_what_wrappers_put_before_the_names_is_taken_away(
    prefix: str, weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    assert same(opened(prefixed(weights, prefix), tmp_path, host), weights)


@pytest.mark.parametrize(
    "names", [["params"], ["state_dict"], ["model_state_dict"], ["model"], ["net_G"], ["anything"], ["model", "params"]]
)
def test_the_table_of_weights_is_found_in_its_tables(
    names: list[str], weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    content: Any = weights
    for name in reversed(names):
        content = {"epoch": 3, name: content, "note": "by hand"}
    assert same(opened(content, tmp_path, host), weights)


def test_the_average_comes_before_the_weights_of_the_last_step(
    weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    assert same(opened({"params": zeros(weights), "params_ema": weights}, tmp_path, host), weights)
    both = prefixed(zeros(weights), "generator.") | prefixed(weights, "generator_ema.")
    assert same(opened({"state_dict": both}, tmp_path, host), weights)


def test_the_generator_is_taken_from_beside_its_discriminator(
    weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    both = prefixed(weights, "generator.") | {"discriminator.0.weight": torch.rand(4)}
    assert same(opened(both, tmp_path, host), weights)


@pytest.mark.parametrize("kind", ["names", "tables"])
def test_of_several_networks_one_must_be_named(kind: str, weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    parts = {"generators.photo": weights, "generators.drawing": zeros(weights)}
    names = {f"{part}.{name}": tensor for part, table in parts.items() for name, tensor in table.items()}
    content = names if kind == "names" else parts
    with pytest.raises(ModelFileError, match=r"--part NAME`; there are generators\.drawing, generators\.photo"):
        opened(content, tmp_path, host)
    assert same(opened(content, tmp_path, host, part="generators.photo"), weights)
    with pytest.raises(ModelFileError):
        opened(content, tmp_path, host, part="generators.sketch")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_any_precision_become_float32(
    dtype: torch.dtype, weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    stored = {name: tensor.to(dtype) for name, tensor in weights.items()}
    assert same(opened(stored, tmp_path, host), {name: tensor.float() for name, tensor in stored.items()})


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".PTH", ".safetensors"])
@pytest.mark.parametrize("old", [False, True], ids=["zip", "as before torch 1.6"])
def test_a_checkpoint_is_used_directly(
    suffix: str, old: bool, weights: Weights, tmp_path: Path, host: PluginHost, tiny_model: Path
) -> None:
    path = tmp_path / f"net_g{suffix}"
    if suffix == ".safetensors":
        save_file(weights, path)
    else:
        torch.save(weights, path, _use_new_zipfile_serialization=not old)
    model = load_model(path, host=host)
    assert (model.info.family, model.info.scale) == ("srgan", "2")
    assert model(torch.rand(1, 3, 5, 7)).shape == (1, 3, 10, 14)


@pytest.mark.parametrize(
    "prefix", ["gen_AB.", "netG_A2B.", "model.", "generator.", "net_g.", "module.", "G.", "sr.net.", "module.model.G."]
)
@pytest.mark.parametrize("others", [{}, {"disc_A.0.weight": torch.rand(4), "loss.vgg.0.bias": torch.rand(3)}])
def test_the_only_generator_is_found_below_any_name(
    prefix: str, others: Weights, weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    assert same(opened(prefixed(weights, prefix) | others, tmp_path, host), weights)


def test_the_only_generator_is_found_in_a_table_of_any_name(weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    others = {"epoch": 3, "disc_A": {"0.weight": torch.rand(4)}, "optimiser": {"state": {}, "param_groups": []}}
    assert same(opened({**others, "gen_AB": weights}, tmp_path, host), weights)
    assert same(opened({**others, "gen_AB": {"state_dict": weights}}, tmp_path, host), weights)


@pytest.mark.parametrize("names", [("gen_AB", "gen_BA"), ("netG_A2B", "netG_B2A"), ("model.a", "model.b")])
@pytest.mark.parametrize("kind", ["names", "tables"])
def test_two_generators_below_any_names_are_named(
    names: tuple[str, str], kind: str, weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    parts = {names[0]: weights, names[1]: zeros(weights), "disc": {"0.weight": torch.rand(4)}}
    joined = {f"{part}.{name}": tensor for part, table in parts.items() for name, tensor in table.items()}
    content = joined if kind == "names" else parts
    with pytest.raises(ModelFileError, match=rf"`img2img import --part NAME`; there are {', '.join(names)}$"):
        opened(content, tmp_path, host)
    assert same(opened(content, tmp_path, host, part=names[0]), weights)
    with pytest.raises(ModelFileError, match=r"has no part 'gen'; there are "):
        opened(content, tmp_path, host, part="gen")


def test_the_part_that_was_opened_is_told(weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    torch.save(prefixed(weights, "gen_AB."), tmp_path / "x.pth")
    assert "the part 'gen_AB' of the file" in open_checkpoint(tmp_path / "x.pth", host).info.created_with


@pytest.mark.parametrize(
    ("family", "options"), [("cyclegan", {"blocks": 1, "upsampling": "transposed"}), ("pix2pix", {"depth": 5})]
)
def test_the_counters_of_batchnorm_which_torch_0_3_did_not_have_are_filled_in(
    family: str, options: dict[str, Any], tmp_path: Path, host: PluginHost
) -> None:
    own = host.family(family)
    whole = own.build_generator(own.config_class.parse({"width": 4, "norm": "batch", **options})).state_dict()
    old = {name: tensor for name, tensor in whole.items() if not name.endswith("num_batches_tracked")}
    assert len(old) < len(whole)
    assert same(opened(old, tmp_path, host), dict(whole))


def test_a_family_that_fails_to_look_is_named_and_the_others_are_asked(
    weights: Weights, tmp_path: Path, host: PluginHost, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(host.family("pix2pix"), "recognise", lambda weights: 1 / 0)
    assert same(opened(weights, tmp_path, host), weights)
    assert "the family 'pix2pix' failed to look at a checkpoint: ZeroDivisionError" in caplog.text


def test_what_one_family_refuses_another_may_take(
    weights: Weights, tmp_path: Path, host: PluginHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(weights: Weights) -> None:
        raise ModelFileError("is a variant that cannot be opened")

    monkeypatch.setattr(host.family("pix2pix"), "recognise", refuse)
    assert same(opened(weights, tmp_path, host), weights)
    with pytest.raises(ModelFileError, match=r"x\.pth is a variant that cannot be opened"):
        opened({"a": torch.zeros(1)}, tmp_path, host)


def test_what_two_families_recognise_is_refused_with_the_way_out(
    weights: Weights, tmp_path: Path, host: PluginHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host.family("pix2pix"), "recognise", host.family("srgan").recognise)
    with pytest.raises(
        ModelFileError, match=r"recognised by pix2pix of pix2pix .* and srgan of srgan .*; .*--plugins pix2pix"
    ):
        opened(weights, tmp_path, host)
