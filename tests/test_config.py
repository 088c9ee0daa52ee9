"""The options of a family."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal, Self

import pytest
from pydantic import Field, ValidationError, model_validator

from img2img.config import ModelConfig, TrainingConfig, parse_assignments, read_toml
from img2img.errors import ConfigError


class Options(ModelConfig):
    width: int = Field(8, ge=4, le=64, description="channels")
    lr: float = Field(1e-4, gt=0, le=1)
    decay: float = 0.0
    loss: Literal["l1", "l2"] = "l1"
    weights: str = ""

    @model_validator(mode="after")
    def _check_even(self) -> Self:
        if self.loss == "l2" and self.width % 2:
            raise ValueError(f"width={self.width} must be even with loss=l2")
        return self


class Training(Options, TrainingConfig):
    steps: int = 7


class Demanding(ModelConfig):
    folder: str


def test_an_option_that_is_not_given_has_its_default() -> None:
    config = Options.parse({"width": 16})
    assert (config.width, config.lr, config.loss, config.weights) == (16, 1e-4, "l1", "")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"width": 1_000_000_000}, ["'width'", "64", "1000000000"]),
        ({"width": 4.5}, ["'width'", "4.5"]),
        ({"width": "wide"}, ["'width'", "'wide'"]),
        ({"loss": "l3"}, ["'loss'", "'l1' or 'l2'", "'l3'"]),
        ({"lr": 0}, ["'lr'", "greater than 0"]),
        ({"decay": float("nan")}, ["'decay'", "nan"]),
        ({"decay": float("-inf")}, ["'decay'", "inf"]),
        ({"width": 1, "loss": "l3"}, ["'width'", "'loss'"]),
    ],
)
def test_a_value_out_of_range_is_refused_naming_the_option_the_range_and_the_value(
    options: dict[str, Any], named: list[str]
) -> None:
    with pytest.raises(ConfigError) as error:
        Options.parse(options)
    assert all(word in str(error.value) for word in named), error.value


def test_an_unknown_option_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match="unknown option 'widht'; did you mean 'width'"):
        Options.parse({"widht": 16})


def test_an_unknown_option_that_resembles_none_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown option 'zzz'; known are: .*loss, lr, weights, width"):
        Options.parse({"zzz": 16})


def test_a_rule_between_options_is_reported_in_its_own_words() -> None:
    with pytest.raises(ConfigError) as error:
        Options.parse({"width": 5, "loss": "l2"})
    assert str(error.value) == "width=5 must be even with loss=l2"


def test_an_option_that_must_be_given_is_named_where_it_is_missing() -> None:
    with pytest.raises(ConfigError) as error:
        Demanding.parse({})
    assert str(error.value) == "option 'folder': Field required"


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Options().width = 5


def test_a_config_comes_back_from_json_as_it_was() -> None:
    config = Options.parse({"width": 32, "lr": 0.1 + 0.2, "weights": "ä/\n"})
    assert Options.parse_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[1, 2]",
        "3",
        "null",
        '{"width": 1e999}',
        '{"width": NaN}',
        "[" * 100_000,
        '{"width": %s}' % ("9" * 5000),
    ],
)
def test_json_that_is_no_table_of_options_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        Options.parse_json(text)


def test_a_hostile_table_is_refused_at_once_and_in_few_words() -> None:
    options = {"x" * 5_000_000: 0, "width": "y" * 1_000_000} | {f"option{index}": index for index in range(50_000)}
    begun = time.process_time()
    with pytest.raises(ConfigError) as error:
        Options.parse(options)
    assert len(str(error.value)) < 5000
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4", 4),
        ("2e-4", 2e-4),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ('"4"', "4"),
        ("l1", "l1"),
        ("", ""),
        (" C:\\new folder ", "C:\\new folder"),
        ("a=b", "a=b"),
        ("#3", "#3"),
        ("9" * 5000, "9" * 5000),
        ("4\nscale = 3", "4\nscale = 3"),
    ],
)
def test_the_value_of_an_assignment_is_toml_or_else_text(text: str, value: object) -> None:
    assert parse_assignments([f"key={text}"]) == {"key": value}


def test_assignments_become_options_and_the_last_one_counts() -> None:
    assert parse_assignments(["width = 8", "lr=1e-3", "width=16"]) == {"width": 16, "lr": 1e-3}


@pytest.mark.parametrize("word", ["width", "=16", " = 16", ""])
def test_a_word_that_is_no_assignment_is_refused_with_an_example(word: str) -> None:
    with pytest.raises(ConfigError, match="key=value, for example"):
        parse_assignments([word])


def test_a_toml_file_is_read_as_options(tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_text('width = 16\nloss = "l2"\n', "utf-8")
    assert Options.parse(read_toml(path)).width == 16


@pytest.mark.parametrize(
    "content", [b"width = ", b"width = 1\nwidth = 2", b"\xff\xfe", b"width = " + b"9" * 5000, b"width = " + b"[" * 5000]
)
def test_a_file_that_is_no_toml_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"options\.toml is not a TOML file"):
        read_toml(path)


def test_a_config_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(ConfigError, match=f"cannot read the config file {path}: "):
            read_toml(path)


def test_of_a_training_the_model_file_gets_the_options_of_the_model_alone() -> None:
    assert Training.parse({"width": 16, "batch_size": 2, "steps": 9}).part(Options) == Options(width=16)


def test_an_option_of_the_training_is_unknown_to_a_model() -> None:
    with pytest.raises(ConfigError, match="unknown option 'steps'"):
        Options.parse({"steps": 9})
