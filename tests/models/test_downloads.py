"""What a download leaves under the name of a model, and what is said of it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from img2img import PluginHost, load_model
from img2img.errors import ModelFileError
from img2img.models.foreign import open_checkpoint
from img2img.models.store import describe_model

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 67040989\n"
PAGES = {
    "HTML": b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>",
    "HTML in capitals, with a mark": b"\xef\xbb\xbf\r\n  <HTML lang='en'><body>Virus scan warning</body></HTML>",
    "a comment first": b"<!-- cdn --><html></html>",
    "XML": b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code></Error>",
    "JSON": b'{"error":"Repository not found"}',
    "words": b"Entry not found",
    "a number": b"404: Not Found",
    "a login": b"Invalid username or password.",
}
SUFFIXES = [".pth", ".pt", ".ckpt", ".safetensors", ".onnx", ".pt2"]

Open = Callable[[Path, PluginHost], object]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "open_file", [lambda path, host: load_model(path, host=host), describe_model], ids=["load", "describe"]
)
def test_a_pointer_of_git_lfs_and_a_page_are_named_whatever_the_suffix(
    open_file: Open, suffix: str, tmp_path: Path, host: PluginHost
) -> None:
    path = tmp_path / f"net{suffix}"
    path.write_bytes(LFS)
    with pytest.raises(ModelFileError, match=r"net\..* is no model but the pointer .*run `git lfs pull`"):
        open_file(path, host)
    path.write_bytes(PAGES["HTML"])
    with pytest.raises(ModelFileError, match=r"net\..* is no model but a web page .*'<!DOCTYPE html>.*download"):
        open_file(path, host)


@pytest.mark.parametrize("kind", PAGES)
def test_the_message_of_a_server_is_named(kind: str, tmp_path: Path, host: PluginHost) -> None:
    path = tmp_path / "net.pth"
    path.write_bytes(PAGES[kind])
    with pytest.raises(ModelFileError, match="is no model but a web page or the message of a server"):
        open_checkpoint(path, host)


def test_the_pointer_of_git_annex_and_a_packed_file_are_named(tmp_path: Path, host: PluginHost) -> None:
    path = tmp_path / "net.pth"
    path.write_bytes(b"/annex/objects/SHA256E-s67040989--4d7a.pth\n")
    with pytest.raises(ModelFileError, match="git-annex"):
        open_checkpoint(path, host)
    path.write_bytes(gzip.compress(b"weights"))
    with pytest.raises(ModelFileError, match="is packed by gzip; unpack it"):
        open_checkpoint(path, host)
