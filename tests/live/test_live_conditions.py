"""Live pictures that are steered: one value serves all frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from img2img.errors import UsageError
from img2img.live.live import live

from ..translation.steered import painter, stylist
from .screens import Recorder, at_once, never


def test_one_mask_serves_all_frames(make: Any, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "mask.png"), np.zeros((9, 9), np.uint8))
    frames, screen = [make.picture(20, 30, seed=seed) for seed in range(2)], Recorder()
    live(make.model(painter()), {"": str(tmp_path / "mask.png")}, at_once(*frames), screen, never)
    assert screen.pairs
    assert all((before == after).all() for before, after in screen.pairs), "nothing is painted"


@pytest.mark.parametrize(("value", "message"), [("@styles.csv", "a table gives each source"), (".", "no folder can")])
def test_a_table_and_a_folder_are_refused(value: str, message: str, make: Any) -> None:
    with pytest.raises(UsageError, match=message):
        live(make.model(stylist()), {"style": value}, at_once(make.picture()), Recorder(), never)
