"""The built-in families keep every promise, and so does the tiny one of which bad ones are made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from img2img import PluginHost
from img2img.testing import assert_family, check_family, check_plugin, engine
from img2img.testing.family import FamilySubject
from img2img.testing.pictures import LAYOUTS
from img2img.testing.promise import Materials
from img2img.testing.promises import data, families, network, reach

IMPORT = "        from img2img.datasets import super_resolution\n"
PICKY = (
    f'{IMPORT}        if not (root / "photos").is_dir():\n            raise img2img.DataError("there are no photos")\n'
)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cyclegan", "pix2pix", "srgan", "stargan"])
def test_a_built_in_keeps_every_promise_without_a_remark(name: str) -> None:
    outcomes = [*check_plugin(name)]
    assert not [outcome.text for outcome in outcomes if outcome.state == "broken"]
    assert not [outcome.text for outcome in outcomes if outcome.state == "ok" and outcome.detail]
    assert sum(outcome.state == "ok" for outcome in outcomes) >= 30


@pytest.mark.slow
def test_a_family_that_has_everything_keeps_every_promise(family: Callable[..., Any]) -> None:
    outcomes = check_family(family())
    left = [outcome for outcome in outcomes if outcome.state != "ok" and outcome.group != "time"]
    assert {outcome.promise for outcome in left} == {
        "another device gives nearly the same",
        "overlapping tiles give nearly what the whole gives",
        "a number out of its range is refused",
        "an image given as condition may have any size",
    }, left


def test_a_broken_promise_is_an_assertion_that_names_measurement_and_options(family: Callable[..., Any]) -> None:
    with pytest.raises(AssertionError) as raised:
        assert_family(family("assertion"), options={"width": 5, "stepps": 9})
    assert str(raised.value).splitlines() == [
        "family assertion: its options make a config",
        "ConfigError: unknown option 'stepps'; did you mean 'steps'?",
        "with -o width=5 -o crop=32 -o batch_size=2 -o steps=4 -o stepps=9",
    ]


def test_a_needlessly_wide_halo_is_remarked_and_breaks_nothing(family: Callable[..., Any], tmp_path: Path) -> None:
    subject = FamilySubject(family("wide", ("translator.py", "halo=5", "halo=20")), tmp_path)
    outcome = subject.outcome(reach.the_halo_is_as_wide_as_the_network_looks)
    assert outcome.state == "ok"
    assert "halo=20 is declared, but no pixel further away than 5" in outcome.detail


OVERLAP = ("translator.py", 'tiling="exact",\n        halo=5', 'tiling="overlap",\n        halo=2')
CORNER = (
    "translator.py",
    "        return self.generator(images, strength)",
    "        return self.generator(images, strength) * 0 + images[:, :, :1, :1]",
)


def test_the_seams_of_overlapping_tiles_are_measured(family: Callable[..., Any], tmp_path: Path) -> None:
    subject = FamilySubject(family("overlapping", OVERLAP), tmp_path)
    outcome = subject.outcome(reach.overlapping_tiles_give_nearly_what_the_whole_gives)
    assert outcome.state == "ok"
    assert "in tiles of 16 with halo=2, results are off by 0.0" in outcome.detail


def test_overlapping_tiles_of_a_network_that_looks_into_a_corner_break_the_promise(
    family: Callable[..., Any], tmp_path: Path
) -> None:
    subject = FamilySubject(family("everywhere", OVERLAP, CORNER), tmp_path)
    outcome = subject.outcome(reach.overlapping_tiles_give_nearly_what_the_whole_gives)
    assert outcome.state == "broken"
    assert "declare a wider halo, or tiling='never'" in outcome.detail


def test_data_of_an_unusual_layout_are_asked_for(family: Callable[..., Any], tmp_path: Path) -> None:
    picky = family("picky", ("family.py", IMPORT, PICKY))
    outcome = FamilySubject(picky, tmp_path).outcome(data.training_data_are_read)
    assert outcome.state == "skipped"
    assert "give a folder with --data" in outcome.detail
    assert "source and target, 72 pixels: there are no photos" in outcome.detail


def test_data_that_are_given_are_taken(family: Callable[..., Any], tmp_path: Path) -> None:
    next(iter(LAYOUTS.values()))(tmp_path / "data" / "photos", 72)
    subject = FamilySubject(family("given", ("family.py", IMPORT, PICKY)), tmp_path, data=tmp_path / "data")
    assert subject.outcome(data.training_data_are_read).state == "ok"


def test_a_family_has_a_folder_of_its_own_also_with_data_that_are_given(
    family: Callable[..., Any], tmp_path: Path, host: PluginHost
) -> None:
    next(iter(LAYOUTS.values()))(tmp_path / "data", 72)
    subject = families.subject_of(family(), Materials(tmp_path, host, data=tmp_path / "data"))
    assert network.save(subject, subject.generator()).is_file()


def test_a_trainer_is_lent_an_engine_for_tests_of_its_step(family: Callable[..., Any]) -> None:
    tiny = family()
    lent = engine(accumulate=2)
    trainer = tiny.trainer(tiny.training_class.parse({"width": 4}), lent)
    lent.step = 7
    lent.begin(part=1)
    assert (trainer.engine.step, str(trainer.engine.device)) == (7, "cpu")
