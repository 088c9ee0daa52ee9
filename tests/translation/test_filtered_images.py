"""Filters in jobs of images: what reaches the network and the file, what one costs that fails, what is done again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from img2img import Model, Output, PluginHost, translate
from img2img.errors import ConfigError, PluginError, UsageError
from img2img.translation.report import Report

Again = Callable[..., Report]

pytestmark = pytest.mark.usefixtures("marked_host")  # which `again` uses too


@pytest.fixture
def translated(tmp_path: Path, enlarger: Model, marked_host: PluginHost, make: Any) -> Callable[..., Any]:
    """What becomes of a picture: inverted, doubled, and filtered."""

    def translated(pixels: Any, *filters: str) -> Any:
        source, target = make.save(tmp_path / "one.png", pixels), tmp_path / "done.png"
        report = translate(
            source, target, model=enlarger, filters=filters, host=marked_host, output=Output(overwrite=True)
        )
        assert report.counts["done"] == 1
        return make.load(target)

    return translated


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_filters_change_reaches_the_network_and_what_they_make_of_it_the_file(
    dtype: type, translated: Callable[..., Any], make: Any
) -> None:
    pixels = make.picture(dtype=dtype)
    done = translated(pixels, "add:value=5:side=before", "double", "add")
    expected = (np.iinfo(dtype).max - (pixels + dtype(5))) * dtype(2) + dtype(1)
    assert done.dtype == dtype
    assert np.array_equal(done[::2, ::2], expected)


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_passes_by_the_filters(channels: int, translated: Callable[..., Any], make: Any) -> None:
    pixels = make.picture(channels=channels)
    pixels[..., -1] |= 1  # what nobody sees is filled
    plain, done = translated(pixels), translated(pixels, "add:side=before", "double")
    assert np.array_equal(done[..., -1], plain[..., -1])
    assert (done[::2, ::2, :-1] == (254 - pixels[..., :-1]) * np.uint8(2)).all()


def test_a_grey_image_is_filtered_as_the_network_sees_it_and_stays_grey(
    translated: Callable[..., Any], make: Any
) -> None:
    pixels = make.picture(channels=1)
    done = translated(pixels, "add:value=3")
    assert np.array_equal(done[::2, ::2], 255 - pixels + np.uint8(3))


def test_each_image_has_filters_of_its_own(again: Again, photos: Path, tmp_path: Path, make: Any) -> None:
    again(filters=["count"], batch_size=4)
    for name in make.tree(photos):
        expected = 255 - (make.load(photos / name) + np.uint8(1)) + np.uint8(10)
        assert np.array_equal(make.load(tmp_path / "out" / name)[::2, ::2], expected)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("how", ["raise", "exit", "shape", "type", "nothing", "write"])
def test_an_image_on_which_a_filter_fails_is_lost_alone_and_the_filter_named(
    how: str, side: str, again: Again, photos: Path, make: Any
) -> None:
    pixels = make.load(photos / "3.png")
    others = [make.load(path)[0, 0, 0] for path in photos.rglob("*.png") if path.name != "3.png"]
    pixels[0, 0] = next(level for level in range(256) if level not in others)
    make.save(photos / "3.png", pixels)
    report = again(filters=[f"broken:how={how}:side={side}:only={pixels[0, 0, 0]}"], batch_size=4)
    (lost,) = [item for item in report.items if item.status == "failed"]
    assert lost.source.name == "3.png"
    assert lost.reason.startswith(f"{lost.source}: the filter 'img2img-marks/broken' ")
    assert not lost.target.exists()
    assert report.counts["done"] == 6


def test_a_filter_that_cannot_be_made_costs_the_images_and_not_the_program(again: Again) -> None:
    report = again(filters=["broken:how=make"])
    assert report.counts["failed"] == 7
    assert "the filter 'img2img-marks/broken' failed: ValueError: not today" in report.items[0].reason


@pytest.mark.parametrize("filters", [[], ["add"], ["add:value=2", "double"], ["double", "add"]], ids=str)
def test_a_target_that_was_made_with_other_filters_is_not_taken_for_done(filters: list[str], again: Again) -> None:
    again(filters=["add", "double"])
    assert again(filters=["add:value=1:side=after", "img2img-marks/double"]).counts["skipped"] == 7
    with pytest.raises(UsageError, match="7 of 7 targets exist and were not made with this model and these settings"):
        again(filters=filters)
    assert again(filters=filters, overwrite=True).counts["done"] == 7


def test_the_report_names_the_filters_and_all_their_options(again: Again, tmp_path: Path) -> None:
    again(filters=["double", "steady"], report=tmp_path / "report.json")
    options = json.loads((tmp_path / "report.json").read_text("ascii"))["options"]
    assert options["filters"] == [
        {"name": "img2img-marks/double", "options": {}},
        {"name": "steady", "options": {"strength": 0.8}},
    ]


@pytest.mark.parametrize(("word", "error"), [("nonsense", PluginError), ("add:value=x", ConfigError)])
def test_filters_that_cannot_be_are_refused_before_anything_is_read(
    word: str, error: type[Exception], again: Again, tmp_path: Path
) -> None:
    with pytest.raises(error, match=word):
        again(filters=[word], model="no such model")
    assert not (tmp_path / "out").exists()
