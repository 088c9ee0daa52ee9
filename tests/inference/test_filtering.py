"""Filters as they are asked for: names, options, order, and what they must return."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from img2img import PluginHost
from img2img.errors import ConfigError, PluginError, TranslationError
from img2img.inference.filtering import NO_FILTERS, Chain, Passage

GREY = np.full((4, 6, 3), 100, np.uint8)


@pytest.fixture
def passage(marked_host: PluginHost) -> Any:
    """`passage("add:value=2", "double")`."""
    return lambda *words: Chain.parse(words, marked_host).start()


@pytest.mark.parametrize(
    ("word", "options"),
    [
        ("add", {"value": 1, "side": "after"}),
        ("add:value=0x10:side=before", {"value": 16, "side": "before"}),
        ('add:side="before":value = 3', {"value": 3, "side": "before"}),
        ("img2img-marks/add:value=4", {"value": 4, "side": "after"}),
    ],
)
def test_a_filter_is_named_with_its_options(word: str, options: dict[str, Any], marked_host: PluginHost) -> None:
    assert Chain.parse([word], marked_host).describe() == [{"name": "img2img-marks/add", "options": options}]


def test_the_name_of_a_built_in_says_no_distribution(host: PluginHost) -> None:
    assert Chain.parse(["steady"], host).describe() == [{"name": "steady", "options": {"strength": 0.8}}]


def test_a_colon_that_nothing_follows_is_refused(host: PluginHost) -> None:
    with pytest.raises(ConfigError, match="filter 'grain:': no option follows the colon; write grain, or"):
        Chain.parse(["grain:"], host)


def test_a_colon_that_no_key_follows_belongs_to_the_value(marked_host: PluginHost) -> None:
    with pytest.raises(ConfigError, match=r"option 'side': .*, got 'C:/a:b'"):
        Chain.parse(["add:side=C:/a:b:value=2"], marked_host)


@pytest.mark.parametrize(
    ("word", "error", "message"),
    [
        (
            "dobule",
            PluginError,
            r"the filter 'dobule'; did you mean 'double'\? installed filters: add, broken, .*double",
        ),
        ("", PluginError, "the filter ''; installed filters: add"),
        ("add:valeu=1", ConfigError, r"'add:valeu=1': unknown option 'valeu'; did you mean 'value'\?"),
        ("add:value=999", ConfigError, "'value': .* less than or equal to 255, got 999\nadd takes value=1, side=after"),
        ("add:value", ConfigError, "filter 'add:value': 'value' is no option: write it as key=value"),
        ("broken", ConfigError, "option 'how': Field required\nbroken takes how=…, side=after, only=-1"),
        ("double:by=3", ConfigError, "unknown option 'by'.*\ndouble takes no options"),
    ],
)
def test_what_is_wrong_is_told_with_what_there_is(
    word: str, error: type[Exception], message: str, marked_host: PluginHost
) -> None:
    with pytest.raises(error, match=message):
        Chain.parse([word], marked_host)


def test_filters_work_in_the_order_in_which_they_are_named(passage: Any) -> None:
    black = np.zeros_like(GREY)
    assert (passage("add", "double").after(black, GREY) == 202).all()
    assert (passage("double", "add").after(black, GREY) == 201).all()
    assert (passage("add:side=before", "add:side=before:value=2").before(GREY) == 103).all()


def test_after_sees_the_source_as_it_was_before_all_filters(passage: Any) -> None:
    both = passage("add:side=before", "original")
    assert np.array_equal(both.after(GREY, both.before(GREY)), GREY)


def test_no_filters_hand_on_the_very_arrays() -> None:
    passage = NO_FILTERS.start()
    assert not passage
    assert passage.before(GREY) is GREY
    assert passage.after(GREY, GREY) is GREY
    assert passage.state_before() == passage.state_after() == {}


def test_a_filter_that_changes_nothing_costs_no_copy(passage: Any) -> None:
    assert passage("add", "double").before(GREY) is GREY


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("shape", r"must return uint8 of shape \(4, 6, 3\), not uint8 of shape \(3, 6, 3\)"),
        ("type", r"must return uint8 of shape \(4, 6, 3\), not float32 of shape \(4, 6, 3\)"),
        ("nothing", r"must return uint8 of shape \(4, 6, 3\), not 'NoneType'"),
        ("raise", "failed: ValueError: no idea"),
        ("exit", "failed: SystemExit: 4"),
        ("write", "failed: .*read-only"),
        ("make", "failed: ValueError: not today"),
    ],
)
def test_a_filter_that_does_not_keep_its_promise_is_named(how: str, side: str, message: str, passage: Any) -> None:
    def translate() -> None:
        both = passage("add", f"broken:how={how}:side={side}")
        both.after(GREY, both.before(GREY))

    with pytest.raises(TranslationError, match=f"the filter 'img2img-marks/broken' {message}"):
        translate()


def test_the_state_of_each_filter_on_either_side_is_restored(passage: Any) -> None:
    def seen(passage: Passage) -> tuple[int, int]:
        return int(passage.before(GREY)[0, 0, 0]), int(passage.after(GREY, GREY)[0, 0, 0])

    words = ["count", "add", *["count"] * 10]
    first, second = passage(*words), passage(*words)
    for _ in range(3):
        first.before(GREY)
    first.after(GREY, GREY)
    second.restore(first.state_before() | first.state_after())
    expected = seen(first)
    assert seen(second) == expected != seen(passage(*words))


def test_a_state_does_not_change_with_the_filter_that_goes_on(passage: Any) -> None:
    counting = passage("count")
    state = counting.state_before()
    counting.before(GREY)
    assert {name: int(value[0]) for name, value in state.items()} == {"before.0.seen": 0}


def test_a_state_that_is_not_made_of_numbers_is_refused(passage: Any) -> None:
    with pytest.raises(TranslationError, match="broken' failed: TypeError: 'what' of its state is no array of numbers"):
        passage("broken:how=state").state_after()
