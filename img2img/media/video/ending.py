"""This module finds out from the structure of a video file whether its end is missing, or filled with zeros."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from img2img.errors import VideoError

CUT_OFF = "the file is cut off"
ZEROS = "the end of the file is filled with zeros"
_DAMAGED = "the end of the file is damaged"

_TAIL = 1 << 18
_FEW_ZEROS = 1024
"""Zero bytes that may stand at the end of a whole file."""
_PADDING = 64
"""Zero bytes that may stand behind the last picture of a stream without a container."""


def missing_end(path: Path, form: str, last_byte: int) -> str:
    """Return in words what is wrong with the end of a file; empty if nothing is, or if the format cannot show it.

    Args:
        path: The file.
        form: FFmpeg's name of the format.
        last_byte: Where the last packet of the picture ends in the file.

    Raises:
        VideoError: The file cannot be read any more.
    """
    check = _CHECKS.get(form)
    if check is None:
        return ""
    try:
        with path.open("rb") as file:
            return check(file, os.fstat(file.fileno()).st_size, last_byte)
    except OSError as error:
        raise VideoError(
            f"{path}: cannot be read to its end: {error.strerror}; check that it is still there"
        ) from error


def boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Yield the kind of each box on the first level of an MP4 or MOV file, and where it ends."""
    begin = 0
    while begin + 8 <= size:
        file.seek(begin)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            length = size - begin
        if length < 8:
            return
        begin += length
        yield kind, begin


def _end_of_boxes(file: BinaryIO, size: int, last_byte: int) -> str:
    found = list(boxes(file, size))
    if not found:
        return ""
    kind, end = found[-1]
    if end > size and kind.isalnum():
        return CUT_OFF
    if any(kind == b"moof" for kind, _ in found) and not kind.strip(b"\0"):
        return ZEROS
    return ""


_INDEX_ENTRY = 16
"""Bytes of an entry of AVI's index; no packet has an entry of zeros."""


def _end_of_riff(file: BinaryIO, size: int, last_byte: int) -> str:
    begin = 0
    while begin + 8 <= size:
        file.seek(begin)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if not head.strip(b"\0"):
            return ZEROS
        if head[:4] == b"RIFF":
            if begin + length > size:  # some writers count these eight bytes, too
                return CUT_OFF
            begin += 12
        elif not length and head[:4] == b"LIST":  # a recorder that never came back to write it
            return ""
        else:
            begin += 8 + length + length % 2
            if head[:4] == b"idx1" and length and not _rest(file, begin - _INDEX_ENTRY)[:_INDEX_ENTRY].strip(b"\0"):
                return ZEROS
    return CUT_OFF if begin > size + 8 else ""


_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675


def _end_of_ebml(file: BinaryIO, size: int, last_byte: int) -> str:
    begin = last_cluster = 0
    whole = size
    while begin + 2 <= whole:
        file.seek(begin)
        head = file.read(12)
        name, first = _ebml_number(head, 0, keeps_mark=True)
        length, second = _ebml_number(head, first, keeps_mark=False)
        if not name:
            return ZEROS if not head.strip(b"\0") else ""
        end = begin + second + length
        is_open = length == (1 << 7 * (second - first)) - 1  # its length was not known when it was begun
        if name == _SEGMENT and not is_open:
            if end > size:
                return CUT_OFF
            whole = end
        if name == _CLUSTER and end == whole and begin != last_cluster:  # look into the last one
            last_cluster, is_open = begin, True
        if is_open and name not in (_SEGMENT, _CLUSTER):
            return ""
        begin = begin + second if is_open or name == _SEGMENT else end
    return CUT_OFF if begin > whole else ""


def _ebml_number(head: bytes, begin: int, *, keeps_mark: bool) -> tuple[int, int]:
    """Return the number at a place, whose first bit that is set gives its length, and the place behind it."""
    if begin >= len(head) or not head[begin]:
        return 0, begin + 1
    length = 9 - head[begin].bit_length()
    number = int.from_bytes(head[begin : begin + length], "big")
    return number if keeps_mark else number & ((1 << 7 * length) - 1), begin + length


_LAST_PAGE = 4
"""The bit of an Ogg page that marks the last page of a stream."""


def _end_of_ogg(file: BinaryIO, size: int, last_byte: int) -> str:
    tail = _rest(file, max(0, size - _TAIL))
    at = tail.rfind(b"OggS")
    if at < 0:
        return ZEROS if not tail.strip(b"\0") else _DAMAGED
    page = tail[at:]
    end = 27 + page[26] + sum(page[27 : 27 + page[26]]) if len(page) > 26 else len(page) + 1
    if end < len(page) and not page[end:].strip(b"\0"):
        return ZEROS
    return "" if end <= len(page) and page[5] & _LAST_PAGE else CUT_OFF


def _end_of_ts(file: BinaryIO, size: int, last_byte: int) -> str:
    tail = _rest(file, max(0, size - _TAIL))
    for stride in (188, 192, 204):
        for begin in range(min(stride, len(tail))):
            if tail[begin] == 0x47 and tail[begin::stride].count(0x47) == len(tail[begin::stride]):
                lead = 4 if stride == 192 else 0  # Blu-ray discs put a time before each packet
                return CUT_OFF if (len(tail) - begin + lead) % stride else ""
    return ZEROS if not tail[-_FEW_ZEROS:].strip(b"\0") else _DAMAGED


