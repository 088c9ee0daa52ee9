"""Two sources that would write one target: what counts as one depends on the file system; all are named at once."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pytest

from img2img.errors import UsageError
from img2img.translation.plan import make_plan

NFC, NFD = (unicodedata.normalize(form, "\N{LATIN SMALL LETTER E WITH ACUTE}.png") for form in ("NFC", "NFD"))


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file system find a file under names that differ in case or in the form of letters."""

    def folded(name: str) -> str:
        return unicodedata.normalize("NFC", name).casefold()

    def lexists(path: Path) -> bool:
        return any(folded(other.name) == folded(path.name) for other in path.parent.iterdir())

    monkeypatch.setattr(os.path, "lexists", lexists)


def made(names: Iterable[str]) -> None:
    for name in names:
        path = Path("in", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def targets(suffix: str = "") -> set[str]:
    return {str(item.target) for item in make_plan("in", "out", suffix).items}


PAIRS = [("A.png", "a.png"), ("deep/x.png", "Deep/x.png"), (NFC, NFD), ("stra\xdfe.png", "STRASSE.png")]


@pytest.mark.parametrize("names", PAIRS, ids=ascii)
def test_names_that_the_file_system_tells_apart_are_two_targets(names: tuple[str, str]) -> None:
    made(names)
    if len({os.stat(Path("in", name)).st_ino for name in names}) == 1:  # noqa: PTH116
        pytest.skip("this file system does not tell them apart")
    assert targets() == {f"out/{name}" for name in names}
    assert {path.name for path in Path().iterdir()} == {"in"}, "the trial leaves nothing behind"


@pytest.mark.parametrize("names", PAIRS, ids=ascii)
@pytest.mark.usefixtures("folding")
def test_names_that_the_target_s_file_system_takes_for_one_are_refused(names: tuple[str, str]) -> None:
    made(names)
    with pytest.raises(UsageError, match="would both be written to") as error:
        targets()
    assert all(name in str(error.value) for name in names)


def test_one_name_under_the_format_is_refused_whatever_the_file_system_is() -> None:
    made(["x.jpg", "x.png", "y.JPG", "y.jpg"])
    with pytest.raises(UsageError, match=r"in/x\.jpg and in/x\.png would both be written to out/x\.png; in/y"):
        targets("png")


def test_all_clashes_are_named_at_once() -> None:
    made(f"{number}.{suffix}" for number in range(30) for suffix in ("jpg", "webp", "bmp"))
    with pytest.raises(UsageError) as error:
        targets("png")
    assert all(
        f"in/{number}.bmp, in/{number}.jpg and in/{number}.webp would all be written to out/{number}.png"
        in str(error.value)
        for number in range(30)
    )


def test_the_file_system_counts_that_the_target_folder_will_stand_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(os.path, "lexists", lambda path: bool(asked.append(path)))
    made(["A.png", "a.png"])
    Path("there").mkdir()
    make_plan("in", "there/deep/er")
    assert {path.parent for path in asked if ".part" in path.name.lower()} == {Path("there")}
