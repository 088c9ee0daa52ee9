"""A display that nobody sees, to look at and to type on: Xvfb, spoken to through libX11."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from ctypes import byref, c_char_p, c_int, c_long, c_uint, c_ulong, c_void_p
from ctypes.util import find_library
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SIZE = "1920x1080x24"
KEY_PRESS, KEY_RELEASE, CLIENT_MESSAGE = 2, 3, 33


# Xlib would end this process where a window goes away while it is asked about.
IGNORE = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)(lambda display, error: 0)


class Window(NamedTuple):
    """A window that stands on the screen itself."""

    id: int
    title: str
    x: int
    y: int
    width: int
    height: int


class KeyEvent(ctypes.Structure):
    """XKeyEvent of Xlib.h."""

    _fields_ = [
        *[("type", c_int), ("serial", c_ulong), ("send_event", c_int), ("display", c_void_p)],
        *[(name, c_ulong) for name in ("window", "root", "subwindow", "time")],
        *[(name, c_int) for name in ("x", "y", "x_root", "y_root")],
        *[(name, c_uint) for name in ("state", "keycode")],
        ("same_screen", c_int),
    ]


class ClientMessage(ctypes.Structure):
    """XClientMessageEvent of Xlib.h."""

    _fields_ = [
        *[("type", c_int), ("serial", c_ulong), ("send_event", c_int), ("display", c_void_p)],
        *[("window", c_ulong), ("message_type", c_ulong), ("format", c_int), ("data", c_long * 5)],
    ]


class Event(ctypes.Union):
    """XEvent of Xlib.h, which is as large as its padding."""

    _fields_ = [("key", KeyEvent), ("client", ClientMessage), ("padding", c_long * 24)]


def is_possible() -> bool:
    return bool(shutil.which("Xvfb") and find_library("X11"))


class Display:
    """A running Xvfb, whose screen is a file in a folder.

    Attributes:
        name: For the variable DISPLAY.
    """

    def __init__(self, folder: Path) -> None:
        reader, writer = os.pipe()
        self._screen = folder / "Xvfb_screen0"
        command = ["Xvfb", "-displayfd", str(writer), "-fbdir", str(folder), "-screen", "0", SIZE, "-nolisten", "tcp"]
        self._server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as numbers:
            self.name = f":{numbers.readline().strip()}"
        self._x: Any = ctypes.CDLL(find_library("X11"))
        self._x.XOpenDisplay.restype = c_void_p
        self._x.XDefaultRootWindow.restype = self._x.XInternAtom.restype = c_ulong
        self._x.XSetErrorHandler(IGNORE)
        self._display = c_void_p(self._x.XOpenDisplay(self.name.encode()))
        assert self._display.value, f"Xvfb does not answer as {self.name}"
        self._root = c_ulong(self._x.XDefaultRootWindow(self._display))

    def close(self) -> None:
        self._x.XCloseDisplay(self._display)
        self._server.terminate()
        self._server.wait(10)

    def windows(self) -> list[Window]:
        """Those that have a title."""
        children, count, other = ctypes.POINTER(c_ulong)(), c_uint(), c_ulong()
        self._x.XQueryTree(self._display, self._root, byref(other), byref(other), byref(children), byref(count))
        found = [self._about(children[number]) for number in range(count.value)]
        self._x.XFree(children)
        return [window for window in found if window.title]

    def grab(self, window: Window) -> NDArray[np.uint8]:
        """What is to be seen of a window: (H, W, 3), RGB."""
        content = self._screen.read_bytes()  # in the format of xwd, X11/XWDFile.h
        head = np.frombuffer(content, ">u4", 25)
        start, colours, width, height, line = (int(head[at]) for at in (0, 19, 4, 5, 12))
        rows = np.frombuffer(content, np.uint8, line * height, start + 12 * colours).reshape(height, line)
        pixels = rows[:, : 4 * width].reshape(height, width, 4)[..., 2::-1]  # from BGRX
        return pixels[window.y : window.y + window.height, window.x : window.x + window.width]

    def press(self, window: Window, key: str) -> None:
        """Type a key, by its name in X: `q`, `Escape`."""
        code = self._x.XKeysymToKeycode(self._display, c_ulong(self._x.XStringToKeysym(key.encode())))
        for kind in (KEY_PRESS, KEY_RELEASE):
            event = Event(key=KeyEvent(type=kind, window=window.id, root=self._root, keycode=code, same_screen=1))
            self._send(window, event)

    def click_the_cross(self, window: Window) -> None:
        """What a window manager does when its user closes a window."""
        atoms = [self._x.XInternAtom(self._display, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW")]
        data = (c_long * 5)(atoms[1])
        message = ClientMessage(type=CLIENT_MESSAGE, window=window.id, message_type=atoms[0], format=32, data=data)
        self._send(window, Event(client=message))

    def _send(self, window: Window, event: Event) -> None:
        self._x.XSendEvent(self._display, c_ulong(window.id), 0, c_long(0), byref(event))
        self._x.XFlush(self._display)

    def _about(self, window: int) -> Window:
        title, other = c_char_p(), c_ulong()
        self._x.XFetchName(self._display, c_ulong(window), byref(title))
        x, y, width, height, rest = c_int(), c_int(), c_uint(), c_uint(), c_uint()
        numbers = [byref(number) for number in (x, y, width, height, rest, rest)]
        self._x.XGetGeometry(self._display, c_ulong(window), byref(other), *numbers)
        text = (title.value or b"").decode("latin-1")
        return Window(window, text, x.value, y.value, width.value, height.value)
