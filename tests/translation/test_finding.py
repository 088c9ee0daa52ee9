"""Which files of a folder or a pattern are found: linked folders, loops, pipes, results of earlier jobs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from img2img import Model, PluginHost, translate
from img2img.errors import UsageError
from img2img.translation.plan import make_plan


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def link(name: str, target: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).symlink_to(target)


def planned(source: str, target: str = "out") -> list[str]:
    return [str(item.source) for item in make_plan(source, target).items]


def passed_over(source: str, target: str = "out") -> dict[str, str]:
    return {str(passed.path): passed.kind for passed in make_plan(source, target).passed_over}


SOURCES = ["in", "in/**/*.png", "in/**"]


@pytest.mark.parametrize("source", SOURCES)
def test_a_linked_folder_is_followed_under_its_own_name(source: str) -> None:
    files("in/a.png", "else/b.png", "else/deep/c.png")
    link("in/linked", "../else")
    assert planned(source) == ["in/a.png", "in/linked/b.png", "in/linked/deep/c.png"]


@pytest.mark.parametrize("source", SOURCES)
def test_loops_of_links_end_and_are_named(source: str) -> None:
    files("in/a.png", "in/deep/b.png", "else/c.png")
    for name, target in {
        "in/deep/up": "..",
        "in/deep/here": ".",
        "in/self": "self",
        "in/above": "../..",
        "in/one": "../else",
        "else/back": "../in",
        "else/two": "../else",
    }.items():
        link(name, target)
    expected = ["in/a.png", "in/deep/b.png", "in/one/c.png"]
    assert planned(source) == expected
    loops = {name for name, kind in passed_over(source).items() if kind == "linked folder"}
    assert loops == {"in/deep/up", "in/deep/here", "in/above", "in/one/back", "in/one/two"}


@pytest.mark.parametrize("source", SOURCES)
def test_many_folders_that_link_to_each_other_are_walked_once(source: str) -> None:
    for number in range(12):
        files(f"in/{number}/{number}.png")
        for other in range(12):
            link(f"in/{number}/to{other}", f"../{other}")
    assert planned(source) == sorted(f"in/{number}/{number}.png" for number in range(12))


@pytest.mark.parametrize("source", SOURCES)
def test_a_folder_that_is_linked_and_met_itself_is_translated_under_its_own_name(source: str) -> None:
    files("in/zebra/a.png")
    link("in/a-link", "zebra")
    assert planned(source) == ["in/zebra/a.png"]
    assert passed_over(source) == {"in/a-link": "linked folder"}


def test_a_link_to_a_folder_above_another_link_s_folder_is_followed() -> None:
    files("else/deep/a.png", "else/b.png")
    link("in/1", "../else/deep")
    link("in/2", "../else")
    assert planned("in") == ["in/1/a.png", "in/2/b.png"]


def test_results_in_the_target_folder_are_no_sources_through_a_link_either() -> None:
    files("in/a.png", "out/b.png", "out/.img2img/journal.jsonl")
    link("in/linked", "../out")
    assert planned("in") == ["in/a.png"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**/*.png", ["a.png", "b/c.png", "b/d/e.png"]),
        ("b/**/*.png", ["b/c.png", "b/d/e.png"]),
        ("*/**/e.*", ["b/d/e.png"]),
        ("**/d/**/*", ["b/d/e.png"]),
        ("**/**/e.png", ["b/d/e.png"]),
        ("**/.h*/*.png", [".hidden/f.png"]),
        ("**/.*.png", [".g.png"]),
        ("b**/*.png", ["b/c.png"]),
    ],
)
def test_a_pattern_means_what_it_means_to_a_shell(pattern: str, expected: list[str]) -> None:
    files("a.png", ".g.png", "b/c.png", "b/d/e.png", ".hidden/f.png", "x.txt")
    assert planned(pattern) == expected


def make_socket(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path)


MAKE: dict[str, Callable[[str], None]] = {
    "pipe": lambda name: os.mkfifo(name),
    "socket": make_socket,
    "device": lambda name: link(name, "/dev/zero"),
}


@pytest.mark.parametrize("suffix", ["png", "webp", "gif", "mp4", "npy", "mkv", "tiff"])
@pytest.mark.parametrize("kind", MAKE)
def test_what_is_no_regular_file_is_passed_over_and_named_without_being_opened(kind: str, suffix: str) -> None:
    files("in/a.png")
    MAKE[kind](f"in/b.{suffix}")
    for source in (*SOURCES, "in/*"):
        assert planned(source) == ["in/a.png"]
    assert passed_over("in") == {f"in/b.{suffix}": kind}


@pytest.mark.parametrize("suffix", ["png", "gif", "mp4"])
@pytest.mark.parametrize("kind", MAKE)
def test_what_is_no_regular_file_is_refused_where_it_is_all_there_is(kind: str, suffix: str) -> None:
    Path("in").mkdir()
    MAKE[kind](f"in/b.{suffix}")
    for source in (f"in/b.{suffix}", "in", "in/*"):
        with pytest.raises(UsageError, match=f"it is a {kind}, which may never end"):
            make_plan(source, "out")


def test_results_of_earlier_jobs_below_the_source_folder_are_passed_over(
    enlarger: Model, host: PluginHost, make: type
) -> None:
    make.folder(Path("photos/album"), 2)  # type: ignore[attr-defined]
    translate("photos/album", "photos/made", model=enlarger, host=host)
    files("photos/made/by-hand.png")
    expected = ["photos/album/0.png", "photos/album/1.png", "photos/made/by-hand.png"]
    for source in ("photos", "photos/**/*.png"):
        assert planned(source) == expected
        assert passed_over(source)["photos/made/0.png"] == "earlier result"
    assert planned("photos/made") == ["photos/made/0.png", "photos/made/1.png", "photos/made/by-hand.png"]
