"""Checkpoints of others that are damaged, are no weights, or were made to do harm."""

from __future__ import annotations

import io
import os
import pickle
import random
import resource
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from img2img import ModelConfig, PluginHost, load_model
from img2img.errors import ModelFileError
from img2img.foreign import open_checkpoint

Weights = dict[str, Tensor]
FIRST = "conv_first.weight"


@pytest.fixture
def weights(host: PluginHost, tiny_config: ModelConfig) -> Weights:
    return dict(host.family("srgan").build_generator(tiny_config).state_dict())


def saved(content: Any, old: bool = False) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=not old)
    return file.getvalue()


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


class Attack:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("way", ["zip", "old", "bare", "among weights"])
def test_a_pickle_that_runs_code_is_refused_unrun(way: str, weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    attack = Attack(tmp_path / "executed")
    content = weights | {FIRST: attack} if way == "among weights" else {"state_dict": attack}
    data = pickle.dumps(content, 2) if way == "bare" else saved(content, old=way == "old")
    assert "holds an object of posix.mkdir, and to read that is to run" in refused(data, tmp_path, host)
    assert not (tmp_path / "executed").exists()


def test_a_whole_module_is_refused_with_the_way_out(tmp_path: Path, host: PluginHost) -> None:
    message = refused(saved(nn.Conv2d(3, 3, 3)), tmp_path, host)
    assert "an object of torch.nn.modules.conv.Conv2d" in message
    assert "save `model.state_dict()`" in message


def test_a_torchscript_archive_is_refused_as_the_program_that_it_is(tmp_path: Path, host: PluginHost) -> None:
    with zipfile.ZipFile(tmp_path / "script", "w") as archive:  # to write one with torch warns that it is deprecated
        for name in ("data.pkl", "constants.pkl", "code/__torch__.py"):
            archive.writestr(f"x/{name}", pickle.dumps({}, 2))
    assert "is a TorchScript archive" in refused((tmp_path / "script").read_bytes(), tmp_path, host)


@pytest.mark.parametrize("size", [(8, 3, 3, 3), (100_000, 100_000), (2**30, 2**30)], ids=str)
@pytest.mark.parametrize("old", [False, True])
def test_a_tensor_that_claims_more_numbers_than_it_holds_is_refused(
    size: tuple[int, ...], old: bool, weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    message = refused(saved(weights | {FIRST: torch.zeros(1).expand(size)}, old), tmp_path, host)
    assert f"claims that '{FIRST}' is {'×'.join(map(str, size))}, but holds 4 bytes of it" in message


def test_tensors_that_share_their_numbers_beyond_the_size_of_the_file_are_refused(
    tmp_path: Path, host: PluginHost
) -> None:
    one = torch.zeros(1000, 1000)
    message = refused(saved({f"{index}.weight": one.view(1000, 1000) for index in range(1000)}), tmp_path, host)
    assert "claims more numbers than its" in message


def retold(data: bytes, change: Callable[[bytes], bytes], packed: bool = False) -> bytes:
    """A file of torch with its pickle changed."""
    file = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", kind) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name.endswith("data.pkl") else old.read(name))
    return file.getvalue()


@pytest.mark.parametrize("numbers", [1 << 20, (1 << 31) - 1])
def test_a_storage_that_claims_more_than_the_file_has_is_refused(
    numbers: int, tmp_path: Path, host: PluginHost
) -> None:
    claim = b"J" + struct.pack("<i", numbers)
    for data in (retold(saved({"a": torch.zeros(9)}), lambda pickled: pickled.replace(b"K\x09", claim)),
                 saved({"a": torch.zeros(9)}, old=True).replace(b"K\x09", claim)):  # fmt: skip
        refused(data, tmp_path, host)


BOMB = b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R."


def test_an_archive_behind_a_pickle_does_not_hide_it(tmp_path: Path, host: PluginHost) -> None:
    hidden = saved({}, old=True).replace(b"\x80\x02}q\x00.", BOMB)
    assert "builtins.bytearray" in refused(hidden + saved({"a": torch.zeros(1)}), tmp_path, host)


@pytest.mark.parametrize("old", [False, True])
def test_a_small_file_that_asks_for_a_huge_array_is_refused_unbuilt(
    old: bool, tmp_path: Path, host: PluginHost
) -> None:
    data = saved({}, old=True).replace(b"\x80\x02}q\x00.", BOMB) if old else retold(saved({}), lambda pickled: BOMB)
    assert "builtins.bytearray" in refused(data, tmp_path, host)


def test_a_packed_archive_is_refused_unpacked(tmp_path: Path, host: PluginHost) -> None:
    data = retold(saved({"a": torch.zeros(1 << 24)}), lambda pickled: pickled, packed=True)
    assert len(data) < 1 << 20
    assert "is a packed archive" in refused(data, tmp_path, host)


def test_a_name_that_stands_twice_in_an_archive_is_refused(tmp_path: Path, host: PluginHost) -> None:
    file = io.BytesIO(saved({"a": torch.zeros(1)}))
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("archive/data.pkl", pickle.dumps({}, 2))
    assert "is a packed archive" in refused(file.getvalue(), tmp_path, host)


def looped() -> dict[str, Any]:
    table: dict[str, Any] = {}
    table["model"] = table
    return table


NO_WEIGHTS: dict[str, tuple[Callable[[], Any], str]] = {
    "nothing": (dict, "holds no weights of a network"),
    "a tensor": (lambda: torch.zeros(3), "holds no weights of a network"),
    "numbers": (lambda: {"epoch": 3, "loss": 0.5}, "holds no weights of a network"),
    "a table in itself": (looped, "holds no weights of a network"),
    "an optimiser": (lambda: {"state": {}, "param_groups": [{"lr": 1e-4}]}, "holds no weights of a network"),
    "other things among tensors": (lambda: {"a": torch.zeros(3), "epoch": 3}, "holds 'epoch', int, among its tensors"),
    "names that are numbers": (lambda: {3: torch.zeros(3)}, "holds '3', Tensor, among its tensors"),
    "a stranger's network": (
        lambda: {"layer1.\x1b[2J.weight": torch.zeros(3, 4), "fc.bias": torch.zeros(2)},
        r"holds 2 tensors that no family recognises .*layer1\.\\x1b\[2J\.weight 3×4, fc\.bias 2.*asked: cyclegan, pix2",
    ),
    "too many tensors": (lambda: {str(index): torch.zeros(0) for index in range(20_001)}, "at most 20000 are accepted"),
    "complex numbers": (
        lambda: {"a": torch.zeros(3, dtype=torch.complex64)},
        r"an object of torch\.ComplexFloatStorage",
    ),
    "no numbers": (lambda: {"a": torch.zeros(3, device="meta")}, "an object of torch"),
    "sparse numbers": (lambda: {"a": torch.eye(3).to_sparse()}, "an object of torch"),
}


@pytest.mark.parametrize("what", NO_WEIGHTS)
def test_what_is_no_weights_of_a_known_network_is_refused(what: str, tmp_path: Path, host: PluginHost) -> None:
    content, message = NO_WEIGHTS[what]
    path = tmp_path / "x.pth"
    torch.save(content(), path)
    with pytest.raises(ModelFileError, match=message):
        load_model(path, host=host)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"nonsense" * 99, b"\x80\x02}q\x00."]
)
def test_what_is_no_file_of_torch_is_refused(content: bytes, tmp_path: Path, host: PluginHost) -> None:
    refused(content, tmp_path, host)


def test_a_wrong_shape_is_named(weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    message = refused(saved(weights | {"conv_hr.weight": torch.zeros(8, 8, 5, 5)}), tmp_path, host)
    assert "conv_hr.weight: 8×8×5×5 in the file, 8×8×3×3 in the network" in message
    assert "It was taken for a MSRResNet ×2 of BasicSR" in message
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
