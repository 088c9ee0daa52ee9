"""Albums that a plugin reads: names are no paths, one bad picture costs itself, and a job resumes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from img2img import Output, UsageError
from img2img.errors import FatalError, ImageError, Stopped
from img2img.translation.albums import safe_parts

from .drawers import DrawerSource, found, here, png, reasons


def test_each_picture_becomes_one_target_of_its_name_and_of_its_own_size(drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [("a.png", png(4, 6)), ("sub/b.PNG", png(5, 3)), ("c", png(2, 2)), ("v1.2", png(1, 1))]
    report = job("drawer:x", "out")
    assert report.counts["done"] == 4
    assert found("out") == {"a.png": (8, 12), "sub/b.PNG": (10, 6), "c.png": (4, 4), "v1.2.png": (2, 2)}
    assert [item.address for item in report.items] == [f"drawer:x/{name}" for name, _ in drawer.contents]
    assert drawer.closed == 1


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("../../up.png", "up.png"),
        ("/etc/passwd.png", "etc/passwd.png"),
        ("..\\win\\a.png", "win/a.png"),
        ("C:\\a.png", "a.png"),
        ("a/./../b//c.png", "a/b/c.png"),
        ("red\x1b[31m\nline\u202e.png", "red_[31m_line_.png"),
        ("nul\0.png", "nul_.png"),
        ("half\ud800.png", "half_.png"),
        (".IMG2IMG/lock.png", "_.IMG2IMG/lock.png"),
        ("~/a.png", "~/a.png"),
    ],
)
def test_a_name_never_leads_out_of_the_target_folder(name: str, place: str, drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [(name, png(2, 2))]
    assert job("drawer:x", "out").counts["done"] == 1
    assert list(found("out")) == [place]
    assert here() == ["out"]
    assert safe_parts(name) == tuple(place.split("/"))


@pytest.mark.parametrize(
    "name", ["", ".", "..", "/", "../..", "C:", "x" * 300 + ".png", "d" * 256 + "/a.png", "a/" * 2500]
)
def test_a_name_that_no_file_can_have_fails_that_picture_alone(name: str, drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [(name, png(2, 2)), ("good.png", png(2, 2))]
    report = job("drawer:x", "out")
    assert (report.counts["failed"], report.counts["done"], list(found("out"))) == (1, 1, ["good.png"])
    assert "rename it" in report.items[0].reason
    assert drawer.read == ["good.png"]


def test_of_two_pictures_of_one_name_the_first_is_translated(drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [("a.png", png(2, 2)), ("../a.png", png(3, 3)), ("a.png", png(4, 4)), ("b.png", png(5, 5))]
    report = job("drawer:x", "out")
    assert found("out") == {"a.png": (4, 4), "b.png": (10, 10)}
    assert list(reasons(report)) == ["drawer:x/../a.png", "drawer:x/a.png"]
    assert "the name a.png is taken by drawer:x/a.png, which comes before it" in report.items[1].reason


@pytest.mark.parametrize("names", [("a.png", "a.png/b.png"), ("a.png/b.png", "a.png")])
def test_a_picture_and_a_folder_of_one_name_cost_the_later_one(
    names: tuple[str, str], drawer: DrawerSource, job: Any
) -> None:
    drawer.contents = [(name, png(2, 2)) for name in names]
    report = job("drawer:x", "out")
    assert [item.status for item in report.items] == ["done", "failed"]
    assert list(found("out")) == [names[0]]


def test_two_names_that_a_format_makes_equal_are_refused_before_anything_is_written(
    drawer: DrawerSource, job: Any
) -> None:
    drawer.contents = [("a.png", png(2, 2)), ("a.jpg", png(2, 2))]
    with pytest.raises(UsageError, match=r"drawer:x/a.png and drawer:x/a.jpg would both be written to out/a.webp"):
        job("drawer:x", "out", output=Output(format="webp"))
    assert here() == []
    assert drawer.closed == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (ImageError("it is torn"), "drawer:x/bad.png: it is torn"),
        (KeyError("bad"), "drawer:x/bad.png: the plugin that reads it failed: KeyError: 'bad'"),
        (SystemExit(0), "drawer:x/bad.png: the plugin that reads it failed: SystemExit: 0"),
        (FatalError("the end"), "drawer:x/bad.png: the end"),
        (b"", "drawer:x/bad.png: it is empty (0 bytes)"),
        (b"junk", "drawer:x/bad.png: this is no image in a known format"),
        (lambda: "text", "drawer:x/bad.png: the plugin that reads it returned str in place of bytes"),
    ],
    ids=["torn", "no entry", "ends the program", "ends the job", "empty", "junk", "text"],
)
def test_a_picture_that_cannot_be_read_costs_itself_alone(
    content: Any, reason: str, drawer: DrawerSource, job: Any
) -> None:
    drawer.contents = [("bad.png", content), ("good.png", png(2, 2))]
    report = job("drawer:x", "out")
    assert reasons(report).keys() == {"drawer:x/bad.png"}
    assert report.items[0].reason.startswith(reason)
    assert list(found("out")) == ["good.png"]


def test_a_job_resumes_by_the_content_of_each_picture(drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [("a.png", png(2, 2)), ("b.png", png(3, 3))]
    job("drawer:x", "out")
    drawer.contents[1] = ("b.png", png(4, 4))
    report = job("drawer:y", "out")
    assert [item.status for item in report.items] == ["skipped", "done"]
    assert found("out")["b.png"] == (8, 8)


def test_no_picture_is_read_before_its_turn(drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [("a.png", png(2, 2))]
    with pytest.raises(Stopped):
        job("drawer:x", "out", stop=lambda: True)
    assert drawer.read == []
    assert drawer.closed == 1


def test_a_file_that_a_picture_names_as_its_own_is_never_a_target(drawer: DrawerSource, job: Any) -> None:
    Path("photos").mkdir()
    Path("photos/a.png").write_bytes(png(2, 2))
    drawer.contents, drawer.paths = [("a.png", png(2, 2))], {"a.png": Path("photos/a.png")}
    with pytest.raises(UsageError, match=r"the target photos/a.png is a source"):
        job("drawer:x", "photos", output=Output(overwrite=True))


def test_a_picture_whose_file_changes_while_it_is_read_fails(drawer: DrawerSource, job: Any) -> None:
    path = Path("a.bin")
    path.write_bytes(b"1")

    def read() -> bytes:
        path.write_bytes(b"another size")
        return png(2, 2)

    drawer.contents, drawer.paths = [("a.png", read)], {"a.png": path}
    assert reasons(job("drawer:x", "out")) == {
        "drawer:x/a.png": "drawer:x/a.png: it was changed while it was read; run again"
    }


def test_one_picture_becomes_the_file_that_is_named(drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [("x" * 300, png(2, 3))]
    assert job("drawer:x", "result.webp").counts["done"] == 1
    assert found(".") == {"result.webp": (4, 6)}
    with pytest.raises(UsageError, match=r"result.webp exists"):
        job("drawer:x", "result.webp")


@pytest.mark.parametrize(
    ("contents", "target", "message"),
    [
        ([("a.png", b""), ("b.png", b"")], "out.png", "drawer:x holds 2 pictures, which need a folder as target"),
        ([], "out", "no images found in drawer:x"),
        ([("a.png", b"")], "out.mp4", "drawer:x holds images and out.mp4 is a video"),
        ([("a.png", b"")], "there", "there is a file; drawer:x needs a folder"),
        ([(7, b"")], "out", "drawer:x: the plugin that reads it failed: TypeError: NamedPicture"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_work(
    contents: Any, target: str, message: str, drawer: DrawerSource, job: Any
) -> None:
    Path("there").touch()
    drawer.contents = contents
    with pytest.raises(UsageError, match=message):
        job("drawer:x", target)
    assert here() == ["there"]


def test_a_plugin_that_cannot_open_an_album_is_named_by_what_it_was_given(drawer: DrawerSource, job: Any) -> None:
    with pytest.raises(UsageError, match="drawer:missing: the plugin that reads it failed: KeyError: 'missing'"):
        job("drawer:missing", "out")


def test_the_report_names_pictures_by_album_and_name(drawer: DrawerSource, job: Any) -> None:
    drawer.contents = [("a/../b\n.png", png(2, 2))]
    job("drawer:x", "out", output=Output(report="report.json"))
    (row,) = json.loads(Path("report.json").read_text())["items"]
    assert (row["source"], row["target"]) == ("drawer:x/a/../b\n.png", "out/a/b_.png")
