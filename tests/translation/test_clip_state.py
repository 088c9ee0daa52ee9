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
