"""Cameras; where this machine has none, a clip in the place of what a camera delivers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from img2img_clips.camera import CameraClip, CameraSource

import img2img
from img2img.media.video import VideoOptions

FIRST = Path("/dev/video0")
PlugIn = Callable[[Path], list[Any]]


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> PlugIn:
    """Let OpenCV deliver the frames of a clip as those of camera 3; returns what was opened."""
    opened: list[Any] = []
    real = cv2.VideoCapture

    def plug_in(path: Path) -> list[Any]:
        def capture(index: int) -> Any:
            assert index == 3
            opened.append(real(str(path)))
            return opened[-1]

        monkeypatch.setattr(cv2, "VideoCapture", capture)
        return opened

    return plug_in


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Five frames, redder and redder, 25 a second."""
    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(5):
            pixels = np.full((48, 64, 3), (50 * number, 20, 90), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return tmp_path / "film.mp4"


def test_frames_come_in_order_in_rgb_at_rising_times_until_there_are_no_more(plug_in: PlugIn, film: Path) -> None:
    opened = plug_in(film)
    clip = CameraSource().open("3", None)
    assert (clip.info.width, clip.info.height, clip.info.rate) == (64, 48, 25)
    frames = clip.frames()
    seen = list(islice(frames, 5))
    with pytest.raises(img2img.VideoError, match="camera 3 delivers no more frames"):
        next(frames)
    assert opened[0].isOpened()
    clip.close()
    assert not opened[0].isOpened()
    means = np.array([frame.picture().mean((0, 1)) for frame in seen])
    assert means == pytest.approx(np.array([(50 * number, 20, 90) for number in range(5)]), abs=6)
    times = [frame.pts for frame in seen]
    assert times == sorted(set(times))
    assert times[0] == 0


def test_a_camera_is_translated_until_the_end_that_was_asked_for(
    plug_in: PlugIn, film: Path, model: img2img.Model, tmp_path: Path
) -> None:
    plug_in(film)
    end = VideoOptions(end=Fraction(1, 1000))
    report = img2img.translate("camera:3", tmp_path / "out.mkv", model=model, video=end)
    assert report.counts["done"] == 1
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [(frame.width, frame.height) for frame in container.decode(video=0)] == [(128, 96)]


def test_a_camera_without_an_end_is_refused(plug_in: PlugIn, film: Path, model: img2img.Model, tmp_path: Path) -> None:
    opened = plug_in(film)
    with pytest.raises(img2img.UsageError, match="camera:3 never ends; give --end, such as --end 10"):
        img2img.translate("camera:3", tmp_path / "out.mkv", model=model)
    assert opened == []


def test_a_camera_that_cannot_be_opened_is_refused(plug_in: PlugIn, tmp_path: Path) -> None:
    opened = plug_in(tmp_path / "nowhere.mp4")
    with pytest.raises(img2img.UsageError, match="camera 3 cannot be opened; plug it in"):
        CameraClip(3)
    assert len(opened) == 1


def test_a_camera_that_delivers_no_frame_is_refused_and_let_go(
    plug_in: PlugIn, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = plug_in(film)
    deliver = cv2.VideoCapture

    def exhausted(index: int) -> Any:
        capture = deliver(index)
        while capture.read()[0]:
            pass
        return capture

    monkeypatch.setattr(cv2, "VideoCapture", exhausted)
    with pytest.raises(img2img.UsageError, match="camera 3 delivers no frame; "):
        CameraClip(3)
    assert not opened[0].isOpened()


@pytest.mark.skipif(Path("/dev/video99").exists(), reason="there is such a camera")
def test_a_camera_that_is_not_there_is_refused_without_a_word_of_opencv(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(img2img.UsageError, match="camera 99 cannot be opened"):
        CameraSource().open("99", None)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("address", ["-1", "100", "1900", "clip.mp4", "/dev/video0", "0.0", ""])
def test_only_the_number_of_a_camera_is_taken(address: str) -> None:
    with pytest.raises(img2img.UsageError, match="is no camera; give its number"):
        CameraSource().open(address, None)


@pytest.mark.skipif(not FIRST.exists(), reason="this machine has no camera")
def test_a_real_camera_delivers_frames() -> None:
    try:
        clip = CameraClip(0)
    except img2img.UsageError as error:
        pytest.skip(str(error))  # it is there, and belongs to somebody else
    pictures = [frame.picture() for frame in islice(clip.frames(), 3)]
    clip.close()
    assert all(pixels.ndim == 3 and pixels.shape[2] == 3 for pixels in pictures)
