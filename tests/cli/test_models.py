"""`img2img models`, `img2img inspect` and `img2img plugins`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file


def with_metadata(model: Path, target: Path, **metadata: str) -> Path:
    with safe_open(model, "pt") as file:
        known = file.metadata()
    save_file(load_file(model), target, {**known, **metadata})
    return target


def test_models_and_families_are_listed(program: Any, models: Path) -> None:
    done = program("models")
    assert (done.status, done.err) == (0, "")
    assert f"tiny                 srgan ×2  {models / 'tiny.safetensors'}" in done.out
    assert f"more are found in {models}" in done.out
    assert "srgan                super-resolution" in done.out


def test_models_as_json(program: Any, models: Path) -> None:
    listed = json.loads(program("models", "--json").out)
    assert listed["models"]["tiny"]["family"] == "srgan"
    assert listed["models"]["tiny"]["path"] == str(models / "tiny.safetensors")
    assert "super-resolution" in listed["families"]["srgan"]


def test_a_damaged_model_is_listed_with_what_is_wrong_and_hides_no_other(program: Any, models: Path) -> None:
    (models / "broken.safetensors").write_bytes(b"garbage")
    done = program("models")
    assert done.status == 0
    assert "broken" in done.out
    assert "tiny                 srgan" in done.out
    assert "is no model file" in json.loads(program("models", "--json").out)["models"]["broken"]["error"]


def test_the_options_of_a_family_with_default_kind_and_meaning(program: Any) -> None:
    done = program("models", "srgan")
    assert (done.status, done.err) == (0, "")
    assert "  scale=4  (1|2|3|4|8|16)  size of the output over that of the input\n" in done.out
    assert "  spectral_norm=false  (boolean)  " in done.out
    assert "  discriminator_lr=  (number)  learning rate of the discriminators" in done.out
    schema = json.loads(program("models", "srgan", "--json").out)
    assert schema["properties"]["scale"]["default"] == 4


def test_an_unknown_family_is_refused_with_those_there_are(program: Any) -> None:
    done = program("models", "srgna")
    assert (done.status, done.out) == (2, "")
    assert (
        "no plugin provides the family 'srgna'; did you mean 'srgan'? installed families: cyclegan, pix2pix" in done.err
    )


@pytest.mark.parametrize("by", ["tiny", "path"])
def test_a_model_file_is_inspected_by_name_and_by_path(by: str, program: Any, models: Path) -> None:
    done = program("inspect", "tiny" if by == "tiny" else models / "tiny.safetensors")
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert "family         srgan" in lines
    assert "step           7" in lines
    assert "scale          2" in lines
    assert "  width = 8" in lines


def test_a_model_file_as_json_has_the_shape_of_each_tensor(program: Any, models: Path) -> None:
    about = json.loads(program("inspect", "tiny", "--json").out)
    tensors = load_file(models / "tiny.safetensors")
    assert {name: tuple(shape) for name, shape in about["shapes"].items()} == {
        n: tuple(t.shape) for n, t in tensors.items()
    }
    assert about["parameters"] == sum(tensor.numel() for tensor in tensors.values())
    assert about["config"]["scale"] == 2


@pytest.mark.parametrize(
    ("config", "message"),
    [("{", "is not valid JSON"), ("[" * 100_000, "is not valid JSON"), ("[1]", "is no table of options")],
)
def test_a_damaged_config_is_an_error_and_no_traceback(
    config: str, message: str, program: Any, models: Path, tmp_path: Path
) -> None:
    path = with_metadata(models / "tiny.safetensors", tmp_path / "damaged.safetensors", config=config)
    for words in ([], ["--json"]):
        done = program("inspect", path, *words)
        assert (done.status, done.out) == (2, "")
        assert message in done.err


def test_what_a_header_says_cannot_write_to_the_terminal(program: Any, models: Path, tmp_path: Path) -> None:
    path = with_metadata(
        models / "tiny.safetensors", tmp_path / "red.safetensors", trained_on="\x1b[31mred\nfamily  good"
    )
    out = program("inspect", path).out
    assert "\x1b" not in out
    assert "trained_on     \\x1b[31mred\\nfamily  good" in out
