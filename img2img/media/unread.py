"""This module names files that the program does not read, by their first bytes."""

from __future__ import annotations

import re

_LFS = "a pointer of Git LFS, and not the file itself; fetch the file with: git lfs pull"
_WEB_PAGE = "a web page, as servers send it in place of a file that is missing; download the file again"
_RAW = "a raw photograph"

_UNREAD = (
    (rb"version https://git-lfs\.github\.com", _LFS),
    (rb"(?i:\s*(?:<!--.{0,999}?-->\s*)?<(?:!doctype html|html|head|body|title|script)\b)", _WEB_PAGE),
    (rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "JPEG 2000"),
    (rb"II\xbc\x01", "JPEG XR"),
    (rb".{4}ftypcrx |II\*\0.{4}CR\x02|II\x1a\0\0\0HEAPCCDR|FUJIFILMCCD-RAW|IIU\0|II?RO|IIRS|MMOR|FOVb|\0MRM", _RAW),
    (rb"8BPS", "Photoshop"),
    (rb"gimp xcf", "GIMP"),
    (rb"%PDF", "PDF"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript"),
    (rb"v/1\x01", "OpenEXR"),
    (rb"#\?RA", "Radiance HDR"),
    (rb"P[1-7fF]\s", "Netpbm"),
    (rb"DDS ", "DirectDraw"),
    (rb"qoif", "QOI"),
    (rb"\0\0[\x01\x02]\0.\0", "icon"),
    (rb"icns", "icon"),
    (rb"(?i:\s*(?:<\?xml.{0,999}?)?<svg\b)", "SVG"),
    (rb"GIF8[79]a", "GIF"),
    (rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI |FLV\x01|OggS|\0\0\x01\xba", "video"),
    (rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b", "archive"),
)


def unread(data: bytes) -> str:
    """Return what a file is, where its first bytes show it, in one or two words or with advice behind a semicolon."""
    head = data[:4096]
    return next((name for signature, name in _UNREAD if re.match(signature, head, re.DOTALL)), "")
