"""What is left of a clip that was not finished."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from img2img.media import Folder
from img2img.translation.clip_state import ClipState


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"this is nothing"),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"\x07", b"\x08")),
        Path.unlink,
    ],
)
def test_a_damaged_memory_is_none(harm: Callable[[Path], object], tmp_path: Path) -> None:
    state = ClipState(Folder(tmp_path), tmp_path / "out.mkv", "settings")
    state.remember({"level": np.full(5, 7, np.uint8)})
    state.finish()
    memory = state.memory()
    assert memory is not None
    assert memory["level"].tolist() == [7] * 5
    harm(next(state.folder.glob("*.memory.npz")))
    assert state.memory() is None
    state.close()


def became_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "file").touch()


def foreign(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, pictures=np.zeros(5))


HARM: list[Callable[[Path], object]] = [
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(bytes(path.stat().st_size)),
    lambda path: path.write_bytes(path.read_bytes()[:50]),
    lambda path: path.write_bytes(path.read_bytes().replace(b"\x07", b"\x08", 1)),
    lambda path: path.write_bytes(b"this is a text"),
    lambda path: path.write_bytes(path.with_name("000000.npz").read_bytes()),
    foreign,
    became_a_folder,
    Path.unlink,
]


def written(state: ClipState) -> None:
    """Write the current segment and finish it."""
    numbers = np.full(100, 7 + state.finished, np.uint8)
    state.remember({"level": numbers})
    with state.segment(state.finished).open("wb") as file:
        np.savez(file, pts=numbers)
    state.finish()


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_segment_and_those_after_it_are_made_anew(harm: Callable[[Path], object], tmp_path: Path) -> None:
    state = ClipState(Folder(tmp_path), tmp_path / "out.mkv", "settings")
    for _ in range(4):
        written(state)
    state.close()
    harm(state.segment(2))
    again = ClipState(Folder(tmp_path), tmp_path / "out.mkv", "settings")
    assert (again.is_resumed, again.finished) == (True, 2)
    assert not again.segment(2).exists()
    written(again)
    assert again.finished == 3
    again.close()


def test_segments_that_nobody_touched_are_kept_with_their_memory(tmp_path: Path) -> None:
    state = ClipState(Folder(tmp_path), tmp_path / "out.mkv", "settings")
    for _ in range(3):
        written(state)
    state.close()
    again = ClipState(Folder(tmp_path), tmp_path / "out.mkv", "settings")
    memory = again.memory()
    assert memory is not None
    assert (again.finished, memory["level"][0]) == (3, 9)
    again.close()


def test_a_memory_that_was_replaced_by_another_is_none(tmp_path: Path) -> None:
    state = ClipState(Folder(tmp_path), tmp_path / "out.mkv", "settings")
    written(state)
    foreign(next(state.folder.glob("*.memory.npz")))
    assert state.memory() is None
    state.close()


@pytest.mark.parametrize("name", ["target.part", "000007.npz"])
def test_a_folder_in_the_place_of_a_file_is_removed(name: str, tmp_path: Path) -> None:
    state = ClipState(Folder(tmp_path), tmp_path / "out.mkv", "settings")
    written(state)
    (state.folder / name).mkdir()
    state.close()
    again = ClipState(Folder(tmp_path), tmp_path / "out.mkv", "settings")
    assert again.finished == 1
    assert not (again.folder / name).exists()
    again.close()
