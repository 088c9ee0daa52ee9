"""Translates live pictures: always the newest frame; frames that came while the network was busy are dropped."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from threading import Condition, Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from img2img.inference.filtering import NO_FILTERS, Chain
from img2img.inference.memory import Memory
from img2img.inference.model import Model
from img2img.inference.picture import Picture
from img2img.media.image.alpha import WHITE, in_front_of
from img2img.media.opencv import cv2

if TYPE_CHECKING:
    from img2img.media.clip.frames import Clip
    from img2img.media.image.images import Pixels

_PATIENCE = 0.01
"""Seconds between two checks of whether the user wants to stop."""


class Shot(NamedTuple):
    """A frame that may be shown, with its time."""

    at: float
    """The time to show it, in seconds from the first frame; a frame that is late is shown at once."""
    duration: float
    """How long it is shown, in seconds."""
    picture: Callable[[], Pixels]
    """Returns the pixels; frames whose pixels nobody asks for are not decoded."""


def shots_of(source: Clip) -> Iterator[Shot]:
    """Return the frames of a clip with their times; a camera's frames come at their times already."""
    tick = float(source.info.time_base)
    return (Shot(frame.pts * tick, frame.duration * tick, frame.picture) for frame in source.frames())


class Latest:
    """Runs through shots in a thread of its own, at their times, and keeps only the newest.

    It is a context manager: leaving it ends the thread, after the shot that is being read.
    """

    def __init__(self, shots: Iterator[Shot]) -> None:
        self.dropped = 0
        """The number of shots that nobody took before the next one came."""
        self._shots = shots
        self._newest: Shot | None = None
        self._error: BaseException | None = None
        self._over = self._closed = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="source", daemon=True)

    def __enter__(self) -> Latest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def take(self, patience: float) -> Shot | None:
        """Return the newest shot, each one only once; None where none came within `patience` seconds.

        Raises:
            EOFError: The source has ended.
            Img2ImgError: The source failed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._over, patience)
            shot, self._newest = self._newest, None
            if shot is None and self._over:
                raise self._error or EOFError
            return shot

    def _run(self) -> None:
        try:
            self._go_through()
        except BaseException as error:
            self._error = error
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _go_through(self) -> None:
        begun, end = None, 0.0
        for shot in self._shots:
            begun = perf_counter() - shot.at if begun is None else begun
            end = begun + shot.at + shot.duration
            if not self._is_wanted_at(begun + shot.at):
                return
            with self._changed:
                self.dropped += self._newest is not None
                self._newest = shot
                self._changed.notify_all()
        self._is_wanted_at(end)

    def _is_wanted_at(self, instant: float) -> bool:
        """Wait until an instant; return False if the thread shall end before."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._closed, max(0, instant - perf_counter()))


@dataclass
class Counts:
    """How many frames were shown and dropped so far, and how fast."""

    shown: int = 0
    dropped: int = 0
    seconds: float = 0
    """Seconds since the beginning."""
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=20))

    @property
    def rate(self) -> float:
        """Return the frames shown per second, from the beginning to the end."""
        return self.shown / self.seconds if self.seconds else 0.0

    @property
    def current_rate(self) -> float:
        """Return the frames shown per second, over the last ones."""
        passed = self._recent[-1] - self._recent[0] if self._recent else 0.0
        return (len(self._recent) - 1) / passed if passed else 0.0

    def update(self, shown: int, dropped: int, seconds: float) -> None:
        """Take new counts, `seconds` after the beginning."""
        if shown > self.shown:
            self._recent.append(seconds)
        self.shown, self.dropped, self.seconds = shown, dropped, seconds


class Screen(Protocol):
    """A place where frames are shown, such as a window."""

    def show(self, before: Pixels, after: Pixels, counts: Counts) -> None:
        """Show a frame before and after translation, (H, W, 3) of uint8 each, brought to one height."""

    def heed(self) -> bool:
        """React to what the user does, and return False once the screen was closed; it is called again and again."""


