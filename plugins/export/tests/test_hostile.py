"""Files that are damaged, or were made to do harm."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from img2img_export.declaration import KEY
from img2img_export.exporting import Exported
from img2img_export.importers import ProgramImporter

import img2img
from img2img.errors import Img2ImgError, ModelFileError

KINDS = [".onnx", ".pt2"]
PROGRAM = "models/model.json"
WEIGHTS = "data/weights/model_weights_config.json"
CONSTANTS = "data/constants/model_constants_config.json"

Exporter = Callable[[str, str], tuple[Path, Path, Exported]]
Table = dict[str, Any]


class Attack:
    """Pickled, it makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.marker),)


def pickled(attack: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(attack, buffer)
    return buffer.getvalue()


def forge(source: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Change the members of an archive."""
    with zipfile.ZipFile(source) as archive:
        members = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"model/{name}", content)
    return target


def edit(member: str, change: Callable[[Table], object]) -> Callable[[dict[str, bytes]], None]:
    def edited(members: dict[str, bytes]) -> None:
        table = json.loads(members[member])
        change(table)
        members[member] = json.dumps(table).encode()

    return edited


def graph(program: Table) -> Any:
    return program["graph_module"]["graph"]


def lying(program: Table, text: object) -> None:
    """Put an expression in the place of the first size that has one."""

    def replace(value: Any) -> bool:
        if isinstance(value, dict) and isinstance(value.get("expr_str"), str):
            value["expr_str"] = text
            return True
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return any(replace(part) for part in parts)

    assert replace(graph(program))


def payload(name: str) -> Table:
    return {"path_name": name, "is_param": False, "use_pickle": True, "tensor_meta": None}


ATTACKS: dict[str, Callable[[Path, dict[str, bytes]], None]] = {
    "pickled sample inputs": lambda marker, members: members.update(
        {"data/sample_inputs/model.pt": pickled(Attack(marker))}
    ),
    "pickled weights": lambda marker, members: (
        edit(WEIGHTS, lambda table: next(iter(table["config"].values())).update(use_pickle=True))(members),
        members.update({"data/weights/weight_0": pickled(Attack(marker))}),
    )[0],
    "an opaque object": lambda marker, members: (
        edit(CONSTANTS, lambda table: table["config"].update(evil=payload("opaque_obj_0")))(members),
        members.update({"data/constants/opaque_obj_0": pickled(Attack(marker))}),
    )[0],
    "an expression": lambda marker, members: edit(
        PROGRAM, lambda program: lying(program, f"__import__('os').mkdir({str(marker)!r}) or Integer(2)")
    )(members),
    "a long expression": lambda marker, members: edit(
        PROGRAM, lambda program: lying(program, " " * 20_000 + f"__import__('os').mkdir({str(marker)!r}) or Integer(2)")
    )(members),
    "a name": lambda marker, members: members.update(
        {PROGRAM: members[PROGRAM].replace(b'"images"', f"\"x=__import__('os').mkdir({str(marker)!r})\"".encode())}
    ),
    "a guard": lambda marker, members: edit(
        PROGRAM, lambda program: program.update(guards_code=[f"not __import__('os').mkdir({str(marker)!r})"])
    )(members),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_program_runs_code_when_it_is_opened(
    attack: str, exported: Exporter, tmp_path: Path, host: img2img.PluginHost
) -> None:
    marker = tmp_path / "executed"
    evil = forge(
        exported("cyclegan", ".pt2")[1], tmp_path / "evil.pt2", lambda members: ATTACKS[attack](marker, members)
    )
    try:
        img2img.load_model(evil, host=host)(torch.rand(1, 3, 16, 16))
    except ModelFileError:
        assert attack not in ("pickled sample inputs", "a guard"), "these are not needed, and left out"
    assert not marker.exists()


def test_the_attacks_are_real(exported: Exporter, tmp_path: Path) -> None:
    """What the test before would let through if it did nothing: torch itself runs this one."""
    marker = tmp_path / "executed"
    attack = ATTACKS["pickled sample inputs"]
    evil = forge(exported("cyclegan", ".pt2")[1], tmp_path / "evil.pt2", lambda members: attack(marker, members))
    with suppress(Exception):  # afterwards
        torch.export.load(evil)
    assert marker.exists()


REFUSED: dict[str, Callable[[Table], object]] = {
    "the operator 'torch.hub.load'": lambda program: graph(program)["nodes"][0].update(target="torch.hub.load"),
    "the operator 'torch.ops.aten.from_file.default'": lambda program: graph(program)["nodes"][0].update(
        target="torch.ops.aten.from_file.default"
    ),
    "the operator '_operator.methodcaller'": lambda program: graph(program)["nodes"][0].update(
        target="_operator.methodcaller"
    ),
    "an argument of the kind 'as_operator'": lambda program: graph(program)["nodes"][0]["inputs"][1].update(
        arg={"as_operator": "torch.hub.load"}
    ),
    "an argument of the kind 'custom_obj'": lambda program: program["graph_module"]["signature"]["input_specs"].append(
        {"custom_obj": {"arg": {"name": "x", "class_fqn": "y"}, "custom_obj_name": "x"}}
    ),
    "the name": lambda program: graph(program)["inputs"][0]["as_tensor"].update(name="x, y=__import__('os')"),
    "a table as expr_str": lambda program: lying(program, {"x": "__import__('os')"}),
    "the text": lambda program: graph(program)["nodes"][0]["inputs"][1].update(arg={"as_string": "'+__import__('os')"}),
    "the expression .Symbol": lambda program: lying(program, "Symbol('s0').__class__"),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_could_run_code_is_refused_and_named(
    message: str, exported: Exporter, tmp_path: Path, host: img2img.PluginHost
) -> None:
    evil = forge(exported("cyclegan", ".pt2")[1], tmp_path / "evil.pt2", edit(PROGRAM, REFUSED[message]))
    with pytest.raises(ModelFileError, match=f"holds {message}.*which could run code, so it is not opened"):
        img2img.load_model(evil, host=host)


def test_types_of_arguments_are_not_looked_up(exported: Exporter, tmp_path: Path, host: img2img.PluginHost) -> None:
    context = json.dumps({"__enum__": True, "fqn": "img2img_evil:Name", "name": "x"})
    spec = json.dumps([1, {"type": "builtins.tuple", "context": context, "children_spec": []}])

    def change(program: Table) -> None:
        program["graph_module"]["module_call_graph"][0]["signature"]["in_spec"] = spec

    path = forge(exported("cyclegan", ".pt2")[1], tmp_path / "evil.pt2", edit(PROGRAM, change))
    img2img.load_model(path, host=host)


def test_weights_in_other_files_are_refused(exported: Exporter, tmp_path: Path, host: img2img.PluginHost) -> None:
    model = onnx.load(exported("srgan", ".onnx")[1])
    onnx.save(model, tmp_path / "x.onnx", save_as_external_data=True, size_threshold=0, location="weights")
    with pytest.raises(ModelFileError, match="keeps its weights in other files"):
        img2img.load_model(tmp_path / "x.onnx", host=host)


LIES: dict[str, Table] = {
    "a scale": {"scale": "__import__('os')"},
    "a scale of 0": {"scale": "0"},
    "a huge multiple": {"multiple_of": 10**9},
    "channels": {"channels_in": 4},
    "an unknown entry": {"nonsense": 1},
    "rows of text": {"conditions": {"label": {"description": "", "choices": {"a": ["b"]}}}},
    "rows of unequal length": {"conditions": {"label": {"description": "", "choices": {"a": [[1.0], [1.0, 2.0]]}}}},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_file_that_lies_about_itself_is_refused(
    lie: str, exported: Exporter, tmp_path: Path, host: img2img.PluginHost
) -> None:
    model = onnx.load(exported("srgan", ".onnx")[1])
    (entry,) = (entry for entry in model.metadata_props if entry.key == KEY)
    entry.value = json.dumps({**json.loads(entry.value), **LIES[lie]})
    onnx.save(model, tmp_path / "x.onnx")
    with pytest.raises(ModelFileError, match=r"the declaration in .*x\.onnx is damaged, or of a newer version"):
        img2img.load_model(tmp_path / "x.onnx", host=host)


def test_a_scale_that_is_not_true_costs_the_images(
    exported: Exporter, tmp_path: Path, host: img2img.PluginHost
) -> None:
    model = onnx.load(exported("srgan", ".onnx")[1])
    (entry,) = (entry for entry in model.metadata_props if entry.key == KEY)
    entry.value = json.dumps({**json.loads(entry.value), "scale": "3"})
    onnx.save(model, tmp_path / "x.onnx")
    with pytest.raises(Img2ImgError, match="where its scale and channels promise"):
        img2img.load_model(tmp_path / "x.onnx", host=host)(torch.rand(1, 3, 8, 8))


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_damaged_the_answer_is_images_or_our_error(
    kind: str, exported: Exporter, tmp_path: Path, host: img2img.PluginHost, capfd: pytest.CaptureFixture[str]
) -> None:
    data, chance, messages = exported("cyclegan", kind)[1].read_bytes(), random.Random(0), list[str]()
    for number in range(60):
        damaged = bytearray(data)
        for _ in range(chance.choice([1, 10, 100])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path = tmp_path / f"x{kind}"
        path.write_bytes(damaged if number % 6 else damaged[: chance.randrange(len(damaged))])
        try:
            img2img.load_model(path, host=host)(torch.rand(1, 3, 20, 20))
        except Img2ImgError as error:
            messages.append(str(error))
    assert len(messages) > 20
    assert all(0 < len(message) < 2000 for message in messages)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02}q\x00.", b"nonsense" * 100])
def test_what_is_no_such_file_is_refused(content: bytes, kind: str, tmp_path: Path, host: img2img.PluginHost) -> None:
    path = tmp_path / f"x{kind}"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=rf"x\{kind}"):
        img2img.load_model(path, host=host)


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path, host: img2img.PluginHost) -> None:
    path = tmp_path / "x.onnx"
    with path.open("wb") as file:
        file.truncate(3 << 30)  # holes, which take no place
    with pytest.raises(ModelFileError, match="larger than 2 GiB"):
        img2img.load_model(path, host=host)


def test_an_archive_that_no_export_wrote_is_refused_also_where_it_is_only_described(tmp_path: Path) -> None:
    path = tmp_path / "scripted.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("scripted/data.pkl", b"\x80\x02}.")
        archive.writestr("scripted/code/__torch__.py", "")
    for read in (ProgramImporter().about, ProgramImporter().open):
        with pytest.raises(ModelFileError, match="it lacks archive_format"):
            read(path, None)
