"""This module converts CMYK pictures to RGB."""

from __future__ import annotations

from io import BytesIO

from PIL import ImageChops, ImageCms
from PIL.Image import Image as PillowImage


def cmyk_to_rgb(image: PillowImage, icc: bytes | None) -> tuple[PillowImage, str]:
    """Convert a CMYK picture to sRGB, through its colour profile where that can be used.

    Returns:
        The picture in RGB, and a note that says how it was converted.
    """
    if icc:
        try:
            return _through_profile(image, icc), "CMYK converted to RGB through its profile"
        except (ImageCms.PyCMSError, OSError):
            return image.convert("RGB"), "CMYK converted to RGB without its profile, which is unreadable"
    return image.convert("RGB"), "CMYK converted to RGB, without a profile"


def ink_of_jpeg(image: PillowImage) -> PillowImage:
    """Return the CMYK picture of a JPEG file in the convention where 255 is full ink."""
    # Pillow treats every such file as Adobe's, where 0 is full ink; libjpeg documents that for Adobe's files only.
    return image if "adobe" in image.info else ImageChops.invert(image)


def _through_profile(image: PillowImage, icc: bytes) -> PillowImage:
    converted = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(BytesIO(icc)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None  # Pillow returns None only for a conversion in place
    return converted
