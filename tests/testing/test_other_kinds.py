"""Bad filters, importers and commands, each of which breaks one promise; and what becomes of the good ones."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from img2img import Translator
from img2img.contract.filters import Filter, FilterOptions
from img2img.contract.importers import Importer
from img2img.errors import ModelFileError
from img2img.testing.promises import commands, filters, importers
from img2img.testing.promises.commands import CommandSubject
from img2img.testing.promises.filters import FilterSubject
from img2img.testing.promises.importers import ImporterSubject

from .outcomes import broken, states


class Mean(Filter):
    """The mean of a frame and the one before it."""

    name, summary = "mean", "blends each frame with the one before"
    last: np.ndarray | None = None

    def after(self, source: Any, result: Any) -> Any:
        blended = result if self.last is None else ((result.astype(float) + self.last) / 2).astype(result.dtype)
        self.last = blended
        return blended

    def state(self) -> dict[str, Any]:
        return {} if self.last is None else {"last": self.last}

    def restore(self, state: Any) -> None:
        self.last = state["last"]


class Reshaping(Mean):
    def before(self, source: Any) -> Any:
        return source[..., :1]


class Converting(Mean):
    def after(self, source: Any, result: Any) -> Any:
        return super().after(source, result) / 255


class Random(Mean):
    def before(self, source: Any) -> Any:
        return np.random.default_rng().permutation(source)


class Forgetful(Mean):
    def restore(self, state: Any) -> None:
        pass


class Reusing(Mean):
    def before(self, source: Any) -> Any:
        self.buffer = source.copy() if not hasattr(self, "buffer") else self.buffer
        self.buffer[:] = source
        return self.buffer


class Writing(Mean):
    def before(self, source: Any) -> Any:
        source += 1
        return source


class Lenient(Mean):
    class Options(FilterOptions, extra="ignore"):
        pass

    options_class = Options


SHAPE = "frames keep their shape and type"


@pytest.mark.parametrize(
    ("kind", "promise", "measured"),
    [
        (Reshaping, SHAPE, "before() made uint8 (1, 1, 1) of uint8 (1, 1, 3)"),
        (Converting, SHAPE, "after() made float64 (2, 2, 1) of uint8 (2, 2, 1)"),
        (Writing, SHAPE, "read-only"),
        (Random, "the same frames give the same results", "before() makes something else"),
        (Reusing, "what was returned does not change later", "what before() returned for the first frame changed"),
        (Forgetful, "it goes on from its state to the same bits", "restored after frame 3, after() makes other frames"),
        (Lenient, "an unknown option is refused", "it took no_such_option=1"),
    ],
)
def test_a_bad_filter_breaks_its_own_promise_and_no_other(kind: type[Filter], promise: str, measured: str) -> None:
    found = broken(FilterSubject(kind), filters)
    assert [*found] == [promise]
    assert measured in found[promise]


def test_a_good_filter_keeps_every_promise() -> None:
    assert set(states(FilterSubject(Mean), filters).values()) == {"ok"}


def test_a_filter_that_needs_an_option_is_passed_over_with_the_reason() -> None:
    class Needy(Mean):
        class Options(FilterOptions):
            strength: int

        options_class = Options

    outcomes = [FilterSubject(Needy).outcome(promise) for promise in filters.PROMISES]
    assert {outcome.state for outcome in outcomes} == {"ok", "skipped"}
    assert all("option 'strength'" in outcome.detail for outcome in outcomes if outcome.state == "skipped")


class Careful(Importer):
    name, summary, suffixes = "careful", "opens nothing", (".abc",)

    def open(self, path: Path, weights: object) -> Translator:
        raise ModelFileError(f"{path} is none of mine")


class Careless(Careful):
    def open(self, path: Path, weights: object) -> Translator:
        raise KeyError("weights")


def test_an_importer_refuses_noise_by_the_error_that_users_see(tmp_path: Path) -> None:
    assert not broken(ImporterSubject(Careful(), tmp_path), importers)
    found = broken(ImporterSubject(Careless(), tmp_path), importers)
    assert [*found] == ["what is none of its files is refused"]
    assert "KeyError: 'weights' (test_other_kinds.py, line " in found["what is none of its files is refused"]


def test_an_importer_that_claims_any_table_of_tensors_breaks_its_promise(tmp_path: Path) -> None:
    class Greedy(Careful):
        def claims(self, path: Path, weights: object) -> bool:
            return True

    found = broken(ImporterSubject(Greedy(), tmp_path), importers)
    assert "claims nobody.abc" in found["a table of tensors of nobody is not claimed"]


def test_a_command_without_a_word_of_help_breaks_its_promise() -> None:
    good, bad = click.Command("good", help="Does good."), click.Command("bad")
    assert not broken(CommandSubject(good), commands)
    assert "docstring" in broken(CommandSubject(bad), commands)["it says what it does when asked for help"]


def test_an_option_without_a_word_of_help_breaks_the_commands_promise() -> None:
    bad = click.Command(
        "bad", help="Does.", params=[click.Option(["-q", "--quick"]), click.Option(["--sure"], help="Yes.")]
    )
    found = broken(CommandSubject(bad), commands)
    assert [*found] == ["every option says what it is for"]
    assert "no help stands beside --quick" in found["every option says what it is for"]


@pytest.mark.parametrize(("first_line", "state"), [("import json", "ok"), ("import torch", "broken")])
def test_a_command_whose_module_imports_torch_breaks_its_promise(
    first_line: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"command_{state}"
    code = f'{first_line}\nimport click\n@click.command()\ndef command():\n    "Does."'
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    subject = CommandSubject(importlib.import_module(name).command)
    assert states(subject, commands)["its module is imported without torch"] == state
