"""Model files that were made to do harm: signed as they should be, and lying."""

from __future__ import annotations

import hashlib
import json
import math
import os
import pickle
import random
import resource
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from img2img import PluginHost
from img2img.errors import Img2ImgError, ModelFileError, PluginError
from img2img.models.file import FORMAT, load_generator, read_info
from img2img.models.skeleton import build_skeleton

Header = dict[str, Any]


def load(path: Path, host: PluginHost) -> nn.Module:
    return load_generator(read_info(path), host)[2]


def split(path: Path) -> tuple[Header, bytes]:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def join(header: Header, weights: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + weights


def forge(path: Path, change: Callable[[Header], object]) -> Path:
    """Change the header of a model file and sign it anew, as who means harm would."""
    header, weights = split(path)
    change(header)
    metadata = {key: value for key, value in header["__metadata__"].items() if key != "sha256"}
    canonical = json.dumps({**header, "__metadata__": metadata}, sort_keys=True).encode()
    header["__metadata__"]["sha256"] = hashlib.sha256(canonical + weights).hexdigest()
    path.write_bytes(join(header, weights))
    return path


def forge_config(path: Path, **options: object) -> Path:
    def change(header: Header) -> None:
        config = json.loads(header["__metadata__"]["config"]) | options
        header["__metadata__"]["config"] = json.dumps(config)

    return forge(path, change)


@pytest.mark.parametrize("claimed", [80 << 20, (8 << 20) + 1, 2**63, 2**64 - 1])
def test_a_header_that_claims_to_be_huge_is_refused_unread(claimed: int, tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    path.write_bytes(struct.pack("<Q", claimed) + b"{}")
    with pytest.raises(ModelFileError, match=f"declares {claimed} bytes"):
        read_info(path)


def test_a_million_tensors_are_refused_at_once(tiny_model: Path) -> None:
    metadata = json.dumps(split(tiny_model)[0]["__metadata__"])
    tensors = ",".join(f'"{index:x}":0' for index in range(700_000))
    header = f'{{"__metadata__":{metadata},{tensors}}}'.encode()
    tiny_model.write_bytes(struct.pack("<Q", len(header)) + header)
    begun = time.process_time()
    with pytest.raises(ModelFileError, match="tensors, more than the 20000 allowed"):
        read_info(tiny_model)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "header",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 1_000_000, b'{"__metadata__": 3}', b'{"__metadata__": null}'],
)
def test_a_header_that_is_no_table_is_refused(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ModelFileError, match="is no model file"):
        read_info(path)


@pytest.mark.parametrize("entry", ["family", "direction", "config", "scale", "step", "sha256", "license"])
def test_a_header_without_one_of_its_entries_is_refused_naming_it(entry: str, tiny_model: Path) -> None:
    header, weights = split(tiny_model)
    del header["__metadata__"][entry]
    tiny_model.write_bytes(join(header, weights))
    with pytest.raises(ModelFileError, match=f"lacks '{entry}'"):
        read_info(tiny_model)