def _end_of_ps(file: BinaryIO, size: int, last_byte: int) -> str:
    tail = _rest(file, max(0, size - _TAIL))
    at = tail.rfind(b"\0\0\1\xba")
    if at < 0:
        return ZEROS if not tail[-_FEW_ZEROS:].strip(b"\0") else ""
    while at + 6 <= len(tail) and tail[at : at + 3] == b"\0\0\1":
        code = tail[at + 3]
        if code == 0xB9:  # the end
            return ""
        if code == 0xBA:
            is_mpeg2 = tail[at + 4] >> 6 == 1
            at += 14 + (tail[at + 13] & 7) if is_mpeg2 and at + 13 < len(tail) else 12
        else:
            at += 6 + int.from_bytes(tail[at + 4 : at + 6], "big")
    if at > len(tail):
        return CUT_OFF
    return ZEROS if len(tail) - at > _FEW_ZEROS and not tail[at:].strip(b"\0") else ""


def _end_of_flv(file: BinaryIO, size: int, last_byte: int) -> str:
    file.seek(0)
    begin = int.from_bytes(file.read(9)[5:9], "big") + 4
    while begin + 11 <= size:
        file.seek(begin)
        head = file.read(4)
        if head[0] & 0x1F not in (8, 9, 18):
            return ZEROS if not _rest(file, begin).strip(b"\0") else _DAMAGED
        begin += 11 + int.from_bytes(head[1:4], "big") + 4
    return CUT_OFF if begin > size + 4 or begin + 4 < size else ""


_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")


def _end_of_asf(file: BinaryIO, size: int, last_byte: int) -> str:
    file.seek(0)
    head = file.read(1 << 16)
    at = head.find(_ASF_FILE)
    if at < 0 or at + 104 > len(head) or head[at + 88] & 1:  # a broadcast does not know its length
        return ""
    if int.from_bytes(head[at + 40 : at + 48], "little") > size:
        return CUT_OFF
    packet, begin = int.from_bytes(head[at + 92 : at + 96], "little"), 0
    while begin + 24 <= size:
        file.seek(begin)
        head = file.read(24)
        begin += max(24, int.from_bytes(head[16:], "little"))
        if not head.strip(b"\0"):
            return ZEROS
        if head[:16] == _ASF_DATA and packet and begin <= size:
            file.seek(begin - packet)
            if not file.read(3).strip(b"\0"):  # each packet begins with its flags
                return ZEROS
    return ""


def _end_of_frames(file: BinaryIO, size: int, last_byte: int) -> str:
    """Judge a format that holds nothing but frames of known length: none may begin after the last one that was read."""
    if not last_byte or last_byte >= size:
        return ""
    return CUT_OFF if _rest(file, last_byte).strip(b"\0") else ZEROS


def _end_of_ivf(file: BinaryIO, size: int, last_byte: int) -> str:
    return _end_of_frames(file, size, last_byte and last_byte + 12)  # FFmpeg counts from the head of a frame


def _end_of_y4m(file: BinaryIO, size: int, last_byte: int) -> str:
    file.seek(0)
    header = file.readline(1 << 10)
    has_colour_last = b" Cmono" not in header and b"alpha" not in header  # no real colour is stored as zeros
    if has_colour_last and not _rest(file, max(0, size - _FEW_ZEROS)).strip(b"\0"):
        return ZEROS
    return _end_of_frames(file, size, last_byte)


def _end_of_raw(file: BinaryIO, size: int, last_byte: int) -> str:
    return ZEROS if not _rest(file, max(0, size - _PADDING)).strip(b"\0") else ""


def _end_of_jpegs(file: BinaryIO, size: int, last_byte: int) -> str:
    tail = _rest(file, max(0, size - _TAIL))
    if not tail[-_FEW_ZEROS:].strip(b"\0"):
        return ZEROS
    return "" if tail.rstrip(b"\0\r\n").endswith(b"\xff\xd9") else CUT_OFF


def _end_of_png(file: BinaryIO, size: int, last_byte: int) -> str:
    return "" if b"IEND\xaeB`\x82" in _rest(file, max(0, size - _TAIL)) else CUT_OFF


def _rest(file: BinaryIO, begin: int) -> bytes:
    file.seek(begin)
    return file.read(_TAIL)


_CHECKS: dict[str, Callable[[BinaryIO, int, int], str]] = {
    "mov,mp4,m4a,3gp,3g2,mj2": _end_of_boxes,
    "avi": _end_of_riff,
    "matroska,webm": _end_of_ebml,
    "ogg": _end_of_ogg,
    "mpegts": _end_of_ts,
    "mpeg": _end_of_ps,
    "flv": _end_of_flv,
    "asf": _end_of_asf,
    "ivf": _end_of_ivf,
    "yuv4mpegpipe": _end_of_y4m,
    "h264": _end_of_raw,
    "hevc": _end_of_raw,
    "m4v": _end_of_raw,
    "mpegvideo": _end_of_raw,
    "obu": _end_of_raw,
    "mjpeg": _end_of_jpegs,
    "apng": _end_of_png,
}
"""FFmpeg's name of a format to the function that judges the end of such files."""
