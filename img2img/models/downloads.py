"""This module names what a download saved under the name of a model instead of the model."""

from __future__ import annotations

import re
from pathlib import Path

from img2img.errors import ModelFileError
from img2img.media.files import head_of
from img2img.text import printable

HEAD = 1024
"""Bytes at the beginning of a file that are enough to name it."""
POINTER = re.compile(rb"version https?://(git-lfs|hawser)\.|(\.\./)*(\.git|/?annex)/(annex/)?objects/|outs:\n")
"""The beginning of a file that Git LFS, git-annex or DVC keep in the place of a large one."""
PAGE = re.compile(rb"<(!doctype|\?xml|html|head|body|script|meta|title|error|div|svg)\b|<!--|\[?\{\s*\"", re.IGNORECASE)
"""The beginning of a page of HTML, or of the message of a server in XML or JSON."""
WORDS = re.compile(rb"[\t\r\n\x20-\x7e]+")
MESSAGE = re.compile(
    rb"\s*(4\d\d\b|entry|file|(repo\w*|page) not|not found|no such|invalid|access|unauthori[sz]ed|forbidden|bad |error"
    rb"|too many|quota|rate limit|moved|redirect|found\b|request|internal server|service|sorry)",
    re.IGNORECASE,
)
"""The beginning of the message of a server in words."""
TORCH = (b"PK\x03\x04", b"\x80\x02\x8a\x0a")
"""The beginnings of a file of `torch.save`, since torch 1.6 and before."""
PACKED = {b"\x1f\x8b": "gzip", b"7z\xbc\xaf\x27\x1c": "7-Zip", b"Rar!": "RAR", b"\xfd7zXZ": "xz", b"BZh": "bzip2"}


def check_download(path: Path) -> None:
    """Check that a file is not what a web server or a version control system left in the place of a model.

    A file that cannot be read passes; whoever opens it says why.

    Raises:
        ModelFileError: The file is a pointer, a web page or the message of a server, or is packed.
    """
    head = head_of(path, HEAD)
    if path.suffix.lower() == ".safetensors" and head.startswith(TORCH):
        raise ModelFileError(f"{path} is a checkpoint of `torch.save`, not of safetensors; rename it to end in .pth")
    if reason := _reason(head):
        raise ModelFileError(f"{path} {reason}")


def _reason(head: bytes) -> str:
    if POINTER.match(head):
        return (
            "is no model but the pointer that Git LFS, git-annex or DVC keeps in its place; run `git lfs pull` (or git "
            "annex get, dvc pull) in the repository, or download the file itself, not its raw text"
        )
    for magic, program in PACKED.items():
        if head.startswith(magic):
            return f"is packed by {program}; unpack it, and give the file that is in it"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if PAGE.match(text) or (WORDS.fullmatch(head) and MESSAGE.match(head)):
        begin = printable(text[:40].decode("utf-8", "replace").strip())
        return (
            f"is no model but a web page or the message of a server (it begins with {begin!r}); download the file "
            "again, by its direct link, and log in first where the site asks for that"
        )
    return ""
