"""This module makes text from outside harmless: names of files, metadata of packages, messages of other programs."""

from __future__ import annotations

import json
import re
from typing import Any

_HARMFUL = (
    "\x00-\x1f\x7f-\x9f"  # control characters: C0, DEL and C1
    "\u2028\u2029"  # ends of lines and of paragraphs
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # change the direction of what stands beside them
    "\xad\u180e\u200b\u2060-\u2065\ufeff\ufff9-\ufffb"  # invisible; two joiners stay, since scripts and emoji need them
    "\ud800-\udfff\ufffe\uffff"  # no characters: halves of surrogate pairs stand for bytes that are no UTF-8
)
_IN_A_LINE = re.compile(f"[{_HARMFUL}]")
_IN_LINES = re.compile(f"(?![\n\t])[{_HARMFUL}]")
_ON_A_TERMINAL = re.compile(rf"(\r|\x1b\[[0-9;]*[mAK])|(?![\n\t])[{_HARMFUL}]")

LONGEST = 10_000
"""The most characters of an object's own text that a message quotes."""


def printable(text: object) -> str:
    """Return text as one harmless line: control characters and bytes that are no UTF-8 become escapes.

    A file name then cannot forge lines or send codes to a terminal. Letters of all scripts, emoji and spaces stay.
    """
    return _IN_A_LINE.sub(_escape, str(text))


def as_file_name(text: str) -> str:
    """Return text with a `_` in the place of each character that `printable` escapes."""
    return _IN_A_LINE.sub("_", text)


def printable_lines(text: str, *, terminal: bool = False) -> str:
    """Return text of several lines without control characters.

    Args:
        text: Its newlines and tabs stay.
        terminal: Also keep what bars of progress and colours need: carriage returns, and codes that colour or move up.
    """
    return _ON_A_TERMINAL.sub(_escape_unless_kept, text) if terminal else _IN_LINES.sub(_escape, text)


def text_of(thing: object) -> str:
    """Return the text of an exception or of any other object, even where its `__str__` raises; long text is cut."""
    try:
        text = str(thing)
    except BaseException as error:  # an object of a plugin may do anything
        return f"({type(thing).__name__} has no text: its __str__ raises {type(error).__name__})"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def error_text(error: BaseException) -> str:
    """Return the kind and the text of an exception in one line: `ValueError: no such size`."""
    return f"{type(error).__name__}: {' '.join(text_of(error).split())}".removesuffix(": ")


def as_json(value: Any) -> str:
    """Write a value as JSON of ASCII characters that a terminal shows as they are."""
    return json.dumps(value, indent=1).replace("\x7f", "\\u007f")  # it can stand only in strings


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _escape_unless_kept(found: re.Match[str]) -> str:
    return found[1] or _escape(found)
