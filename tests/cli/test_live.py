"""`img2img live`, on a display that nobody sees; and where there is none, or nothing to show."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from img2img import load_model
from img2img.live import window as windows

from ..faults.conftest import Program, Running
from ..video import clips, damage, look, picture
from .display import Display, Window, is_possible

FRAMES, WIDTH, HEIGHT = 50, 320, 240
PATIENCE = 300
"""Seconds until a test gives up; a busy machine may need a minute to open the window."""
NIGHT = ("tones", "-c", "label=night", "--device", "cpu", "--precision", "fp32")

has_windows = pytest.mark.skipif(not cv2.currentUIFramework(), reason="this build of OpenCV has no windows")


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    if not is_possible():
        pytest.skip("needs Xvfb")
    if not cv2.currentUIFramework():
        pytest.skip("this build of OpenCV has no windows")
    display = Display(tmp_path_factory.mktemp("display"))
    yield display
    display.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds."""
    return clips.write(tmp_path_factory.mktemp("clips") / "clip.mp4", frames=FRAMES, size=(WIDTH, HEIGHT))


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Longer than any test: sixty frames, each of which stays for ten seconds."""
    path, times = tmp_path_factory.mktemp("clips") / "long.mkv", range(0, 600_000, 10_000)
    return clips.write(path, times=tuple(times), time_base=Fraction(1, 1000), size=(WIDTH, HEIGHT))


@pytest.fixture(scope="module")
def on_display(display: Display, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Starts programs that see the display; torch is loaded once for all of them."""
    script = Path(__file__).parents[1] / "faults" / "forking.py"
    with subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"DISPLAY": display.name},
        start_new_session=True,
    ) as pipe:
        yield Program(pipe, tmp_path_factory.mktemp("programs"))
        pipe.kill()


@pytest.fixture(autouse=True)
def _no_window_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """Kill the program of a test that failed, whose window would stand before those of the next tests."""
    yield
    if "on_display" in request.fixturenames:
        request.getfixturevalue("on_display").end_all()


