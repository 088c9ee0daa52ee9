"""This module reads HEIF files (HEIC, the format of iPhones), where the package pillow-heif is installed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from img2img.errors import ImageError
from img2img.media.formats import Still
from img2img.media.image import tiff
from img2img.media.image.boxes import ends_in_zeros
from img2img.media.image.images import DAMAGED, Pixels
from img2img.media.image.metadata import EXIF_PREFIX, upright_xmp
from img2img.media.image.probe import Header

_MOST_ZEROS = 256  # metadata may stand behind the picture, and end in some


def probe_heif(still: Still, data: bytes) -> Header:
    """Read the header of a HEIF file; only its main picture counts."""
    picture = _open(data)
    exif, xmp = picture.info.get("exif"), picture.info.get("xmp")
    if exif:  # libheif turns the pixels by what the container says, and EXIF only repeats that
        with suppress(ValueError):
            exif = tiff.upright(exif.removeprefix(EXIF_PREFIX))[0]
    return Header(
        still=still,
        width=picture.size[0],
        height=picture.size[1],
        mode=picture.mode,
        exif=exif,
        icc=picture.info.get("icc_profile"),
        xmp=upright_xmp(xmp) if xmp else None,
    )


def decode_heif(data: bytes, header: Header) -> tuple[Pixels, Header, tuple[str, ...]]:
    """Decode a HEIF file of 8, 10 or 12 bits; libheif turns it upright.

    Raises:
        ImageError: The coded picture ends in zeros, over which libheif passes.
    """
    if ends_in_zeros(data, _MOST_ZEROS):
        raise ImageError(DAMAGED)
    picture = _open(data)
    pixels = np.asarray(picture)
    if pixels.dtype == np.uint16:  # the bits stand at the top
        pixels = pixels | pixels >> picture.info["bit_depth"]
    return pixels, header, ()


def _open(data: bytes) -> Any:
    try:
        import pillow_heif  # no dependency, since its wheel contains x265, which is under the GPL
    except ImportError as error:
        raise ImageError(
            f"HEIF files are read through pillow-heif, which cannot be used ({error}); install it: "
            "pip install 'img2img-runtime[heif]'"
        ) from error
    return pillow_heif.open_heif(data, convert_hdr_to_8bit=False)
