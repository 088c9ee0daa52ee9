"""Archives of plain tensors that somebody packed again, in whatever way."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from img2img import ModelConfig, PluginHost
from img2img.errors import ModelFileError
from img2img.models.foreign import open_checkpoint

Weights = dict[str, Tensor]
METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


@pytest.fixture
def weights(host: PluginHost, tiny_config: ModelConfig) -> Weights:
    """Of a MSRResNet ×2."""
    return dict(host.family("srgan").build_generator(tiny_config).state_dict())


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def packed(data: bytes, method: int, folder: str, junk: bool = False) -> bytes:
    """An archive of torch, packed again below another folder, as by hand."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", method) as new:
        if junk:
            new.mkdir("sub")
            new.writestr("__MACOSX/._x", b"junk")
        for name in old.namelist():
            new.writestr(folder + name.partition("/")[2], old.read(name))
    return file.getvalue()


def opened(data: bytes, path: Path, host: PluginHost) -> Weights:
    path.write_bytes(data)
    return dict(open_checkpoint(path, host).generator.state_dict())


def same(found: Weights, wanted: Weights) -> bool:
    return found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("folder", ["archive/", "net/", "", "sub/net_g/"])
def test_an_archive_that_was_packed_again_is_opened(
    method: str, folder: str, weights: Weights, tmp_path: Path, host: PluginHost
) -> None:
    data = packed(saved({"params": weights}), METHODS[method], folder, junk=folder != "")
    assert same(opened(data, tmp_path / "x.pth", host), weights)


def test_the_content_counts_and_not_the_suffix(weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    assert same(opened(save(weights), tmp_path / "x.pth", host), weights)
    (tmp_path / "y.safetensors").write_bytes(saved(weights))
    with pytest.raises(ModelFileError, match=r"is a checkpoint of `torch\.save`.*rename it to end in \.pth"):
        open_checkpoint(tmp_path / "y.safetensors", host)


def test_an_archive_with_a_checkpoint_in_it_names_that(weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
        archive.writestr("models/net_g.pth", saved(weights))
    with pytest.raises(ModelFileError, match=r"unpack it, and give .* that is in it, such as models/net_g\.pth"):
        opened(file.getvalue(), tmp_path / "x.pth", host)


def test_an_encrypted_archive_is_named(weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    data = bytearray(saved(weights))
    for place in range(len(data) - 4):
        if data[place : place + 4] == b"PK\x01\x02":
            data[place + 8] |= 1
    with pytest.raises(ModelFileError, match="is an encrypted archive"):
        opened(bytes(data), tmp_path / "x.pth", host)


def test_a_flipped_bit_in_the_weights_is_noticed(weights: Weights, tmp_path: Path, host: PluginHost) -> None:
    data = bytearray(saved(weights))
    data[len(data) // 2] ^= 1
    with pytest.raises(ModelFileError, match="is damaged"):
        opened(bytes(data), tmp_path / "x.pth", host)
