"""Bad sources and targets of clips, each of which breaks one promise; and good ones, which break none."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from img2img import Clip, ClipInfo, ClipSource, ClipTarget, Frame, UsageError, VideoError
from img2img.testing.promises import sources, targets
from img2img.testing.promises.sources import SourceSubject
from img2img.testing.promises.targets import TargetSubject

from .outcomes import broken, states


class Stack:
    """Frames of one array."""

    damage = ""

    def __init__(self, stack: np.ndarray) -> None:
        self.stack = stack
        self.info = ClipInfo(stack.shape[2], stack.shape[1], Fraction(1, 25), Fraction(25))

    def frames(self) -> Iterator[Frame]:
        for number, pixels in enumerate(self.stack):
            yield Frame(number, 1, lambda pixels=pixels: pixels)

    def close(self) -> None:
        pass


class Good(ClipSource):
    name, summary = "stack", "stacks of images"

    def open(self, address: str, fps: Fraction | None) -> Clip:
        try:
            return Stack(np.load(BytesIO(Path(address).read_bytes()), allow_pickle=False))
        except (OSError, ValueError) as error:
            raise VideoError(f"{address} is no stack") from error


class Crashing(Good):
    def open(self, address: str, fps: Fraction | None) -> Clip:
        return Stack(np.load(BytesIO(Path(address).read_bytes())))


class Nameless(Good):
    def open(self, address: str, fps: Fraction | None) -> Clip:
        raise UsageError("not so")


class Trusting(Good):
    """It makes a clip of whatever is in a file."""

    def open(self, address: str, fps: Fraction | None) -> Clip:
        if not Path(address).exists():
            raise VideoError(f"{address} is not there")
        return Stack(np.zeros((1, 4, 4, 3), np.uint8))


class Dividing(Good):
    """It needs a rate and does not ask for it."""

    def open(self, address: str, fps: Fraction | None) -> Clip:
        1 / fps
        return super().open(address, fps)


class Wordy(Good):
    summary = "stacks\nof images"


NOTHING = "an address where nothing is is refused by name"
NOISE = "what is none of its files is refused by name"


@pytest.mark.parametrize(
    ("source", "promises", "measured"),
    [
        (Crashing, [NOTHING, NOISE], "FileNotFoundError"),
        (Nameless, [NOTHING, NOISE], "with fps=None it refuses no/such/address without naming it: not so"),
        (Trusting, [NOISE], "with fps=None it opens noise.stack"),
        (Dividing, [NOTHING, NOISE], "with fps=None it raises another error than an Img2ImgError: TypeError"),
        (Wordy, ["it has a name and a summary of one line"], "the summary is"),
    ],
)
def test_a_bad_source_breaks_its_promises(
    source: type[ClipSource], promises: list[str], measured: str, tmp_path: Path
) -> None:
    found = broken(SourceSubject(source(), tmp_path), sources)
    assert [*found] == promises
    assert measured in found[promises[0]]


def test_a_good_source_keeps_every_promise(tmp_path: Path) -> None:
    assert set(states(SourceSubject(Good(), tmp_path), sources).values()) == {"ok"}


def test_a_source_that_reads_no_files_is_shown_none(tmp_path: Path) -> None:
    class Device(Good):
        reads_files = False

    assert states(SourceSubject(Device(), tmp_path), sources)[NOISE] == "skipped"


class Writer:
    def __init__(self, path: Path) -> None:
        self.path, self.frames = path, []

    def add(self, pixels: Any, frame: Frame) -> None:
        pixels = pixels[..., :3] if pixels.shape[2] > 1 else pixels.repeat(3, axis=2)
        self.frames.append((pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels)

    def finish(self) -> None:
        with self.path.open("wb") as file:
            np.save(file, np.stack(self.frames))

    def close(self) -> None:
        self.frames.clear()


class Suffixing(Writer):
    """It adds a suffix to the name that it was given, as `numpy.save` does."""

    def finish(self) -> None:
        np.save(self.path, np.stack(self.frames))


class Backwards(Writer):
    def finish(self) -> None:
        self.frames.reverse()
        super().finish()


class Forgetful(Writer):
    def add(self, pixels: Any, frame: Frame) -> None:
        if frame.pts > 0:
            super().add(pixels, frame)


class Clinging(Writer):
    def close(self) -> None:
        if not self.path.exists():
            raise RuntimeError("there is nothing to close")


class Coloured(Writer):
    def add(self, pixels: Any, frame: Frame) -> None:
        if pixels.shape[2] == 1:
            raise ValueError("where are the colours?")
        super().add(pixels, frame)


def target_of(writer: type[Writer]) -> ClipTarget:
    class Target(ClipTarget):
        name, summary = "stack", "stacks of images"

        def create(self, path: Path, info: ClipInfo) -> Writer:
            return writer(path)

    return Target()


ORDER = "the source of its name reads back each frame in order"


@pytest.mark.parametrize(
    ("writer", "promise", "measured"),
    [
        (
            Suffixing,
            "a finished file stands where it was asked for",
            "to write target.part; the folder holds target.part.npy",
        ),
        (Backwards, ORDER, "frames of the greys (0.2, 0.8, 0.5) came back as [0.5, 0.8, 0.2]"),
        (Forgetful, ORDER, "came back as [0.8, 0.5]"),
        (Clinging, "a file that is given up is let go of", "there is nothing to close"),
        (Coloured, "frames of any depth and number of channels are written", "where are the colours?"),
    ],
)
def test_a_bad_target_breaks_its_own_promise_and_no_other(
    writer: type[Writer], promise: str, measured: str, tmp_path: Path
) -> None:
    found = broken(TargetSubject(target_of(writer), tmp_path, Good()), targets)
    assert [*found] == [promise]
    assert measured in found[promise]


def test_a_good_target_keeps_every_promise(tmp_path: Path) -> None:
    assert set(states(TargetSubject(target_of(Writer), tmp_path, Good()), targets).values()) == {"ok"}


def test_a_target_that_nothing_reads_is_only_written(tmp_path: Path) -> None:
    assert states(TargetSubject(target_of(Writer), tmp_path), targets)[ORDER] == "skipped"
