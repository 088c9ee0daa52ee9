"""How showing what happens now comes to its end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from torch import Tensor

from img2img import Model, PluginHost
from img2img.errors import Img2ImgError, TranslationError, VideoError
from img2img.inference.filtering import Chain
from img2img.live.live import Latest, Shot, live

from .screens import Recorder, at_once, never


@pytest.mark.parametrize("meanwhile", [True, False], ids=["while a frame is at work", "after a frame"])
def test_a_closed_screen_ends_it_though_the_clip_goes_on(meanwhile: bool, make: Any) -> None:
    began, closed, calls = time.monotonic(), Event(), []

    class Screen(Recorder):
        def heed(self) -> bool:
            if calls if meanwhile else self.pairs:
                closed.set()
            return not closed.is_set()

    def network(images: Tensor) -> Tensor:
        calls.append(1)
        assert not meanwhile or closed.wait(60), "nobody looks at the screen while a frame is at work"
        return images

    screen, pixels = Screen(), make.picture()
    live(make.model(make.translator(network)), {}, iter([Shot(0, 200, lambda: pixels)]), screen, never)
    assert len(calls) == 1
    assert len(screen.pairs) == (0 if meanwhile else 1)
    assert time.monotonic() - began < 150, "the clip was waited for, which goes on for 200 seconds"


def test_a_wish_to_stop_ends_it_though_nothing_comes(enlarger: Model) -> None:
    ended, asked = Event(), iter([False] * 5 + [True] * 100)

    def nothing() -> Iterator[Shot]:
        assert ended.wait(60), "nobody asked meanwhile"
        yield from ()

    def stop() -> bool:
        if wanted := next(asked):
            ended.set()
        return wanted

    assert live(enlarger, {}, nothing(), Recorder(), stop).shown == 0


def test_an_error_of_the_source_is_raised_after_the_frames_before_it(make: Any, enlarger: Model) -> None:
    def failing() -> Iterator[Shot]:
        yield from at_once(make.picture())
        raise VideoError("the cable was pulled")

    screen = Recorder()
    with pytest.raises(VideoError, match="the cable was pulled"):
        live(enlarger, {}, failing(), screen, never)
    assert len(screen.pairs) == 1


def test_an_error_of_the_network_is_raised(make: Any) -> None:
    model = make.model(make.translator(lambda images: 1 / 0))
    with pytest.raises(TranslationError, match="ZeroDivisionError"):
        live(model, {}, at_once(*[make.picture()] * 100), Recorder(), never)


def test_what_ends_ends_for_good() -> None:
    with Latest(at_once()) as latest:
        for _ in range(2):
            with pytest.raises(EOFError):
                latest.take(60)
    assert not issubclass(EOFError, Img2ImgError)


def test_what_is_left_is_not_waited_for() -> None:
    began = time.monotonic()
    with Latest(iter([Shot(0, 200, never)])) as latest:
        assert latest.take(60)
        assert latest.take(0) is None
    assert time.monotonic() - began < 150


def test_a_filter_that_fails_ends_it_and_is_named(make: Any, marked_host: PluginHost) -> None:
    chain = Chain.parse(["broken:how=raise"], marked_host)
    model = make.model(make.translator(lambda images: images))
    with pytest.raises(TranslationError, match="the filter 'img2img-marks/broken' failed: ValueError: no idea"):
        live(model, {}, at_once(make.picture()), Recorder(), never, filters=chain)
