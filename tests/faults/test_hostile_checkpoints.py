"""Checkpoints of others that are damaged, are no weights, or were made to do harm."""

from __future__ import annotations

import os
import random
import resource
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from img2img import ModelConfig, PluginHost, load_model
from img2img.errors import ModelFileError
from img2img.models.foreign import open_checkpoint

from . import hostile
from .hostile import FIRST, Weights, saved


@pytest.fixture
def weights(host: PluginHost, tiny_config: ModelConfig) -> Weights:
    return dict(host.family("srgan").build_generator(tiny_config).state_dict())


def refused(data: bytes, folder: Path, host: PluginHost) -> str:
    """The message with which a file is refused, quickly and in little memory."""
    path = folder / "x.pth"
    path.write_bytes(data)
    begun, peak = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelFileError) as error:
        load_model(path, host=host)
    assert time.process_time() - begun < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 300_000  # KiB
    message = str(error.value)
    assert str(path) in message
    assert len(message) < 1500
    return message


@pytest.mark.parametrize("way", ["zip", "old", "bare", "among weights"])
def test_a_pickle_that_runs_code_is_refused_unrun(way: str, weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    data = hostile.attacks(tmp_path / "executed", weights)[way]
    assert "holds an object of posix.mkdir, and reading that would run" in refused(data, tmp_path, host)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("protocol", [0, 1, 4, 5])
@pytest.mark.parametrize("old", [False, True])
def test_a_pickle_of_another_protocol_is_refused_with_the_way_out(
    old: bool, protocol: int, weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    """Torch itself would advise to run it."""
    message = refused(saved(weights, old, protocol), tmp_path, host)
    assert "cannot be read without running its code; save `model.state_dict()` again" in message


def test_nobody_is_advised_to_run_what_torch_refuses(tmp_path: Path, host: PluginHost) -> None:
    message = refused(hostile.nameless(tmp_path / "executed"), tmp_path, host)
    assert "is damaged, or its suffix is wrong: UnpicklingError; fetch or save it again" in message
    assert not (tmp_path / "executed").exists()


def test_a_whole_module_is_refused_with_the_way_out(tmp_path: Path, host: PluginHost) -> None:
    message = refused(saved(nn.Conv2d(3, 3, 3)), tmp_path, host)
    assert "an object of torch.nn.modules.conv.Conv2d" in message
    assert "save `model.state_dict()`" in message


def test_a_torchscript_archive_is_refused_as_the_program_that_it_is(tmp_path: Path, host: PluginHost) -> None:
    assert "is a TorchScript archive" in refused(hostile.torchscript(), tmp_path, host)


@pytest.mark.parametrize("size", [(8, 3, 3, 3), (100_000, 100_000), (2**30, 2**30)], ids=str)
@pytest.mark.parametrize("old", [False, True])
def test_a_tensor_that_claims_more_numbers_than_it_holds_is_refused(
    size: tuple[int, ...], old: bool, weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    message = refused(hostile.claiming(weights, size, old), tmp_path, host)
    assert f"declares that '{FIRST}' is {'×'.join(map(str, size))}, but holds 4 bytes of it" in message


def test_tensors_that_share_their_numbers_beyond_the_size_of_the_file_are_refused(
    tmp_path: Path, host: PluginHost
) -> None:
    assert "declares more numbers than its" in refused(hostile.sharing(), tmp_path, host)


def test_two_networks_that_share_all_their_numbers_are_opened_one_by_one(
    weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    path = tmp_path / "both.pth"
    prefixed = {f"{part}.{name}": tensor for part in ("gen_AB", "gen_BA") for name, tensor in weights.items()}
    path.write_bytes(saved(prefixed))
    with pytest.raises(ModelFileError, match=r"gen_AB.*gen_BA"):
        open_checkpoint(path, host=host)
    assert open_checkpoint(path, host=host, part="gen_AB").info.family == "srgan"


@pytest.mark.parametrize("numbers", [1 << 20, (1 << 31) - 1])
@pytest.mark.parametrize("old", [False, True])
def test_a_storage_that_claims_more_than_the_file_has_is_refused(
    old: bool, numbers: int, tmp_path: Path, host: PluginHost
) -> None:
    refused(hostile.overfull(numbers, old), tmp_path, host)


def test_an_archive_behind_a_pickle_does_not_hide_it(tmp_path: Path, host: PluginHost) -> None:
    assert "builtins.bytearray" in refused(hostile.bomb_before_an_archive(), tmp_path, host)


@pytest.mark.parametrize("old", [False, True])
def test_a_small_file_that_asks_for_a_huge_array_is_refused_unbuilt(
    old: bool, tmp_path: Path, host: PluginHost
) -> None:
    assert "builtins.bytearray" in refused(hostile.bomb(old), tmp_path, host)


def test_a_packed_archive_is_refused_unpacked(tmp_path: Path, host: PluginHost) -> None:
    data = hostile.packed()
    assert len(data) < 1 << 20
    assert "is a packed archive" in refused(data, tmp_path, host)


def test_a_name_that_stands_twice_in_an_archive_is_refused(tmp_path: Path, host: PluginHost) -> None:
    assert "one name stands twice" in refused(hostile.doubled(), tmp_path, host)


def test_of_two_directories_in_an_archive_the_one_that_was_checked_is_read(tmp_path: Path, host: PluginHost) -> None:
    assert "holds 1 tensors that none of the families" in refused(hostile.two_directories(), tmp_path, host)


@pytest.mark.parametrize(("depth", "shared"), [(40, True), (200, True), (1_000_000, False)])
def test_a_key_of_tuples_in_tuples_is_refused_unread(
    depth: int, shared: bool, tmp_path: Path, host: PluginHost
) -> None:
    assert "holds tuples in tuples" in refused(hostile.nested(depth, shared), tmp_path, host)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_the_name_of_the_layer(
    value: float, weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    weights["conv_hr.weight"][0, 0, 0, 0] = value
    message = refused(saved(weights), tmp_path, host)
    assert f"holds {'NaN' if value != value else 'infinity'} in 'conv_hr.weight'" in message
    assert "take an earlier checkpoint" in message


@pytest.mark.parametrize("what", hostile.NO_WEIGHTS)
def test_what_is_no_weights_of_a_known_network_is_refused(what: str, tmp_path: Path, host: PluginHost) -> None:
    content, message = hostile.NO_WEIGHTS[what]
    path = tmp_path / "x.pth"
    torch.save(content(), path)
    with pytest.raises(ModelFileError, match=message):
        load_model(path, host=host)


@pytest.mark.parametrize("what", hostile.NO_FILES)
def test_what_is_no_file_of_torch_is_refused(what: str, tmp_path: Path, host: PluginHost) -> None:
    refused(hostile.NO_FILES[what], tmp_path, host)


def test_a_wrong_shape_is_named(weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    message = refused(saved(weights | {"conv_hr.weight": torch.zeros(8, 8, 5, 5)}), tmp_path, host)
    assert "conv_hr.weight: 8×8×5×5 in the file, 8×8×3×3 in the network" in message
    assert "took the file for a MSRResNet ×2 of BasicSR" in message
    del weights["conv_last.bias"]
    assert "conv_last.bias: nothing in the file, 3 in the network" in refused(saved(weights), tmp_path, host)


def test_a_folder_a_pipe_and_a_huge_file_are_refused_unread(tmp_path: Path, host: PluginHost) -> None:
    (tmp_path / "folder.pth").mkdir()
    os.mkfifo(tmp_path / "pipe.pth")
    with (tmp_path / "huge.pth").open("wb") as file:
        file.truncate(5 << 30)  # holes, which take no place
    for name in ("folder", "pipe", "huge", "missing"):
        with pytest.raises(ModelFileError, match=rf"{name}\.pth"):
            open_checkpoint(tmp_path / f"{name}.pth", host)


@pytest.mark.parametrize("old", [False, True])
def test_whatever_is_damaged_the_answer_is_a_model_or_our_error(
    old: bool, weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    data, chance, messages = saved({"params": weights}, old), random.Random(0), list[str]()
    pickled = [index for index in range(len(data)) if not old or index < 6000]
    for number in range(200):
        damaged = bytearray(data)
        for _ in range(chance.choice([1, 10, 100])):
            damaged[chance.choice(pickled)] = chance.randrange(256)
        (tmp_path / "x.pth").write_bytes(damaged if number % 6 else damaged[: chance.randrange(len(damaged))])
        try:
            open_checkpoint(tmp_path / "x.pth", host)
        except ModelFileError as error:
            messages.append(str(error))
    assert len(messages) > 50
    assert all(0 < len(message) < 2000 and message.isprintable() for message in messages if "\n  " not in message)