FIRST = "conv_first.weight"
LIES: dict[str, Callable[[Header], object]] = {
    "no shape": lambda header: header[FIRST].pop("shape"),
    "no dtype": lambda header: header[FIRST].pop("dtype"),
    "no place": lambda header: header[FIRST].pop("data_offsets"),
    "a tensor that is a number": lambda header: header.update({FIRST: 3}),
    "a shape that is a text": lambda header: header[FIRST].update(shape="8333"),
    "a shape of texts": lambda header: header[FIRST].update(shape=["8", "3", "3", "3"]),
    "a shape of fractions": lambda header: header[FIRST].update(shape=[8.0, 3.0, 3.0, 3.0]),
    "an infinite shape": lambda header: header[FIRST].update(shape=[float("inf")]),
    "a negative shape": lambda header: header[FIRST].update(shape=[-8, -3, 3, 3]),
    "a shape of astronomical size": lambda header: header[FIRST].update(shape=[10**14] * 200_000),
    "a shape of nested lists": lambda header: header[FIRST].update(shape=[[8], 3, 3, 3]),
    "an unknown dtype": lambda header: header[FIRST].update(dtype="F7"),
    "a dtype that torch lacks": lambda header: header[FIRST].update(dtype="F8_E8M0"),
    "complex weights": lambda header: header[FIRST].update(dtype="C64"),
    "a dtype of another size": lambda header: header[FIRST].update(dtype="F16"),
    "overlapping tensors": lambda header: header["conv_last.weight"].update(data_offsets=header[FIRST]["data_offsets"]),
    "weights behind the end": lambda header: header[FIRST].update(data_offsets=[10**9, 10**9 + 864]),
    "weights before the beginning": lambda header: header[FIRST].update(data_offsets=[-864, 0]),
    "a step that is no number": lambda header: header["__metadata__"].update(step="nine"),
    "an endless step": lambda header: header["__metadata__"].update(step="9" * 5000),
    "a step that is a list": lambda header: header["__metadata__"].update(step=[7]),
    "a format that is a number": lambda header: header["__metadata__"].update(format=1),
    "a format that is a list": lambda header: header["__metadata__"].update(format=[FORMAT]),
    "a family that is a list": lambda header: header["__metadata__"].update(family=["srgan"]),
    "a config that is a table": lambda header: header["__metadata__"].update(config={"scale": 2}),
    "a config that is a list": lambda header: header["__metadata__"].update(config="[1]"),
    "a config of nested lists": lambda header: header["__metadata__"].update(config="[" * 100_000),
    "a config of an endless number": lambda header: header["__metadata__"].update(
        config='{"depth": %s}' % ("9" * 5000)
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_is_refused(lie: str, tiny_model: Path, host: PluginHost) -> None:
    forge(tiny_model, LIES[lie])
    with pytest.raises(ModelFileError if "family" not in lie else PluginError) as error:
        str(load_generator(read_info(tiny_model), host)[0])
    assert 0 < len(str(error.value)) < 2000


@pytest.mark.parametrize("lie", [lie for lie in LIES if "shape" in lie])
def test_a_shape_that_is_none_is_refused_with_the_header(lie: str, tiny_model: Path) -> None:
    forge(tiny_model, LIES[lie])
    with pytest.raises(ModelFileError, match=r"has no shape|has none of the types|is damaged"):
        read_info(tiny_model)


@pytest.mark.parametrize(("dtype", "bits"), [("C64", 64), ("F8_E8M0", 8), ("F8_E4M3", 8), ("F4", 4), ("U32", 32)])
def test_numbers_of_a_type_that_no_network_has_are_refused(
    dtype: str, bits: int, tiny_model: Path, host: PluginHost
) -> None:
    header, end = split(tiny_model)[0], 0
    for entry in (entry for name, entry in header.items() if name != "__metadata__"):
        begin, end = end, end + math.prod(entry["shape"]) * bits // 8
        entry.update(dtype=dtype, data_offsets=[begin, end])
    tiny_model.write_bytes(join(header, bytes(end)))
    with pytest.raises(ModelFileError, match="has none of the types"):
        load(forge(tiny_model, lambda header: header), host)


def test_one_name_for_two_tensors_is_refused(tiny_model: Path, host: PluginHost) -> None:
    header, weights = split(tiny_model)
    first = f'{{"{FIRST}": {{"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, '
    twice = json.dumps(header).replace("{", first, 1).encode()
    tiny_model.write_bytes(struct.pack("<Q", len(twice)) + twice + weights)
    with pytest.raises(ModelFileError):
        load(tiny_model, host)


def test_whatever_a_header_says_the_answer_is_a_model_or_our_error(tiny_model: Path, host: PluginHost) -> None:
    chance = random.Random(0)
    original, answers = tiny_model.read_bytes(), list[str]()
    values = [None, 0, -1, 2**63, 1.5, "", "x", "F64", "I8", [], [1], {}, True, "9" * 30, "\x1b[2J", [2**31] * 5]

    def change(header: Header) -> None:
        table: Any = header
        while isinstance(table, dict | list) and table:
            keys = list(table) if isinstance(table, dict) else range(len(table))
            key, inner = chance.choice(keys), chance.random() < 0.7
            if inner and isinstance(table[key], dict | list) and table[key]:
                table = table[key]
            else:
                table[key] = chance.choice(values)
                return

    for _ in range(300):
        tiny_model.write_bytes(original)
        try:
            load(forge(tiny_model, change), host)
        except AttributeError:  # `__metadata__` was no table any more, so that nobody could sign it
            continue
        except Img2ImgError as error:
            answers.append(str(error))
    assert len(answers) > 150, "hardly anything was refused"
    assert max(map(len, answers)) < 2000


def quickly_and_in_little_memory(begun: float, peak: int) -> bool:
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    return time.process_time() - begun < 5 and grown < 300_000  # KiB


@pytest.mark.parametrize("options", [{"width": 10**9, "depth": 10**9}, {"width": 512, "depth": 128}, {"depth": -1}])
def test_a_config_that_asks_for_a_huge_network_costs_neither_time_nor_memory(
    options: dict[str, int], tiny_model: Path, host: PluginHost
) -> None:
    begun, peak = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelFileError):
        load(forge_config(tiny_model, **options), host)
    assert quickly_and_in_little_memory(begun, peak)


def test_a_small_file_that_claims_the_tensors_of_a_huge_network_costs_neither_time_nor_memory(
    tiny_model: Path, host: PluginHost
) -> None:
    forge_config(tiny_model, width=512, depth=128)
    family = host.family("srgan")
    config = family.config_class.parse({"scale": 2, "width": 512, "depth": 128})
    huge = build_skeleton(lambda: family.build_generator(config)).state_dict()

    def change(header: Header) -> None:
        metadata = header["__metadata__"]
        header.clear()
        header |= {name: {"dtype": "F32", "shape": list(t.shape), "data_offsets": [0, 4]} for name, t in huge.items()}
        header["__metadata__"] = metadata

    begun, peak = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelFileError):
        load(forge(tiny_model, change), host)
    assert quickly_and_in_little_memory(begun, peak)


