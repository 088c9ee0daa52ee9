"""Promises of album targets, which write all targets of a job to one file."""

from __future__ import annotations

from contextlib import closing
from io import BytesIO
from pathlib import Path

from img2img.contract.albums import AlbumSource, AlbumTarget
from img2img.errors import ItemError
from img2img.host.kinds import ALBUM_SOURCES, ALBUM_TARGETS
from img2img.testing.albums import CONTENTS, write_album
from img2img.testing.promise import Materials, Skipped, Subject, keep, keep_name_and_summary, promise, promises_of


class AlbumTargetSubject(Subject):
    """An album target that is held to promises, a folder for its files, and the source that reads them, if any."""

    def __init__(self, target: AlbumTarget, folder: Path, source: AlbumSource | None = None) -> None:
        super().__init__(f"album target {target.name}")
        self.target, self.folder, self.source = target, folder, source

    def place(self, name: str) -> Path:
        """Return a path in an empty folder of its own."""
        path = self.folder / name / "album.part"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        return path


def subject_of(target: AlbumTarget, materials: Materials) -> AlbumTargetSubject:
    """Make an album target the subject of promises."""
    has_source = target.name in materials.host.names(ALBUM_SOURCES)
    source = materials.host.find(ALBUM_SOURCES, target.name) if has_source else None
    return AlbumTargetSubject(target, materials.folder, source)


@promise()
def it_has_a_name_and_a_summary_of_one_line(subject: AlbumTargetSubject) -> None:
    keep_name_and_summary(ALBUM_TARGETS, subject.target)


@promise()
def a_finished_file_stands_where_it_was_asked_for(subject: AlbumTargetSubject) -> None:
    path = subject.place("finished")
    write_album(subject.target, path)
    found = sorted(other.name for other in path.parent.iterdir())
    keep(found == [path.name], f"it was to write {path.name}; the folder holds {', '.join(found) or 'nothing'}")
    keep(path.stat().st_size > 0, "the file is empty")


@promise(a_finished_file_stands_where_it_was_asked_for)
def the_source_of_its_name_reads_back_each_picture_by_its_name(subject: AlbumTargetSubject) -> None:
    if subject.source is None:
        raise Skipped(f"no album source of the name {subject.target.name!r} is installed that could read its files")
    path = subject.place("read")
    write_album(subject.target, path)
    with closing(subject.source.open(str(path.rename(path.with_name(f"album.{subject.target.name}"))))) as album:
        found = {picture.name: picture.read() for picture in album.pictures}
    keep(sorted(found) == sorted(CONTENTS), f"the names {sorted(CONTENTS)} came back as {sorted(found)}")
    changed = [name for name, content in found.items() if content != CONTENTS[name]]
    keep(not changed, f"the bytes of {', '.join(changed)} came back changed")


@promise(a_finished_file_stands_where_it_was_asked_for)
def a_name_that_is_no_path_writes_nothing_beside_the_file(subject: AlbumTargetSubject) -> None:
    path = subject.place("strange")
    writer = subject.target.create(path)
    for name in ("../outside.png", "folder/inside.png", "\udcff.png"):
        try:
            writer.add(name, BytesIO(CONTENTS["a.png"]))
        except ItemError:
            continue
    writer.finish()
    writer.close()
    found = [other.name for other in path.parent.iterdir() if other != path]
    outside = (path.parent.parent / "outside.png").exists()
    keep(not found and not outside, f"it writes {', '.join(found) or 'outside.png'} beside the file")


@promise(a_finished_file_stands_where_it_was_asked_for)
def a_file_that_is_given_up_is_let_go_of(subject: AlbumTargetSubject) -> None:
    for count in (0, 1):
        path = subject.place(f"given-up-{count}")
        writer = subject.target.create(path)
        for name in [*CONTENTS][:count]:
            writer.add(name, BytesIO(CONTENTS[name]))
        writer.close()
        path.unlink(missing_ok=True)


PROMISES = promises_of(__name__)
