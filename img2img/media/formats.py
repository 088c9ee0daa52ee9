"""This module is the table of file formats: every fact about a format stands in its record and nowhere else.

To add a format, add its record here and its codec beside the others. Importing this module imports no codec.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

ALL_METADATA = frozenset({"exif", "icc", "xmp"})
"""The fields of `Metadata`."""

HEAD = 4096
"""Number of bytes at the beginning of a file that are enough to recognise every signature."""


@dataclass(frozen=True)
class Still:
    """How files of a format hold one image. Functions are named `module:function`, below `img2img.media`.

    Attributes:
        signature: Regular expression that matches the first bytes of such files.
        encode: Function that makes a file from pixels (H, W, C), metadata and a quality; empty if img2img only reads
            the format.
        channels: Numbers of channels that a written file may have: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
        pillow: Pillow's class for such files, as `module:class` below `PIL`.
        probe: Function that reads the header from this record and the bytes.
        decode: Function that decodes the pixels from the bytes and the header.
        bits: Most bits that a channel holds.
        longest_side: Largest width or height, in pixels.
        metadata: The fields of `Metadata` that the format holds.
        fits: Function that returns whether a value of one of these fields is short enough; empty if all values are.
        quality: The quality of encoding where the user gives none.
    """

    signature: bytes
    encode: str
    channels: tuple[int, ...]
    pillow: str = ""
    probe: str = "image.probe:probe_with_pillow"
    decode: str = "image.decode:decode_with_opencv"
    bits: int = 8
    longest_side: int = 1_000_000
    metadata: frozenset[str] = ALL_METADATA
    fits: str = ""
    quality: int = 100

    @property
    def alpha(self) -> bool:
        """Whether the format holds transparency."""
        return 4 in self.channels


@dataclass(frozen=True)
class Moving:
    """How files of a format hold a clip. Classes are named `module:class`, below `img2img.media`.

    Attributes:
        signature: Regular expression that matches the first bytes; empty where FFmpeg finds out what a file is.
        read: Class whose instances are a `Clip`, made from path, start, end and the largest number of pixels.
        write: Class that makes a file of all frames; empty where FFmpeg writes the file, or where img2img writes none.
        container: FFmpeg's name of the container that is written; empty where FFmpeg does not write it.
        codec: The codec of a written file where the user names none.
        stores_aspect: Whether the container itself stores the shape of a pixel.
    """

    signature: bytes = b""
    read: str = "video.reader:VideoReader"
    write: str = ""
    container: str = ""
    codec: str = "h264"
    stores_aspect: bool = False

    @property
    def is_written(self) -> bool:
        """Whether clips can be written to such files."""
        return bool(self.write or self.container)


@dataclass(frozen=True)
class Format:
    """A file format, which holds images, clips, or both.

    Attributes:
        name: The usual name of the format.
        suffixes: Suffixes of its files, in lower case with the dot; the usual one comes first.
        mime: Media type.
        still: How the format holds one image; None if it holds clips only.
        moving: How the format holds a clip; None if it holds images only.
        shared: Whether texts have the same suffixes, such as programs in TypeScript (`.ts`); these are no clips.
    """

    name: str
    suffixes: tuple[str, ...]
    mime: str
    still: Still | None = None
    moving: Moving | None = None
    shared: bool = False


def _animation(signature: bytes) -> Moving:
    return Moving(signature, "clip.animation:AnimationReader", "clip.animation:AnimationWriter")


_MOVES = re.escape(bytes(flags for flags in range(256) if flags & 0x02))
_READ = Moving()

FORMATS = (
    Format("PNG", (".png",), "image/png", Still(
        rb"\x89PNG\r\n\x1a\n", "image.encode:encode_png", (1, 2, 3, 4), bits=16, probe="image.png:probe_png",
        decode="image.png:decode_png",
    ), Moving(rb"\x89PNG\r\n\x1a\n(?:(?!IDAT).)*acTL(?!\0\0\0[\0\1])")),
    Format("JPEG", (".jpg", ".jpeg", ".jfif"), "image/jpeg", Still(
        rb"\xff\xd8\xff", "image.encode:encode_jpeg", (1, 3), longest_side=65_500, probe="image.jpeg:probe_jpeg",
        decode="image.jpeg:decode_jpeg", fits="image.metadata:fits_jpeg", quality=95,
    )),
    Format("WebP", (".webp",), "image/webp", Still(
        rb"RIFF.{4}WEBP", "image.encode:encode_webp", (3, 4), "WebPImagePlugin:WebPImageFile", longest_side=16_383,
        decode="image.decode:decode_webp", quality=95,
    ), _animation(rb"RIFF.{4}WEBPVP8X.{4}[" + _MOVES + rb"]")),
    Format("TIFF", (".tiff", ".tif"), "image/tiff", Still(
        rb"II[*+]\0|MM\0[*+]", "image.encode:encode_tiff", (1, 3, 4), bits=16, probe="image.probe:probe_tiff",
        decode="image.decode_tiff:decode_tiff",
    )),
    Format("BMP", (".bmp",), "image/bmp", Still(
        rb"BM", "image.encode:encode_bmp", (1, 3, 4), probe="image.bmp:probe_bmp", decode="image.bmp:decode_bmp",
        metadata=frozenset(),
    )),
    Format("AVIF", (".avif",), "image/avif", Still(
        rb".{4}ftyp(avi[fs]|(mif1|miaf|msf1).{4}(.{4}){0,12}?avi[fs])", "image.encode:encode_avif", (1, 3, 4),
        "AvifImagePlugin:AvifImageFile", decode="image.avif:decode_avif", bits=10, longest_side=16_384, quality=90,
    ), Moving(rb".{4}ftypavis", "clip.animation:AnimationReader")),
    Format("HEIF", (".heic", ".heif", ".hif"), "image/heic", Still(
        rb".{4}ftyp(hei[cxms]|hev[cx]|mif1|miaf|msf1)", "", (), probe="image.heif:probe_heif",
        decode="image.heif:decode_heif",
    )),
    Format("MP4", (".mp4", ".m4v"), "video/mp4", moving=Moving(container="mp4", stores_aspect=True)),
    Format("MKV", (".mkv",), "video/matroska", moving=Moving(container="matroska")),
    Format("MOV", (".mov",), "video/quicktime", moving=Moving(container="mov", stores_aspect=True)),
    Format("WebM", (".webm",), "video/webm", moving=Moving(container="webm", codec="vp9")),
    Format("GIF", (".gif",), "image/gif", moving=_animation(rb"GIF8[79]a")),
    Format("APNG", (".apng",), "image/apng", moving=_READ),
    Format("AVI", (".avi", ".divx"), "video/x-msvideo", moving=_READ),
    Format("MPEG", (".mpg", ".mpeg", ".vob", ".m2p", ".m1v", ".m2v"), "video/mpeg", moving=_READ),
    Format("MPEG-TS", (".ts", ".mts", ".m2ts", ".m2t"), "video/mp2t", moving=_READ, shared=True),
    Format("WMV", (".wmv", ".asf"), "video/x-ms-wmv", moving=_READ),
    Format("FLV", (".flv", ".f4v"), "video/x-flv", moving=_READ),
    Format("Ogg", (".ogv", ".ogm"), "video/ogg", moving=_READ),
    Format("3GP", (".3gp", ".3g2"), "video/3gpp", moving=_READ),
    Format("MXF", (".mxf",), "application/mxf", moving=_READ),
    Format("DV", (".dv",), "video/x-dv", moving=_READ),
    Format("RealMedia", (".rm", ".rmvb"), "application/vnd.rn-realmedia", moving=_READ),
    Format("WTV", (".wtv",), "video/x-ms-wtv", moving=_READ),
    Format("NUT", (".nut",), "video/x-nut", moving=_READ),
    Format("Motion JPEG", (".mjpeg", ".mjpg"), "video/x-motion-jpeg", moving=_READ),
    Format("H.264", (".h264", ".264", ".avc"), "video/h264", moving=_READ),
    Format("H.265", (".hevc", ".h265", ".265"), "video/h265", moving=_READ),
    Format("AV1", (".ivf", ".obu"), "video/av1", moving=_READ),
    Format("Y4M", (".y4m",), "video/x-yuv4mpeg", moving=_READ),
)  # fmt: skip

STILLS = tuple(form for form in FORMATS if form.still)
WRITTEN_STILLS = tuple(form for form in STILLS if form.still and form.still.encode)
WRITTEN_CLIPS = tuple(form for form in FORMATS if form.moving and form.moving.is_written)

_BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}


def suffixes(formats: Iterable[Format]) -> frozenset[str]:
    """Return all suffixes of some formats."""
    return frozenset(suffix for form in formats for suffix in form.suffixes)


READABLE_IMAGES = suffixes(STILLS)
"""Suffixes of the files that img2img takes for images; the first bytes decide how a file is read."""
WRITABLE_IMAGES = suffixes(WRITTEN_STILLS)
"""Suffixes of the image files that img2img can write."""
READABLE_CLIPS = suffixes(form for form in FORMATS if not form.still)
"""Suffixes of the files that are taken for clips; where a format holds both, the first bytes decide."""
WRITABLE_CLIPS = suffixes(WRITTEN_CLIPS)
"""Suffixes of the clips that img2img can write."""
OWN_NAMES = frozenset(suffix[1:] for suffix in _BY_SUFFIX)
"""Suffixes, without the dot, that img2img itself uses; no source or target of a plugin may have such a name."""


def of_suffix(suffix: str) -> Format | None:
    """Return the format whose files have a suffix, in whatever case."""
    return _BY_SUFFIX.get(suffix.lower())


def still_format(data: bytes) -> Format | None:
    """Return the format of images that has the signature at the beginning of a file."""
    return next((form for form in STILLS if form.still and _begins(data, form.still.signature)), None)


def clip_format(data: bytes) -> Format | None:
    """Return the format of clips that has the signature at the beginning of a file; None where FFmpeg must look."""
    return next((form for form in FORMATS if form.moving and _begins(data, form.moving.signature)), None)


def load(name: str) -> Any:
    """Import the function or class that a record names as `module:attribute`."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"img2img.media.{module}"), attribute)


def listed(suffixes: Iterable[str]) -> str:
    """Return suffixes in one sorted line, for messages."""
    return ", ".join(sorted(suffixes))


def choices(formats: Iterable[Format]) -> str:
    """Return the usual suffixes of formats in one line, without the dot, for help texts."""
    return ", ".join(form.suffixes[0].removeprefix(".") for form in formats)


def names(formats: Iterable[Format], last: str) -> str:
    """Return the names of formats in one line, with the word `last` (`and` or `or`) before the last name."""
    *first, end = [form.name for form in formats]
    return f"{', '.join(first)} {last} {end}"


def is_image_file(path: Path) -> bool:
    """Return whether a path is an existing file with the suffix of an image."""
    return path.suffix.lower() in READABLE_IMAGES and path.is_file()


def _begins(data: bytes, signature: bytes) -> bool:
    return bool(signature and re.match(signature, data, re.DOTALL))
