"""What GIF and WebP files store of an animation: parts of pictures, which are put together one over the other."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
from PIL.GifImagePlugin import GifImageFile
from PIL.WebPImagePlugin import WebPImageFile

from img2img.media.images import Pixels

KEEP, CLEAR, RESTORE = 1, 2, 3
"""What becomes of a part when its time is over: it stays, it gives way to nothing, or to what was there before."""

USUAL_DURATION = 100
"""Milliseconds that browsers show a frame whose file says 0."""


@dataclass(frozen=True, eq=False)
class Part:
    """What one frame changes of the picture.

    Attributes:
        left: Where it begins, in pixels of the canvas.
        top: Likewise.
        width: In pixels.
        height: Likewise.
        duration: In milliseconds, as the file says, but for 0.
        disposal: `KEEP`, `CLEAR` or `RESTORE`.
        blended: What is behind shines through where it is transparent; else the part replaces it.
        decode: Gives its pixels, (height, width, 4) of uint8. Raises anything where its data are damaged.
    """

    left: int
    top: int
    width: int
    height: int
    duration: int
    disposal: int
    blended: bool
    decode: Callable[[], Pixels]


@dataclass
class Stored:
    """An animation as it is stored.

    Attributes:
        width: Of the canvas, in pixels.
        height: Likewise.
        loops: How often it is shown; 0 is for ever.
        parts: Those that are whole.
        ending: How the file ends before its end, in words; empty if it does not.
        notes: What is not in the parts.
    """

    width: int
    height: int
    loops: int = 1
    parts: list[Part] = field(default_factory=list)
    ending: str = ""
    notes: tuple[str, ...] = ()


class Canvas:
    """Where parts are put together."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Pixels = np.zeros((height, width, 4), np.uint8)
        self._undo: tuple[Any, Pixels | int] | None = None

    def draw(self, part: Part, drawn: Pixels) -> None:
        """Put a part, as decoded, over what the parts before left."""
        if self._undo is not None:
            area, before = self._undo
            self.pixels[area] = before
        area = np.s_[part.top : part.top + part.height, part.left : part.left + part.width]
        below = self.pixels[area]
        drawn = drawn[: below.shape[0], : below.shape[1]]
        undo = {CLEAR: 0, RESTORE: below.copy() if part.disposal == RESTORE else 0}
        self._undo = (area, undo[part.disposal]) if part.disposal in undo else None
        below[...] = _over(drawn, below) if part.blended else drawn


def is_animation(head: bytes) -> bool:
    """Whether a file that begins with these 21 bytes or more is a GIF, of however many frames, or an animated WebP."""
    if head[:4] == b"RIFF":
        return head[8:16] == b"WEBPVP8X" and len(head) > 20 and bool(head[20] & 2)
    return head.startswith((b"GIF87a", b"GIF89a"))


def parse(data: bytes) -> Stored | None:
    """The animation in the content of a file; None if there is none.

    Raises:
        EOFError: Its header is cut off.
    """
    if not is_animation(data):
        return None
    return _parse_gif(data) if data.startswith(b"GIF") else _parse_webp(data)


def _parse_gif(data: bytes) -> Stored:
    """Graphics Interchange Format, version 89a; the loop is Netscape's extension."""
    file = BytesIO(data)
    width, height, flags = struct.unpack("<6xHHBxx", _take(file, 13))
    table = _colour_table(file, flags)
    stored, control = Stored(width, height), bytes(6)
    try:
        while (kind := _take(file, 1)) != b";":
            if kind == b",":
                part = _gif_part(file, table, control)
                if not stored.parts:  # some files say nonsense of the canvas
                    stored.width = max(width, part.left + part.width)
                    stored.height = max(height, part.top + part.height)
                stored.parts.append(part)
                control = bytes(6)
            elif kind == b"!":
                label, blocks = _take(file, 1), _blocks(file)
                if label == b"\xf9" and blocks[0] == 4:
                    control = blocks
                elif label == b"\xff" and blocks.startswith(b"\x0bNETSCAPE2.0\x03\x01"):
                    again = int.from_bytes(blocks[14:16], "little")
                    stored.loops = again + 1 if again else 0
            elif kind != b"\0":
                stored.ending = "the file is damaged"
                break
    except EOFError:
        stored.ending = "the file is cut off"
    return stored


