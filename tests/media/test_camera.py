"""Cameras; where this machine has none, a clip in the place of what a camera delivers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import pytest

from img2img.errors import UsageError, VideoError
from img2img.media import camera as cameras
from img2img.media.camera import Camera

from ..video import clips, picture

FIRST = Path("/dev/video0")


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], list[Any]]:
    """Let OpenCV deliver the frames of a clip as those of camera 3; returns what was opened."""
    opened: list[Any] = []
    real = cv2.VideoCapture

    def plug_in(path: Path) -> list[Any]:
        def capture(index: int) -> Any:
            assert index == 3
            opened.append(real(str(path)))
            return opened[-1]

        monkeypatch.setattr(cameras.cv2, "VideoCapture", capture)
        return opened

    return plug_in


def test_frames_come_in_order_in_rgb_until_the_camera_delivers_no_more(
    plug_in: Callable[[Path], list[Any]], tmp_path: Path
) -> None:
    opened = plug_in(clips.write(tmp_path / "clip.mp4", frames=5))
    with Camera(3) as camera:
        frames = camera.frames()
        seen = list(islice(frames, 5))
        with pytest.raises(VideoError, match="camera 3 delivers no more frames"):
            next(frames)
        assert opened[0].isOpened()
    assert not opened[0].isOpened()
    assert [picture.number(pixels) for pixels in seen] == [0, 1, 2, 3, 4]
    assert seen[0].shape == (64, 96, 3)
    assert seen[0].dtype == "uint8"
    for name, (colour, _) in picture.CORNERS.items():
        assert picture.corners(seen[0])[name] == pytest.approx(colour, abs=12)


def test_a_camera_that_cannot_be_opened_is_refused(plug_in: Callable[[Path], list[Any]], tmp_path: Path) -> None:
    opened = plug_in(tmp_path / "nowhere.mp4")
    with pytest.raises(UsageError, match=r"camera 3 cannot be opened; .*--source CLIP"):
        Camera(3)
    assert len(opened) == 1


def test_a_camera_that_delivers_no_frame_is_refused_and_let_go(
    plug_in: Callable[[Path], list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = plug_in(clips.write(tmp_path / "clip.mp4", frames=1))
    deliver = cameras.cv2.VideoCapture

    def exhausted(index: int) -> Any:
        capture = deliver(index)
        while capture.read()[0]:
            pass
        return capture

    monkeypatch.setattr(cameras.cv2, "VideoCapture", exhausted)
    with pytest.raises(UsageError, match="camera 3 delivers no frame; "):
        Camera(3)
    assert not opened[0].isOpened()


@pytest.mark.skipif(Path("/dev/video99").exists(), reason="there is such a camera")
def test_a_camera_that_is_not_there_is_refused_without_a_word_of_opencv(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="camera 99 cannot be opened"):
        Camera(99)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("index", [-1, 100, 1900, "clip.mp4", "/dev/video0", 0.0])
def test_only_the_number_of_a_camera_is_taken(index: Any) -> None:
    with pytest.raises(UsageError, match="is no camera; give its number"):
        Camera(index)


@pytest.mark.skipif(not FIRST.exists(), reason="this machine has no camera")
def test_a_real_camera_delivers_frames() -> None:
    try:
        camera = Camera(0)
    except UsageError as error:
        pytest.skip(str(error))  # it is there, and belongs to somebody else
    with camera:
        assert all(pixels.ndim == 3 and pixels.shape[2] == 3 for pixels in islice(camera.frames(), 3))