def shown_by(running: Running, display: Display) -> Window:
    """The window of the program, as soon as it shows something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := [window for window in display.windows() if "frames/s" in window.title]:
            return found[0]
        time.sleep(0.01)
    pytest.fail(f"there was no window: {running.err}")


def counts(said: str) -> tuple[int, int, float]:
    """Frames shown, frames dropped, and the rate."""
    found = re.search(r"^(\d+) frames shown, (\d+) dropped, ([\d.]+) frames/s$", said, re.MULTILINE)
    assert found, said
    return int(found[1]), int(found[2]), float(found[3])


def test_the_window_shows_each_frame_before_and_after_beside_each_other(
    display: Display, on_display: Program, long: Path
) -> None:
    running = on_display.start("live", *NIGHT, "--source", long)
    window = shown_by(running, display)
    model, frames = load_model("tones", device="cpu", precision="fp32"), look.frames(long)

    def is_right(before: Any, after: Any) -> bool:
        expected = model(before, label="night")
        return bool(
            before.shape == after.shape == (HEIGHT, WIDTH, 3)
            and np.abs(before.astype(int) - frames[picture.number(before)].pixels).mean() < 2
            and np.abs(after.astype(int) - expected).max() <= 2
            and np.abs(after.astype(int) - before).mean() > 20
        )

    wait_for(display, window, is_right)
    assert window.title.startswith("img2img tones: ")
    display.press(window, "q")
    assert running.wait() == 0
    assert counts(running.err)[0] > 0


def test_the_window_of_a_model_that_enlarges_shows_both_in_the_same_size(
    display: Display, on_display: Program, long: Path
) -> None:
    running = on_display.start("live", "photo-x4", "--device", "cpu", "--width", 256, "--source", long)
    window = shown_by(running, display)
    assert window.width / window.height == pytest.approx(2 * WIDTH / HEIGHT, rel=0.02)
    wait_for(display, window, lambda before, after: picture.number(before) == picture.number(after))
    display.press(window, "q")
    assert running.wait() == 0


def test_a_clip_is_shown_at_its_own_pace_to_its_end(on_display: Program, clip: Path) -> None:
    done = on_display("live", *NIGHT, "--source", clip)
    shown, dropped, rate = counts(done.err)
    assert done.status == 0
    assert shown + dropped == FRAMES
    assert shown > 0
    assert rate <= shown / 2 + 0.05, "it went faster than the clip"


def test_a_slow_model_drops_frames_and_ends_with_the_clip(on_display: Program, tmp_path: Path) -> None:
    clip = clips.write(tmp_path / "clip.mp4", frames=FRAMES, rate=1000, size=(WIDTH, HEIGHT))
    done = on_display("live", "photo-x4", "--device", "cpu", "--width", 256, "--source", clip)
    shown, dropped, _ = counts(done.err)
    assert done.status == 0
    assert shown + dropped == FRAMES
    assert dropped > 0


@pytest.mark.parametrize(
    "close",
    [
        lambda display, window: display.press(window, "q"),
        lambda display, window: display.press(window, "Escape"),
        lambda display, window: display.click_the_cross(window),
    ],
    ids=["q", "Esc", "cross"],
)
def test_its_user_ends_it(
    close: Callable[[Display, Window], None], display: Display, on_display: Program, long: Path
) -> None:
    running = on_display.start("live", *NIGHT, "--steady", "--source", long)
    close(display, shown_by(running, display))
    assert running.wait() == 0, "the clip goes on for ten minutes"
    assert counts(running.err)[0] < 60


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_in_order(
    number: int, expected: int, display: Display, on_display: Program, long: Path
) -> None:
    running = on_display.start("live", *NIGHT, "--source", long)
    shown_by(running, display)
    running.send(number)
    assert running.wait() == expected
    assert "stopping in order" in running.err
    assert counts(running.err)[0] < 60


def test_a_damaged_clip_is_shown_to_its_end_and_reported(on_display: Program, tmp_path: Path) -> None:
    clip = damage.spoil(clips.write(tmp_path / "clip.mp4", frames=20), packet=3, skip=4)
    done = on_display("live", *NIGHT, "--source", clip)
    assert done.status == 1
    assert sum(counts(done.err)[:2]) == 20
    assert re.search(r"damaged: .*clip\.mp4: \d+ of 20 frames are damaged", done.err)


def test_a_clip_that_is_none_is_refused(on_display: Program, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"this is no video, whatever its name says")
    done = on_display("live", "tones", "--source", clip)
    assert done.status == 1
    assert "this is no video in a known format" in done.err


@pytest.mark.skipif(Path("/dev/video99").exists(), reason="there is such a camera")
def test_a_camera_that_is_not_there_is_refused(on_display: Program) -> None:
    done = on_display("live", "tones", "--camera", 99)
    assert done.status == 2
    assert done.err.startswith("error: camera 99 cannot be opened; ")
    assert done.err.count("\n") == 1, "OpenCV said something too"


@has_windows
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, nobody needs these variables")
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"),
        ({"DISPLAY": ":7654"}, "the display cannot be used (DISPLAY=':7654': "),
    ],
    ids=["no display", "a display that leads nowhere"],
)
def test_without_a_display_it_says_so_and_what_to_do_instead(variables: dict[str, str], words: str, clip: Path) -> None:
    hidden = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-m", "img2img", "live", "tones", "--source", clip]
    done = subprocess.run(command, env=hidden | variables, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: no window can be opened: {words}")
    assert "img2img translate MODEL CLIP TARGET" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_opencv_without_windows_is_told_from_a_missing_display(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows.cv2, "currentUIFramework", lambda: "")  # type: ignore[attr-defined]
    done = program("live", "tiny")
    assert done.status == 2
    assert "pip uninstall opencv-python-headless" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--camera", "0", "--source", __file__], "--camera and --source exclude each other"),
        (["--source", "nowhere.mp4"], "'nowhere.mp4' does not exist"),
        (["--camera", "-1"], "-1 is not in the range"),
        (["--width", "0"], "0 is not in the range"),
        (["-c", "by=1", "-c", "by=2"], "the condition by is given twice"),
    ],
)
def test_wrong_usage_is_refused(words: list[str], message: str, program: Any) -> None:
    done = program("live", "tiny", *words)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def wait_for(display: Display, window: Window, is_right: Callable[[Any, Any], bool]) -> None:
    """Look at the window until it shows a frame before and after, as they should be."""
    deadline, seen = time.monotonic() + PATIENCE, set()
    while True:
        before, after = np.array_split(display.grab(window), 2, axis=1)
        seen.add(picture.number(before))
        if 0 <= picture.number(before) < 60 and is_right(before, after):
            return
        assert time.monotonic() < deadline, f"the window does not show what it should: {window}, frames {seen}"
        time.sleep(0.05)