def _gif_part(file: BytesIO, table: Pixels, control: bytes) -> Part:
    left, top, width, height, flags = struct.unpack("<HHHHB", _take(file, 9))
    if flags & 0x80:
        table = _colour_table(file, flags)
    control_flags, hundredths, transparent = struct.unpack("<xBHBx", control)
    if control_flags & 1:
        table = table.copy()
        table[transparent] = 0
    # As a file of its own without a colour table, whose pixels are then the numbers of the colours.
    descriptor = struct.pack("<HHHHB", 0, 0, width, height, flags & 0x40)
    head = struct.pack("<6sHHBxx", b"GIF89a", width, height, 0) + b"," + descriptor
    still = head + _take(file, 1) + _blocks(file) + b";"
    disposal = control_flags >> 2 & 7

    def decode() -> Pixels:
        with GifImageFile(BytesIO(still)) as image:
            return table[np.asarray(image)]

    return Part(
        left=left,
        top=top,
        width=width,
        height=height,
        duration=10 * hundredths or USUAL_DURATION,
        disposal={2: CLEAR, 3: RESTORE, 4: RESTORE}.get(disposal, KEEP),
        blended=True,
        decode=decode,
    )


def _colour_table(file: BytesIO, flags: int) -> Pixels:
    """(256, 4); shades of grey where the file has none."""
    table = np.full((256, 4), 255, np.uint8)
    if flags & 0x80:
        colours = np.frombuffer(_take(file, 6 << (flags & 7)), np.uint8).reshape(-1, 3)
        table[:, :3] = 0
        table[: len(colours), :3] = colours
    else:
        table[:, :3] = np.arange(256)[:, None]
    return table


def _blocks(file: BytesIO) -> bytes:
    """Blocks as they stand in the file, with the lengths before them, up to the empty one that ends them."""
    start = file.tell()
    while length := _take(file, 1)[0]:
        _take(file, length)
    length = file.tell() - start
    file.seek(start)
    return file.read(length)


def _parse_webp(data: bytes) -> Stored:
    """WebP Container Specification, "Extended File Format"."""
    end = 8 + int.from_bytes(data[4:8], "little")
    file = BytesIO(data[:end])
    header = _take(file, 30)
    stored = Stored(_of_three(header, 24) + 1, _of_three(header, 27) + 1)
    try:
        while file.tell() < end:
            kind, size = struct.unpack("<4sI", _take(file, 8))
            body = _take(file, size)
            file.seek(size % 2, 1)
            if kind == b"ANIM":
                stored.loops = int.from_bytes(body[4:6], "little")
            elif kind == b"ANMF" and size >= 24:
                stored.parts.append(_webp_part(body))
            elif kind == b"ICCP":
                stored.notes = ("its colour profile is not kept",)
    except EOFError:
        stored.ending = "the file is cut off"
    return stored


def _webp_part(body: bytes) -> Part:
    flags, chunks = body[15], body[16:]
    # As a file of its own, which says that it has alpha: one without is then opaque.
    extended = b"WEBPVP8X" + struct.pack("<II", 10, 0x10) + body[6:12] + chunks
    still = b"RIFF" + struct.pack("<I", len(extended)) + extended

    def decode() -> Pixels:
        with WebPImageFile(BytesIO(still)) as image:
            return np.asarray(image)

    return Part(
        left=2 * _of_three(body, 0),
        top=2 * _of_three(body, 3),
        width=_of_three(body, 6) + 1,
        height=_of_three(body, 9) + 1,
        duration=_of_three(body, 12) or USUAL_DURATION,
        disposal=CLEAR if flags & 1 else KEEP,
        blended=not flags & 2 or chunks.startswith(b"VP8 "),  # which has no alpha
        decode=decode,
    )


def _of_three(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _take(file: BytesIO, count: int) -> bytes:
    taken = file.read(count)
    if len(taken) < count:
        raise EOFError
    return taken


def _over(upper: Pixels, lower: Pixels) -> Pixels:
    """What is seen of a picture in front of another, both (H, W, 4) with alpha not multiplied in."""
    solid = upper[..., 3:] == 255
    seen = np.where(solid, upper, lower)
    partly = ~solid[..., 0] & (upper[..., 3] > 0)
    if partly.any():
        front, back = upper[partly].astype(np.float32), lower[partly].astype(np.float32)
        weight = front[:, 3:] / 255
        behind = back[:, 3:] / 255 * (1 - weight)
        colours = (front[:, :3] * weight + back[:, :3] * behind) / (weight + behind)
        seen[partly] = np.rint(np.concatenate([colours, 255 * (weight + behind)], axis=1)).astype(np.uint8)
    return seen
