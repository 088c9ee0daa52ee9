"""Kinds of extensions: each has all that goes through its object, and nothing stands beside these objects."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pkgutil import resolve_name
from typing import Any

import pytest

from img2img.contract import hookspecs, observers
from img2img.errors import PluginError
from img2img.host.kinds import FILTERS, KINDS, SOURCES, TARGETS, Kind
from img2img.testing.promise import Promise
from img2img.training.run import Run
from img2img.translation.job import Job
from img2img.translation.report import Item, Report

EACH = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)


def test_each_kind_has_its_hook_and_each_hook_that_registers_its_kind() -> None:
    specs = {name for name in vars(hookspecs) if name.startswith("register_")}
    assert specs == {kind.hook for kind in KINDS if kind.hook}


@EACH
def test_the_hook_of_a_kind_says_what_the_kind_takes(kind: Kind[Any]) -> None:
    if not kind.hook:
        return
    annotation = vars(hookspecs)[kind.hook].__annotations__["register"]
    name = kind.contract.rpartition(":")[2]
    assert name in annotation
    assert ("type[" in annotation) == kind.by_class


@EACH
def test_the_class_of_a_kind_is_there(kind: Kind[Any]) -> None:
    assert isinstance(resolve_name(kind.contract), type)


@EACH
def test_each_kind_has_promises_besides_that_of_a_name(kind: Kind[Any]) -> None:
    module = import_module(kind.promises)
    assert len(module.PROMISES) >= 2
    assert all(isinstance(promise, Promise) for promise in module.PROMISES)
    assert callable(module.subject_of)


def test_the_words_of_two_kinds_differ() -> None:
    for words in ("noun", "plural", "contract"):
        assert len({getattr(kind, words) for kind in KINDS}) == len(KINDS)


def test_the_kinds_are_told_apart_without_an_import_of_what_they_are_made_of() -> None:
    program = "import sys, img2img.host.kinds; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert not {"torch", "numpy", "click", "pydantic", "img2img.contract"} & set(loaded)


@pytest.mark.parametrize("kind", [SOURCES, TARGETS], ids=lambda kind: kind.noun)
def test_a_suffix_that_needs_no_plugin_is_no_name_for_clips(kind: Kind[Any]) -> None:
    contract = resolve_name(kind.contract)
    members = {name: lambda *arguments: None for name in contract.__abstractmethods__}
    thing = type("Taken", (contract,), {"name": "mp4", "summary": "films", **members})()
    with pytest.raises(PluginError, match=f"'mp4' is no name for a {kind.noun}: img2img itself knows files"):
        kind.check(thing)


def test_a_filter_is_registered_by_its_class_and_not_as_an_object() -> None:
    filter_class = type("Same", (resolve_name(FILTERS.contract),), {"name": "same", "summary": "nothing"})
    FILTERS.check(filter_class)
    with pytest.raises(PluginError, match="register\\(\\) takes a subclass of Filter, not <"):
        FILTERS.check(filter_class(None))


@pytest.mark.parametrize("shown", [Run, Job, Item, Report])
def test_what_observers_may_rely_on_is_there(shown: type) -> None:
    view = getattr(observers, f"{shown.__name__}View")
    promised = {name for name, value in vars(view).items() if isinstance(value, property)}
    assert promised
    assert promised <= {*shown.__dataclass_fields__, *vars(shown)}  # type: ignore[attr-defined]
