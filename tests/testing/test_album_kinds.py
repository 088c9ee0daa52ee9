"""Bad sources and targets of albums, each of which breaks one promise; and good ones, which break none."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from functools import partial
from io import BufferedIOBase
from itertools import count
from pathlib import Path

import pytest

from img2img import Album, AlbumSource, AlbumTarget, NamedPicture, UsageError
from img2img.errors import ItemError
from img2img.testing.promises import album_sources, album_targets
from img2img.testing.promises.album_sources import AlbumSourceSubject
from img2img.testing.promises.album_targets import AlbumTargetSubject

from .outcomes import broken, states

NAMES = "each picture has its name once"
TWICE = "a picture that is read twice is the same"
NOISE = "what is none of its files is refused by name"
NOWHERE = "an address where nothing is is refused by name"
DAMAGED = "a damaged album costs no more than what is damaged"


class Writer:
    """Writes a JSON object: names to contents in base64."""

    def __init__(self, path: Path) -> None:
        self.path, self.contents = path, dict[str, str]()

    def add(self, name: str, content: BufferedIOBase) -> None:
        if not name.isprintable():
            raise ItemError("what a name")
        self.contents[name] = b64encode(content.read()).decode()

    def finish(self) -> None:
        self.path.write_text(json.dumps(self.contents))

    def close(self) -> None:
        self.contents.clear()


class GoodTarget(AlbumTarget):
    name, summary = "box", "boxes of pictures"
    writer: type[Writer] = Writer

    def create(self, path: Path) -> Writer:
        return self.writer(path)


class Good(AlbumSource):
    name, summary = "box", "boxes of pictures"

    def open(self, address: str) -> Album:
        try:
            contents = json.loads(Path(address).read_text())
        except (OSError, ValueError) as error:
            raise UsageError(f"{address} is no box") from error
        return Album([self.picture(name, b64decode(content)) for name, content in contents.items()])

    def picture(self, name: str, content: bytes) -> NamedPicture:
        return NamedPicture(name, partial(bytes, content))


class Crashing(Good):
    def open(self, address: str) -> Album:
        if "noise" in address:
            raise ValueError("what is this?")
        return super().open(address)


class Nameless(Good):
    def open(self, address: str) -> Album:
        if "no/such" in address:
            raise UsageError("not so")
        return super().open(address)


class Flat(Good):
    def picture(self, name: str, content: bytes) -> NamedPicture:
        return super().picture(name.rpartition("/")[2], content)


class Fickle(Good):
    def picture(self, name: str, content: bytes) -> NamedPicture:
        turns = count()
        return NamedPicture(name, lambda: content + bytes(next(turns)))


@pytest.mark.parametrize(
    ("source", "promise", "measured"),
    [
        (Crashing, NOISE, "it raises another error than an Img2ImgError: ValueError: what is this?"),
        (Nameless, NOWHERE, "it refuses no/such/address without naming it: not so"),
        (Flat, NAMES, "came back as ['a.png', 'b.png'"),
        (Fickle, TWICE, "is read as"),
    ],
)
def test_a_bad_source_breaks_its_own_promise_and_no_other(
    source: type[AlbumSource], promise: str, measured: str, tmp_path: Path
) -> None:
    found = broken(AlbumSourceSubject(source(), tmp_path, GoodTarget()), album_sources)
    assert [*found] == [promise]
    assert measured in found[promise]


class Plain(Writer):
    """Keeps the bytes as they are, so that a check can damage one picture."""

    def add(self, name: str, content: BufferedIOBase) -> None:
        self.contents[name] = content.read().decode("latin-1")

    def finish(self) -> None:
        parts = [f"{len(text)} {name}\n{text}" for name, text in self.contents.items()]
        self.path.write_text("".join(parts), "latin-1", newline="")


class PlainTarget(GoodTarget):
    writer = Plain


class Rash(Good):
    """Reads all pictures if one is wanted."""

    def open(self, address: str) -> Album:
        pictures = []
        try:
            rest = Path(address).read_bytes()
            while rest:
                head, _, rest = rest.partition(b"\n")
                length, name = head.split(b" ", 1)
                pictures.append((name.decode("latin-1"), rest[: int(length)]))
                rest = rest[int(length) :]
        except (OSError, ValueError) as error:
            raise UsageError(f"{address} is no box") from error

        def read(content: bytes) -> bytes:
            if any(bytes(8) in other for _, other in pictures):
                raise ItemError("something in here is damaged")
            return content

        return Album([NamedPicture(name, partial(read, content)) for name, content in pictures])


def test_a_source_that_loses_all_pictures_with_one_breaks_a_promise(tmp_path: Path) -> None:
    found = broken(AlbumSourceSubject(Rash(), tmp_path, PlainTarget()), album_sources)
    assert [*found] == [DAMAGED]
    assert "a.png is damaged, and folder/b.png is not read: something in here is damaged" in found[DAMAGED]


def test_a_good_source_keeps_every_promise(tmp_path: Path) -> None:
    assert broken(AlbumSourceSubject(Good(), tmp_path, GoodTarget()), album_sources) == {}


def test_a_source_whose_files_nothing_writes_is_checked_by_what_it_refuses(tmp_path: Path) -> None:
    found = states(AlbumSourceSubject(Good(), tmp_path), album_sources)
    assert (found[NOISE], found[NOWHERE], found[NAMES], found[TWICE]) == ("ok", "ok", "skipped", "skipped")


class Suffixing(Writer):
    def finish(self) -> None:
        self.path.with_suffix(".box").write_text(json.dumps(self.contents))


class Unpacking(Writer):
    """Takes names for paths."""

    def add(self, name: str, content: BufferedIOBase) -> None:
        super().add(name, content)
        if ".." in name:
            (self.path.parent / name).write_bytes(b"")


class Clinging(Writer):
    def close(self) -> None:
        if not self.path.exists():
            raise RuntimeError("there is nothing to close")


class Shuffling(Writer):
    def finish(self) -> None:
        values = [*self.contents.values()]
        self.contents = dict(zip(self.contents, values[1:] + values[:1], strict=True))
        super().finish()


@pytest.mark.parametrize(
    ("writer", "promise", "measured"),
    [
        (Suffixing, "a finished file stands where it was asked for", "the folder holds album.box"),
        (Unpacking, "a name that is no path writes nothing beside the file", "it writes outside.png beside the file"),
        (Clinging, "a file that is given up is let go of", "there is nothing to close"),
        (Shuffling, "the source of its name reads back each picture by its name", "the bytes of a.png"),
    ],
)
def test_a_bad_target_breaks_its_own_promise_and_no_other(
    writer: type[Writer], promise: str, measured: str, tmp_path: Path
) -> None:
    target = GoodTarget()
    target.writer = writer  # type: ignore[misc]
    found = broken(AlbumTargetSubject(target, tmp_path, Good()), album_targets)
    assert [*found] == [promise]
    assert measured in found[promise]


def test_a_good_target_keeps_every_promise(tmp_path: Path) -> None:
    assert set(states(AlbumTargetSubject(GoodTarget(), tmp_path, Good()), album_targets).values()) == {"ok"}
