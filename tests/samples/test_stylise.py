"""The script that makes domains of plain photos."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "samples" / "images"


def stylise(target: Path, *styles: str) -> None:
    subprocess.run([sys.executable, ROOT / "samples" / "stylise.py", PICTURES, target, *styles], check=True)


def test_each_photo_goes_to_one_domain_alone(tmp_path: Path) -> None:
    stylise(tmp_path, "photo", "painting", "pencil")
    dealt = [path.name for path in tmp_path.glob("*/*.png")]
    assert sorted(dealt) == sorted(path.name for path in PICTURES.glob("*.png"))
    assert {path.name for path in tmp_path.iterdir()} == {"photo", "painting", "pencil"}


def test_a_photo_stays_as_it_is_and_a_sepia_has_one_hue(tmp_path: Path) -> None:
    stylise(tmp_path, "photo", "sepia")
    photo = next((tmp_path / "photo").iterdir())
    assert np.array_equal(cv2.imread(str(photo)), cv2.imread(str(PICTURES / photo.name)))
    blue, green, red = cv2.imread(str(next((tmp_path / "sepia").iterdir()))).astype(int).reshape(-1, 3).T
    assert (blue <= green).all()
    assert (green <= red).all()