def live(
    model: Model,
    conditions: Mapping[str, Any],
    shots: Iterator[Shot],
    screen: Screen,
    stop: Callable[[], bool],
    *,
    width: int | None = None,
    filters: Chain = NO_FILTERS,
) -> Counts:
    """Show shots before and after translation, always the newest, until they end, or the user or `stop` ends it.

    The network runs in another thread than the screen, so that the screen answers while a frame takes its time.

    Args:
        model: The model that translates the shots.
        conditions: The model's conditions, by name.
        shots: The shots of a clip or of a camera.
        screen: The screen that shows them; only this thread uses it.
        stop: Called again and again; True ends the show.
        width: The width, in pixels, to which wider frames are reduced.
        filters: The filters before and after the model.

    Returns:
        The counts of the frames that were shown and dropped, which together are all that came.

    Raises:
        UsageError: A condition is unknown, missing or wrong, or the model makes pictures of noise.
        VideoError: The source failed.
        TranslationError: The network or a filter failed.
    """
    model.check_takes_pictures()
    rows, counts = model.parse_conditions(conditions), Counts()
    passage, memory = filters.start(model.device.place), Memory()
    seen: deque[Picture] = deque(maxlen=model.traits.window[0] + 1)

    def translate(shot: Shot) -> tuple[Pixels, Pixels]:
        """Return a shot before and after translation."""
        before = _prepared(shot.picture(), width)
        seen.append(Picture.enter(before, model.translator.traits, passage))
        after = _three_channels(model.carry(_with_past(seen, model.traits.window), rows, memory))
        return _fitted(before, after.shape[0]), after

    def wanted() -> bool:
        """Return whether neither the user nor `stop` has ended the show."""
        return screen.heed() and not stop()

    with Latest(shots) as latest, ThreadPoolExecutor(1, "live") as worker:
        begun = perf_counter()
        while wanted() and (shot := _next(latest, wanted)):
            pending = worker.submit(translate, shot)
            while not wait([pending], _PATIENCE).done and wanted():
                pass
            if not pending.done():
                break
            before, after = pending.result()
            counts.update(counts.shown + 1, latest.dropped, perf_counter() - begun)
            screen.show(before, after, counts)
        counts.update(counts.shown, latest.dropped, perf_counter() - begun)
    return counts


def _with_past(seen: Sequence[Picture], window: tuple[int, int]) -> Picture:
    """Return the newest picture with those before it; it stands in for those after it, which nobody knows yet."""
    newest = seen[-1]
    past = [each.entering for each in seen if each.entering.shape == newest.entering.shape]
    missing = window[0] + 1 - len(past)
    return replace(newest, window=(*past[:1] * missing, *past, *[newest.entering] * window[1]))


def _next(latest: Latest, wanted: Callable[[], bool]) -> Shot | None:
    """Return the newest shot; None at the end, or once no more is wanted."""
    try:
        while (shot := latest.take(_PATIENCE)) is None and wanted():
            pass
    except EOFError:
        return None
    return shot


def _prepared(pixels: Pixels, width: int | None) -> Pixels:
    """Bring pixels to (H, W, 3) of uint8, and reduce them if they are wider than `width`."""
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels / np.float32(257)).astype(np.uint8)
    pixels = np.ascontiguousarray(_three_channels(pixels))
    if width is None or pixels.shape[1] <= width:
        return pixels
    height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


def _three_channels(pixels: Pixels) -> Pixels:
    """Repeat grey, and put what is transparent in front of white."""
    pixels = in_front_of(WHITE, pixels) if pixels.shape[2] in (2, 4) else pixels
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def _fitted(pixels: Pixels, height: int) -> Pixels:
    """Bring a picture to a height."""
    if pixels.shape[0] == height:
        return pixels
    size = (max(1, round(pixels.shape[1] * height / pixels.shape[0])), height)
    way = cv2.INTER_CUBIC if height > pixels.shape[0] else cv2.INTER_AREA
    return cv2.resize(pixels, size, interpolation=way)
