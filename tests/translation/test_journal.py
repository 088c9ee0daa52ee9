"""The memory of a target folder: what counts as done, and what is left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from img2img.errors import FatalError, ItemError, UsageError, WriteError
from img2img.translation.journal import Journal, digest
from img2img.translation.report import Item

SOURCE, RESULT = b"a source", b"a result"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def item(folder: Path) -> Item:
    return Item(Path("in/a.png"), folder / "a.png")


def make(folder: Path, item: Item, source: bytes = SOURCE, result: bytes = RESULT, settings: str = "S") -> None:
    """What a job does with one item."""
    journal = Journal(folder, settings)
    journal.record(item, digest(source), digest(result))
    item.target.write_bytes(result)
    journal.close()


def is_done(folder: Path, item: Item, source: bytes = SOURCE, settings: str = "S", overwrite: bool = False) -> bool:
    journal = Journal(folder, settings, overwrite=overwrite)
    try:
        journal.check_existing([item])
        return journal.done(item, digest(source)) is not None
    finally:
        journal.close()


def test_a_target_is_done_when_it_and_its_source_are_what_they_were(folder: Path, item: Item) -> None:
    assert not is_done(folder, item)
    make(folder, item)
    assert is_done(folder, item)
    assert is_done(folder, item, overwrite=True)


def test_a_source_that_changed_is_not_done(folder: Path, item: Item) -> None:
    make(folder, item)
    assert not is_done(folder, item, source=b"another source")


def test_a_target_that_was_removed_is_not_done(folder: Path, item: Item) -> None:
    make(folder, item)
    item.target.unlink()
    assert not is_done(folder, item)


def test_a_folder_that_was_moved_is_still_done(folder: Path, item: Item) -> None:
    make(folder, item)
    moved = folder.rename(folder.parent / "elsewhere")
    assert is_done(moved, Item(item.source, moved / "a.png"))


def test_a_target_that_somebody_changed_is_an_error_of_that_item_and_overwrite_replaces_it(
    folder: Path, item: Item
) -> None:
    make(folder, item)
    item.target.write_bytes(b"retouched")
    with pytest.raises(ItemError, match=r"a\.png was changed after it was made; replace it by --overwrite"):
        is_done(folder, item)
    assert not is_done(folder, item, overwrite=True)


def test_other_settings_and_foreign_files_are_refused_before_anything_is_done(folder: Path, item: Item) -> None:
    make(folder, item)
    with pytest.raises(UsageError, match=r"1 of 1 targets exist and were not made with this model .*a\.png; name an"):
        is_done(folder, item, settings="T")
    foreign = Item(Path("in/b.png"), folder / "b.png")
    foreign.target.write_bytes(RESULT)
    with pytest.raises(UsageError, match=r"b\.png"):
        is_done(folder, foreign)
    assert not is_done(folder, item, settings="T", overwrite=True)
    assert not is_done(folder, foreign, overwrite=True)


def test_a_link_that_leads_nowhere_is_a_foreign_file(folder: Path, item: Item) -> None:
    folder.mkdir()
    item.target.symlink_to("nowhere")
    with pytest.raises(UsageError, match="targets exist"):
        is_done(folder, item)


def test_only_the_first_few_foreign_files_are_named(folder: Path) -> None:
    items = [Item(Path(f"in/{n}.png"), folder / f"{n}.png") for n in range(20)]
    folder.mkdir()
    for item in items:
        item.target.touch()
    with pytest.raises(UsageError, match=r"20 of 20 targets .*4\.png, …;"):
        Journal(folder, "S").check_existing(items)


def test_an_entry_whose_target_was_never_renamed_into_place_counts_as_not_done(folder: Path, item: Item) -> None:
    journal = Journal(folder, "S")
    journal.record(item, digest(SOURCE), digest(RESULT))
    journal.close()
    assert not is_done(folder, item)


def test_a_kill_before_a_target_is_replaced_leaves_one_of_ours_which_is_replaced_the_next_time(
    folder: Path, item: Item
) -> None:
    make(folder, item)
    journal = Journal(folder, "S")
    journal.record(item, digest(b"another source"), digest(b"another result"))
    journal.close()  # and here it is killed: the target is still the first result
    assert not is_done(folder, item, source=b"another source")
    make(folder, item, source=b"another source", result=b"another result")
    assert is_done(folder, item, source=b"another source")


@pytest.mark.parametrize("torn", [b"", b'{"target": "b.p', b"{", b"\xff\xfe", b"null", b"[]", b'{"x": 1}', b"5"])
def test_a_torn_line_costs_that_line_and_not_the_ones_around_it(torn: bytes, folder: Path, item: Item) -> None:
    make(folder, item)
    with (folder / ".img2img" / "journal.jsonl").open("ab") as file:
        file.write(b"\n" + torn)
    later = Item(Path("in/c.png"), folder / "c.png")
    make(folder, later)
    assert is_done(folder, item)
    assert is_done(folder, later)


def test_a_line_that_a_full_disk_has_torn_costs_that_line_only(
    folder: Path, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(folder, "S")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(WriteError, match=r"journal\.jsonl: cannot be written: No space left"):
            journal.record(Item(Path("in/b.png"), folder / "b.png"), digest(SOURCE), digest(RESULT))
    path = folder / ".img2img" / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    journal.record(item, digest(SOURCE), digest(RESULT))
    item.target.write_bytes(RESULT)
    journal.close()
    assert is_done(folder, item)


def test_an_entry_is_on_the_disk_before_its_target_can_be(
    folder: Path, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(folder, "S")
    path, synced = folder / ".img2img" / "journal.jsonl", []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(path.read_text("ascii")))
    journal.record(item, digest(SOURCE), digest(RESULT))
    assert len(synced) == 1
    assert json.loads(synced[0])["target"] == "a.png"


@pytest.mark.parametrize("name", ["a\nb.png", "日本.png", os.fsdecode(b"bad\xff.png"), "a\u2028b\x1c.png"])
def test_odd_names_are_remembered(name: str, folder: Path) -> None:
    item = Item(Path("in/x.png"), folder / name)
    make(folder, item)
    assert is_done(folder, item)
    assert not is_done(folder, Item(Path("in/y.png"), folder / "y.png"))


def test_the_last_of_several_entries_counts(folder: Path, item: Item) -> None:
    make(folder, item)
    make(folder, item, source=b"another source", result=b"another result")
    assert is_done(folder, item, source=b"another source")
    assert not is_done(folder, item)


def test_a_second_job_is_kept_out_until_the_first_is_over(folder: Path) -> None:
    first = Journal(folder, "S")
    with pytest.raises(FatalError, match="another job is writing to"):
        Journal(folder, "S")
    first.close()
    Journal(folder, "S").close()


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write to the folder"):
        Journal(tmp_path / "file" / "out", "S")


def test_a_journal_that_cannot_be_read_is_a_usage_error_and_leaves_no_lock(folder: Path) -> None:
    (folder / ".img2img" / "journal.jsonl").mkdir(parents=True)
    with pytest.raises(UsageError, match="cannot write to the folder"):
        Journal(folder, "S")
    (folder / ".img2img" / "journal.jsonl").rmdir()
    Journal(folder, "S").close()


def test_leftovers_of_a_kill_are_removed_and_nothing_else(folder: Path) -> None:
    (folder / "below").mkdir(parents=True)
    leftovers = [folder / ".img2img-0123.part", folder / "below" / ".img2img-4567.part"]
    others = [folder / "a.part", folder / "below" / ".img2img.png"]
    for path in (*leftovers, *others):
        path.touch()
    journal = Journal(folder, "S")
    journal.clean([Item(Path("a"), folder / "a.png"), Item(Path("b"), folder / "below" / "b.png")])
    assert not any(path.exists() for path in leftovers)
    assert all(path.exists() for path in others)
