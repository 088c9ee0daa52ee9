"""What becomes which file, and what is refused before anything is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from img2img.errors import UsageError
from img2img.translation.plan import make_plan

ODD_NAMES = [
    "line\nbreak",
    "tab\t",
    "two  spaces",
    "-rf",
    "%08d",
    "日本語",
    "🎈",
    "a'b\"c",
    "$HOME",
    "semi;colon",
    ".hidden",
]


def files(folder: Path, *names: str | bytes) -> Path:
    """Empty files; planning looks at names only."""
    for name in names:
        path = folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def planned(source: str | Path, target: str | Path, suffix: str = "") -> dict[str, str]:
    return {str(item.source): str(item.target) for item in make_plan(source, target, suffix).items}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_folder_is_mirrored_with_all_below_it_in_order() -> None:
    files(Path("in"), "b.jpg", "a.png", "deep/er/c.webp", "deep/d.tiff", "e.JPEG", "f.avif", "g.bmp")
    assert list(planned("in", "out").items()) == [
        ("in/a.png", "out/a.png"),
        ("in/b.jpg", "out/b.jpg"),
        ("in/deep/d.tiff", "out/deep/d.tiff"),
        ("in/deep/er/c.webp", "out/deep/er/c.webp"),
        ("in/e.JPEG", "out/e.JPEG"),
        ("in/f.avif", "out/f.avif"),
        ("in/g.bmp", "out/g.bmp"),
    ]


def test_files_that_are_no_images_are_counted_and_passed_over() -> None:
    files(Path("in"), "a.png", "Thumbs.db", ".DS_Store", "README.md", "below/a.xmp")
    plan = make_plan("in", "out")
    assert [str(item.source) for item in plan.items] == ["in/a.png"]
    assert len(plan.passed_over) == 4


def test_a_file_goes_to_the_file_that_is_named() -> None:
    files(Path(), "a.png")
    assert planned("a.png", "b.jpg") == {"a.png": "b.jpg"}
    assert planned("a.png", "new/b.jpg", "jpg") == {"a.png": "new/b.jpg"}


def test_a_file_goes_into_a_folder_that_is_there_or_has_no_suffix() -> None:
    files(Path(), "in/a.png", "there.v2/x")
    assert planned("in/a.png", "new") == {"in/a.png": "new/a.png"}
    assert planned("in/a.png", "there.v2") == {"in/a.png": "there.v2/a.png"}
    assert planned("in/a.png", "new", "webp") == {"in/a.png": "new/a.webp"}


@pytest.mark.parametrize("suffix", ["png", ".png", "PNG", ".Png"])
def test_the_format_is_a_suffix_however_it_is_written(suffix: str) -> None:
    files(Path("in"), "a.jpg", "b.2024.tiff")
    assert planned("in", "out", suffix) == {"in/a.jpg": "out/a.png", "in/b.2024.tiff": "out/b.2024.png"}


def test_a_pattern_is_mirrored_from_its_fixed_part_on() -> None:
    files(Path("photos"), "a.png", "2023/b.png", "2024/may/c.png", "2024/d.jpg")
    assert planned("photos/**/*.png", "out") == {
        "photos/2023/b.png": "out/2023/b.png",
        "photos/2024/may/c.png": "out/2024/may/c.png",
        "photos/a.png": "out/a.png",
    }
    assert planned("photos/2024/*", "out") == {"photos/2024/d.jpg": "out/d.jpg"}
    assert planned(str(Path.cwd() / "photos/20?3/*"), "out") == {
        str(Path.cwd() / "photos/2023/b.png"): "out/2023/b.png"
    }


def test_a_pattern_without_a_folder_counts_from_here() -> None:
    files(Path(), "a.png", "b.png")
    assert planned("*.png", "out") == planned("./*.png", "out") == {"a.png": "out/a.png", "b.png": "out/b.png"}


def test_a_name_with_brackets_is_a_name_where_such_a_file_or_folder_is() -> None:
    files(Path(), "a[1].png", "in[1]/b.png")
    assert planned("a[1].png", "out") == {"a[1].png": "out/a[1].png"}
    assert planned("in[1]", "out") == {"in[1]/b.png": "out/b.png"}


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_kept(name: str) -> None:
    files(Path("in"), f"{name}.png")
    assert planned("in", "out") == {f"in/{name}.png": f"out/{name}.png"}


def test_a_name_that_is_not_utf8_is_kept() -> None:
    files(Path("in"), b"bad\xff.png")
    assert [os.fsencode(target) for target in planned("in", "out").values()] == [b"out/bad\xff.png"]


def test_a_target_that_would_have_to_be_a_folder_too_is_refused() -> None:
    files(Path("in"), "a.jpg", "a.png/b.jpg")
    with pytest.raises(UsageError, match=r"in/a\.jpg would be written to out/a\.png, where a folder must stand"):
        make_plan("in", "out", "png")


def test_a_target_inside_of_the_source_is_no_source_the_second_time() -> None:
    files(Path("in"), "a.png", "deep/b.png")
    first = planned("in", "in/out")
    files(Path("in/out"), "a.png", "deep/b.png", ".img2img/journal.jsonl", ".img2img/c.png")
    assert planned("in", "in/out") == first
    assert list(planned("in", Path("in/deep/../out"))) == list(first)
    assert planned("in/**/*.png", "in/out") == first


def test_the_state_of_a_job_is_never_a_source() -> None:
    files(Path("in"), "a.png", ".img2img/b.png", "made/.img2img/c.png")
    assert list(planned("in", "out")) == ["in/a.png"]


def test_a_source_inside_of_the_target_is_translated() -> None:
    files(Path("photos"), "raw/a.png", "raw/deep/b.png", "other.png")
    expected = {"photos/raw/a.png": "photos/a.png", "photos/raw/deep/b.png": "photos/deep/b.png"}
    assert planned("photos/raw", "photos") == planned("photos/raw/**/*.png", "photos") == expected


@pytest.mark.parametrize(
    ("source", "target"),
    [("in", "in"), ("in", "in/deep/.."), ("in/", "in"), ("in/*.png", "in"), ("link", "in"), ("in", "link")],
)
def test_a_target_that_is_the_source_is_refused(source: str, target: str) -> None:
    files(Path("in"), "a.png", "deep/b.png")
    Path("link").symlink_to("in")
    with pytest.raises(UsageError, match="sources are never touched"):
        make_plan(source, target)


@pytest.mark.parametrize("target", ["a.png", "./a.png", "link.png", ".", "deep/../a.png"])
def test_a_file_is_never_its_own_target(target: str) -> None:
    files(Path(), "a.png", "deep/x")
    Path("link.png").symlink_to("a.png")
    with pytest.raises(UsageError, match="sources are never touched"):
        make_plan("a.png", target)


def test_no_source_is_the_target_of_another() -> None:
    files(Path("a"), "b/x.png", "b/b/x.png")
    with pytest.raises(UsageError, match=r"the target a/b/x\.png is a source"):
        make_plan("a/b", "a")


def test_a_link_to_an_image_is_translated_under_its_own_name() -> None:
    files(Path("in"), "a.png")
    files(Path(), "else.png")
    Path("in/link.png").symlink_to("../else.png")
    assert planned("in", "out") == {"in/a.png": "out/a.png", "in/link.png": "out/link.png"}


def test_links_that_lead_nowhere_or_to_themselves_fail_when_they_are_read_not_before() -> None:
    files(Path("in"), "a.png")
    Path("in/gone.png").symlink_to("nowhere.png")
    Path("in/self.png").symlink_to("self.png")
    assert list(planned("in", "out")) == ["in/a.png", "in/gone.png", "in/self.png"]


@pytest.mark.parametrize(
    ("source", "target", "suffix", "message"),
    [
        ("empty", "out", "", r"no images or videos found in empty \(looked for .*\.jpg"),
        ("texts", "out", "", "no images or videos found in texts"),
        ("nowhere", "out", "", "nowhere does not exist; give an image, a folder, or a pattern in quotes"),
        ("nowhere/*.png", "out", "", r"no file matches 'nowhere/\*\.png'"),
        ("", "out", "", "must not be empty"),
        ("a.png", "", "", "must not be empty"),
        ("a.png", "out.gif", "", r"a.png is an image and out\.gif a video"),
        ("a.png", "out", "gif", r"an image cannot be written as '\.gif': choose one of"),
        ("a.png", "out.jpg", "png", r"the target out\.jpg and the format '\.png' contradict"),
        ("in", "a.png", "", r"a\.png is a file; a folder of images needs a folder"),
        ("x" * 300, "out", "", "File name too long"),
        ("long", "out", "webp", "is too long; rename long/yyy"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_a_remedy(source: str, target: str, suffix: str, message: str) -> None:
    files(Path(), "a.png", "texts/a.txt", "in/a.png", f"long/{'y' * 251}.png")
    Path("empty").mkdir()
    with pytest.raises(UsageError, match=message):
        make_plan(source, target, suffix)


def test_a_name_in_an_error_cannot_write_lines_or_colours() -> None:
    files(Path("in"), "\x1b[31mred\n.jpg", "\x1b[31mred\n.png")
    for source, target in (("in", "out"), ("\x1b[31m", "out"), ("in/*.jpg", "in")):
        with pytest.raises(UsageError) as error:
            make_plan(source, target, "png")
        assert str(error.value).isprintable()
