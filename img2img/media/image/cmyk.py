"""Ink to light: CMYK pictures to RGB."""

from __future__ import annotations

from io import BytesIO

from PIL import ImageChops, ImageCms
from PIL.Image import Image as PillowImage


def cmyk_to_rgb(image: PillowImage, icc: bytes | None) -> tuple[PillowImage, str]:
    """A CMYK picture in sRGB, through its profile if that can be used, and the note that says how."""
    if icc:
        try:
            return _through_profile(image, icc), "CMYK converted to RGB through its profile"
        except (ImageCms.PyCMSError, OSError):
            return image.convert("RGB"), "CMYK converted to RGB without its profile, which is unreadable"
    return image.convert("RGB"), "CMYK converted to RGB, without a profile"


def ink_of_jpeg(image: PillowImage) -> PillowImage:
    """A CMYK picture from a JPEG file with 255 for full ink."""
    # Pillow takes each for Adobe's, where 0 is full ink; libjpeg's documentation has it so for those of Adobe only.
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
    assert converted is not None  # it is only when the conversion is in place
    return converted
