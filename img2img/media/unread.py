"""This module names files that the program does not read, by their first bytes or by their suffix."""

from __future__ import annotations

import re
from typing import NamedTuple


class _Unread(NamedTuple):
    """A kind of files that the program does not read."""

    name: str
    signature: bytes
    """The first bytes, as a regular expression; empty where a format has none."""
    suffixes: str = ""
    """In small letters; empty where files have this content under any suffix."""
    what: str = ""
    """What a message says such a file is, if that is not the name; advice may follow behind a semicolon."""


_UNREAD = (
    _Unread(
        "Git LFS",
        rb"version https://git-lfs\.github\.com",
        what="a pointer of Git LFS, and not the file itself; fetch the file with: git lfs pull",
    ),
    _Unread(
        "web page",
        rb"(?i:\s*(?:<!--.{0,999}?-->\s*)?<(?:!doctype html|html|head|body|title|script)\b)",
        what="a web page, as servers send it in place of a file that is missing; download the file again",
    ),
    _Unread("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", ".jxl"),
    _Unread("JPEG 2000", rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", ".jp2 .j2k .j2c .jpc .jpf .jpx .jpm"),
    _Unread("JPEG XR", rb"II\xbc\x01", ".jxr .wdp .hdp"),
    _Unread(
        "raw",
        rb".{4}ftypcrx |II\*\0.{4}CR\x02|II\x1a\0\0\0HEAPCCDR|FUJIFILMCCD-RAW|IIU\0|II?RO|IIRS|MMOR|FOVb|\0MRM",
        ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .gpr .iiq .kdc .mos .mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl .sr2 "
        ".srf .srw .x3f",
        "a raw photograph",
    ),
    _Unread("Photoshop", rb"8BPS", ".psd .psb"),
    _Unread("GIMP", rb"gimp xcf"),
    _Unread("PDF", rb"%PDF", ".pdf"),
    _Unread("PostScript", rb"%!PS|\xc5\xd0\xd3\xc6"),
    _Unread("OpenEXR", rb"v/1\x01", ".exr"),
    _Unread("Radiance HDR", rb"#\?RA", ".hdr"),
    _Unread("Netpbm", rb"P[1-7fF]\s", ".pbm .pgm .ppm .pnm .pam .pfm"),
    _Unread("DirectDraw", rb"DDS "),
    _Unread("QOI", rb"qoif"),
    _Unread("Targa", b"", ".tga"),
    _Unread("icon", rb"\0\0[\x01\x02]\0.\0|icns", ".ico .icns .cur"),
    _Unread("SVG", rb"(?i:\s*(?:<\?xml.{0,999}?)?<svg\b)", ".svg .svgz"),
    _Unread("GIF", rb"GIF8[79]a"),
    _Unread("video", rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI |FLV\x01|OggS|\0\0\x01\xba"),
    _Unread("archive", rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b"),
)
_OF_SUFFIX = {suffix: kind.name for kind in _UNREAD for suffix in kind.suffixes.split()}


def unread(data: bytes) -> str:
    """Return what a file is, where its first bytes show it, in one or two words or with advice behind a semicolon."""
    for kind in _UNREAD:
        if kind.signature and re.match(kind.signature, data[:4096], re.DOTALL):
            return kind.what or kind.name
    return ""


def unread_format(suffix: str) -> str:
    """Return the name of the unread format that has a suffix, in small letters; empty if none has it."""
    return _OF_SUFFIX.get(suffix, "")
