"""Model files: what is saved comes back; what is damaged, does not fit or is somebody else's is refused."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from img2img import ModelConfig, PluginHost
from img2img.errors import ModelFileError, PluginError, UsageError
from img2img.models.file import load_generator, read_info, save_model


def load(path: Path, host: PluginHost) -> nn.Module:
    return load_generator(read_info(path), host)[2]


def test_a_model_comes_back_as_it_was_saved(host: PluginHost, tiny_config: ModelConfig, tmp_path: Path) -> None:
    saved = host.family("srgan").build_generator(tiny_config).to(memory_format=torch.channels_last)
    path = tmp_path / "ä model.safetensors"
    save_model(path, saved, tiny_config, family="srgan", scale=2, step=9, trained_on="Ähren\n", license="CC0-1.0")
    info = read_info(path)
    family, config, loaded = load_generator(info, host)
    assert (info.family, info.direction, info.scale, info.step) == ("srgan", "forward", "2", 9)
    assert (info.trained_on, info.license) == ("Ähren\n", "CC0-1.0")
    assert all(word in info.created_with for word in ("img2img-runtime", "torch", "Python"))
    assert info.parameters == sum(tensor.numel() for tensor in saved.state_dict().values())
    assert (family.name, config) == ("srgan", tiny_config)
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert all(torch.equal(tensor, loaded.state_dict()[name]) for name, tensor in saved.state_dict().items())


@pytest.mark.parametrize(("name", "value"), [("conv_hr.weight", "nan"), ("conv_last.bias", "inf")])
def test_weights_that_are_no_numbers_are_refused_by_the_name_of_the_layer(
    name: str, value: str, host: PluginHost, tiny_config: ModelConfig, tmp_path: Path
) -> None:
    generator = host.family("srgan").build_generator(tiny_config)
    generator.state_dict()[name].view(-1)[1] = float(value)
    save_model(tmp_path / "x.safetensors", generator, tiny_config, family="srgan", scale=2)
    what = "NaN" if value == "nan" else "infinity"
    with pytest.raises(ModelFileError, match=rf"x\.safetensors holds {what} in '{name}'.*an earlier checkpoint"):
        load(tmp_path / "x.safetensors", host)


def test_a_generator_that_uses_one_tensor_twice_is_saved(tmp_path: Path, tiny_config: ModelConfig) -> None:
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    save_model(tmp_path / "tied.safetensors", tied, tiny_config, family="srgan")
    assert read_info(tmp_path / "tied.safetensors").shapes["1.weight"] == (3, 3)


def test_anybody_who_reads_safetensors_reads_a_model_file(tiny_model: Path) -> None:
    with safe_open(tiny_model, "pt") as file:
        assert file.metadata()["format"] == "img2img/1"
        assert file.get_tensor("conv_first.weight").shape == (8, 3, 3, 3)
    assert int.from_bytes(tiny_model.read_bytes()[:8], "little") % 8 == 0, "the weights are not aligned"


def test_a_model_file_needs_its_suffix(tmp_path: Path, tiny_config: ModelConfig) -> None:
    with pytest.raises(ModelFileError, match=r"does not end in \.safetensors"):
        save_model(tmp_path / "model.pth", nn.Linear(1, 1), tiny_config, family="srgan")


def test_the_same_model_gives_the_same_file(tiny_model: Path, host: PluginHost, tmp_path: Path) -> None:
    _, config, generator = load_generator(read_info(tiny_model), host)
    save_model(tmp_path / "again.safetensors", generator, config, family="srgan", scale=2, step=7)
    assert (tmp_path / "again.safetensors").read_bytes() == tiny_model.read_bytes()


def test_a_changed_byte_anywhere_is_refused(tiny_model: Path, host: PluginHost) -> None:
    data = tiny_model.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    chance = random.Random(0)
    spread = [round(index * (len(data) - 1) / 199) for index in range(200)]
    for position in spread + chance.sample(range(header), 100):
        damaged = bytearray(data)
        damaged[position] ^= 1 << chance.randrange(8)
        tiny_model.write_bytes(damaged)
        with pytest.raises(UsageError):
            load(tiny_model, host)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 100, -1, -1000])
def test_a_truncated_file_is_refused(kept: int, tiny_model: Path, host: PluginHost) -> None:
    tiny_model.write_bytes(tiny_model.read_bytes()[:kept])
    with pytest.raises(ModelFileError, match=r"tiny\.safetensors"):
        load(tiny_model, host)


def test_a_file_with_something_behind_it_is_refused(tiny_model: Path, host: PluginHost) -> None:
    with tiny_model.open("ab") as file:
        file.write(b"PK\x03\x04")
    with pytest.raises(ModelFileError, match="checksum"):
        load(tiny_model, host)


def test_a_file_far_larger_than_its_tensors_is_not_read(tiny_model: Path, host: PluginHost) -> None:
    os.truncate(tiny_model, 1 << 37)  # sparse: takes no room
    with pytest.raises(ModelFileError, match="larger than its tensors"):
        load(tiny_model, host)


@pytest.mark.parametrize("stored", ["img2img/2", "img2img/9"])
def test_a_newer_format_is_refused_with_the_remedy(stored: str, tiny_model: Path) -> None:
    tiny_model.write_bytes(tiny_model.read_bytes().replace(b"img2img/1", stored.encode(), 1))
    with pytest.raises(ModelFileError, match=f"'{stored}', newer than the 'img2img/1' .* upgrade img2img-runtime"):
        read_info(tiny_model)


def test_an_unknown_family_is_refused_with_the_known_ones(
    host: PluginHost, tiny_config: ModelConfig, tmp_path: Path
) -> None:
    save_model(tmp_path / "ganymede.safetensors", nn.Linear(1, 1), tiny_config, family="ganymede")
    with pytest.raises(PluginError, match=r"no plugin provides the family 'ganymede'; installed families: .*srgan"):
        load(tmp_path / "ganymede.safetensors", host)


def test_an_unknown_option_is_refused_with_its_name(host: PluginHost, tiny_config: ModelConfig, tmp_path: Path) -> None:
    class Newer(type(tiny_config)):
        attention: bool = True

    generator = host.family("srgan").build_generator(tiny_config)
    save_model(tmp_path / "newer.safetensors", generator, Newer(**tiny_config.model_dump()), family="srgan")
    with pytest.raises(ModelFileError, match=r"(?s)needs a newer version of the family 'srgan'.*'attention'"):
        load(tmp_path / "newer.safetensors", host)


def test_tensors_that_do_not_fit_the_network_are_refused_by_name(
    host: PluginHost, tiny_config: ModelConfig, tmp_path: Path
) -> None:
    path, family = tmp_path / "misfit.safetensors", host.family("srgan")
    other = family.config_class.parse({"scale": 4, "width": 16, "depth": 1})
    save_model(path, family.build_generator(tiny_config), other, family="srgan")
    with pytest.raises(ModelFileError) as error:
        load(path, host)
    assert "body.0.conv1.weight: 8×8×3×3 in the file, 16×16×3×3 in the network" in str(error.value)
    assert "and 8 more" in str(error.value)


def test_a_tensor_too_few_or_too_many_is_refused_by_name(
    host: PluginHost, tiny_config: ModelConfig, tmp_path: Path
) -> None:
    path, generator = tmp_path / "misfit.safetensors", host.family("srgan").build_generator(tiny_config)
    del generator.conv_hr.bias
    generator.register_buffer("back\x1b[2Jdoor", torch.zeros(()))
    save_model(path, generator, tiny_config, family="srgan")
    with pytest.raises(ModelFileError) as error:
        load(path, host)
    assert "back\\x1b[2Jdoor: a number in the file, nothing in the network" in str(error.value)
    assert "conv_hr.bias: nothing in the file, 8 in the network" in str(error.value)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_a_safetensors_file_of_somebody_else_is_refused_as_such(
    metadata: dict[str, str] | None, tmp_path: Path
) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors", metadata)
    with pytest.raises(ModelFileError, match="was not written by img2img"):
        read_info(tmp_path / "other.safetensors")


def test_a_file_that_vanished_after_its_header_was_read_is_refused(tiny_model: Path, host: PluginHost) -> None:
    info = read_info(tiny_model)
    tiny_model.unlink()
    with pytest.raises(ModelFileError, match=f"cannot read the model file {tiny_model}"):
        load_generator(info, host)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "absent", tmp_path / "pipe", Path("/dev/zero"), tmp_path / ("x" * 300)):
        with pytest.raises(ModelFileError, match=str(path)):
            read_info(path)
