"""OpenCV where it cannot be loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from img2img.errors import UsageError
try:
    from img2img.media import decode_image
except UsageError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        ("ImportError('libGL.so.1: cannot open shared object file')", "apt-get install libgl1 libglib2.0-0"),
        ("ImportError('libgthread-2.0.so.0: cannot open')", "pip install opencv-python-headless"),
        ("ModuleNotFoundError(\"No module named 'cv2'\")", "pip install opencv-python"),
    ],
)
def test_an_opencv_that_cannot_be_loaded_says_what_to_install(tmp_path: Path, failure: str, advice: str) -> None:
    (tmp_path / "cv2.py").write_text(f"raise {failure}")
    command = [sys.executable, "-c", CODE, str(tmp_path)]
    child = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=600)
    assert advice in child.stdout, child.stderr


def test_opencv_runs_in_the_thread_that_calls_it() -> None:
    from img2img.media.opencv import cv2

    assert cv2.getNumThreads() == 1