def test_a_family_that_cannot_build_what_a_config_says_is_named(tiny_model: Path, install: Callable[..., str]) -> None:
    family = """
        import img2img

        class Lax(img2img.ModelFamily):
            name, summary = "lax", ""
            config_class = img2img.ModelConfig
            training_class = dataset = trainer = translator = None

            def build_generator(self, config):
                raise OverflowError("too wide")

        @img2img.hookimpl
        def register_models(register):
            register(Lax())
    """
    install("img2img-lax", family)
    forge(tiny_model, lambda header: header["__metadata__"].update(family="lax", config="{}"))
    with pytest.raises(ModelFileError, match=r"the family 'lax' cannot build the network of .*OverflowError: too wide"):
        load(tiny_model, PluginHost.discover())


class Attack:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.marker),)


def test_nothing_that_stands_in_a_file_is_executed(tiny_model: Path, host: PluginHost, tmp_path: Path) -> None:
    marker, path = tmp_path / "executed", tmp_path / "attack.safetensors"
    attack = Attack(marker)
    path.write_bytes(pickle.dumps(attack))
    with pytest.raises(ModelFileError):
        load(path, host)
    torch.save({"weight": attack}, path)
    with pytest.raises(ModelFileError):
        load(path, host)
    code = f"__import__('os').mkdir({str(marker)!r})"
    for entry in ("family", "config", "scale", "step", "direction", "created_with"):
        original = tiny_model.read_bytes()
        forge(tiny_model, lambda header, entry=entry: header["__metadata__"].update({entry: code}))
        with suppress(Img2ImgError):
            load(tiny_model, host)
        tiny_model.write_bytes(original)
    assert not marker.exists()
