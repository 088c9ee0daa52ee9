"""The window of `img2img live`, and the check that a window can be opened."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np

from img2img.errors import UsageError
from img2img.media.opencv import cv2

if TYPE_CHECKING:
    from img2img.live.live import Counts
    from img2img.media.image.images import Pixels

_LARGEST = (1600, 900)
"""Width and height of the window at first; it can be enlarged by hand."""
_STYLE = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
_ESCAPE = 27

_PROBE = "import cv2; cv2.namedWindow('img2img'); cv2.pollKey()"
_PATIENCE = 30
"""Seconds that the probe may take: a connection to a distant display may be slow, and a dead one takes for ever."""

_INSTEAD = "a clip can be translated into a file: img2img translate MODEL CLIP TARGET"


def require_window() -> None:
    """Check whether a window can be opened, in another process: Qt kills the process where it cannot.

    Raises:
        UsageError: There is no display, or this build of OpenCV has no windows.
    """
    if not cv2.currentUIFramework():
        raise UsageError(
            "no window can be opened: this is the build of OpenCV without windows; take the other one in the same "
            f"version: pip uninstall opencv-python-headless, then pip install --force-reinstall opencv-python; or else "
            f"{_INSTEAD}"
        )
    try:
        probe = subprocess.run(
            [sys.executable, "-P", "-c", _PROBE],  # -P: import no cv2.py of the current folder
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            start_new_session=True,  # else Ctrl-C would look like a failing display
        )
        failed, said = probe.returncode != 0, probe.stderr
    except subprocess.TimeoutExpired:
        failed, said = True, f"it did not answer within {_PATIENCE} seconds"
    if failed:
        raise UsageError(
            f"no window can be opened: {_about_the_display(said)}; run this on a desktop, over ssh with -X, or set "
            f"DISPLAY to one that is there; or else {_INSTEAD}"
        )


class Window:
    """Shows frames before and after translation, side by side; q, Esc and the window's cross close it.

    It opens with the first frame. It is a `Screen` in the sense of `img2img.live.live`.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._name = "img2img live"
        self._open = self._closed = False

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open and not self._closed:
            cv2.destroyAllWindows()
            cv2.pollKey()  # else the window stays until the program ends

    def show(self, before: Pixels, after: Pixels, counts: Counts) -> None:
        """Show a frame before and after translation, with the counts in the title."""
        if not self.heed():
            return
        picture = cv2.cvtColor(np.hstack([before, after]), cv2.COLOR_RGB2BGR)
        if not self._open:
            self._open_for(*picture.shape[:2])
        cv2.imshow(self._name, picture)
        cv2.setWindowTitle(
            self._name, f"{self.title}: {counts.current_rate:.1f} frames/s, {counts.dropped} dropped (q ends)"
        )
        self.heed()

    def heed(self) -> bool:
        """Handle key presses and the cross; return False once the window was closed."""
        if self._open and not self._closed:
            key = cv2.pollKey() & 0xFF
            self._closed = key in (ord("q"), ord("Q"), _ESCAPE) or not self._is_visible()
        return not self._closed

    def _open_for(self, height: int, width: int) -> None:
        cv2.namedWindow(self._name, _STYLE)
        factor = min(1, _LARGEST[0] / width, _LARGEST[1] / height)
        cv2.resizeWindow(self._name, max(1, round(width * factor)), max(1, round(height * factor)))
        self._open = True

    def _is_visible(self) -> bool:
        try:
            return bool(cv2.getWindowProperty(self._name, cv2.WND_PROP_VISIBLE) > 0)
        except cv2.error:  # OpenCV raises this where there is no window at all
            return False


def _about_the_display(said: str) -> str:
    """Say why there is no window, from the probe's message and the environment's variables."""
    words = next((line.strip() for line in said.splitlines() if line.strip()), "it gave no reason")
    if sys.platform != "linux":
        return words
    tried = [f"{name}={os.environ[name]!r}" for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name)]
    if not tried:
        return "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    return f"the display cannot be used ({', '.join(tried)}: {words})"
