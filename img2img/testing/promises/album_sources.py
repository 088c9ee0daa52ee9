"""Promises of album sources, which read sets of named pictures."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from img2img.contract.albums import Album, AlbumSource, AlbumTarget
from img2img.errors import Img2ImgError
from img2img.host.kinds import ALBUM_SOURCES, ALBUM_TARGETS
from img2img.testing.albums import CONTENTS, write_album
from img2img.testing.promise import (
    Materials,
    Skipped,
    Subject,
    keep,
    keep_name_and_summary,
    keep_refusal,
    promise,
    promises_of,
)

NOWHERE = "no/such/address"


class AlbumSourceSubject(Subject):
    """An album source that is held to promises, a folder for files, and the target that writes its files, if any."""

    def __init__(self, source: AlbumSource, folder: Path, target: AlbumTarget | None = None) -> None:
        super().__init__(f"album source {source.name}")
        self.source, self.folder, self.target = source, folder, target

    def open(self) -> Album:
        """Open an album of known pictures.

        Raises:
            Skipped: Nothing can write one.
        """
        if self.target is None or not self.source.reads_files:
            raise Skipped(f"no album target of the name {self.source.name!r} is installed that could write its files")
        path = self.folder / f"album.{self.source.name}"
        if not path.exists():
            write_album(self.target, path)
        return self.source.open(str(path))


def subject_of(source: AlbumSource, materials: Materials) -> AlbumSourceSubject:
    """Make an album source the subject of promises."""
    has_target = source.name in materials.host.names(ALBUM_TARGETS)
    target = materials.host.find(ALBUM_TARGETS, source.name) if has_target else None
    return AlbumSourceSubject(source, materials.folder, target)


@promise()
def it_has_a_name_and_a_summary_of_one_line(subject: AlbumSourceSubject) -> None:
    keep_name_and_summary(ALBUM_SOURCES, subject.source)


@promise()
def an_address_where_nothing_is_is_refused_by_name(subject: AlbumSourceSubject) -> None:
    keep_refusal(NOWHERE, lambda: _read(subject.source.open(NOWHERE)))


@promise()
def what_is_none_of_its_files_is_refused_by_name(subject: AlbumSourceSubject) -> None:
    if not subject.source.reads_files:
        raise Skipped("it reads no files (reads_files=False)")
    path = subject.folder / f"noise.{subject.source.name}"
    path.write_bytes(b"\x89 no album of anybody's \x00\xff" * 20)
    keep_refusal(path.name, lambda: _read(subject.source.open(str(path))))


@promise()
def each_picture_has_its_name_once(subject: AlbumSourceSubject) -> None:
    with closing(subject.open()) as album:
        names = [picture.name for picture in album.pictures]
    keep(sorted(names) == sorted(CONTENTS), f"pictures of the names {sorted(CONTENTS)} came back as {sorted(names)}")


@promise(each_picture_has_its_name_once)
def a_picture_that_is_read_twice_is_the_same(subject: AlbumSourceSubject) -> None:
    with closing(subject.open()) as album:
        for picture in reversed(album.pictures):
            first, second = picture.read(), picture.read()
            keep(first == second, f"{picture.name} is read as {len(first)} bytes, and then as {len(second)} others")
            keep(first == CONTENTS[picture.name], f"{picture.name} is not read as the bytes that it holds")


@promise(each_picture_has_its_name_once)
def a_damaged_album_costs_no_more_than_what_is_damaged(subject: AlbumSourceSubject) -> None:
    subject.open().close()
    path = subject.folder / f"album.{subject.source.name}"
    data = path.read_bytes()
    at = data.find(CONTENTS["a.png"][:16])
    if at < 0:
        raise Skipped("its files hold the pictures in other bytes, so that none can be damaged by itself")
    other = subject.folder / f"damaged.{subject.source.name}"
    other.write_bytes(data[: at + 8] + b"\0" * 8 + data[at + 16 :])
    with closing(subject.source.open(str(other))) as album:
        for picture in album.pictures:
            try:
                content = picture.read()
            except Img2ImgError as error:
                keep(picture.name == "a.png", f"a.png is damaged, and {picture.name} is not read: {error}")
                continue
            keep(picture.name == "a.png" or content == CONTENTS[picture.name], f"{picture.name} is read as other bytes")


def _read(album: Album) -> None:
    """Read an album up to its first picture, before which it may not be known what is in it."""
    with closing(album):
        for picture in album.pictures[:1]:
            picture.read()


PROMISES = promises_of(__name__)
