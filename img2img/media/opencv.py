"""This module alone imports OpenCV; the rest of the core writes `from img2img.media.opencv import cv2`."""

from __future__ import annotations

from img2img.errors import UsageError

try:
    import cv2
except ModuleNotFoundError as error:
    raise UsageError(f"OpenCV cannot be used ({error}); install it: pip install opencv-python") from error
except ImportError as error:
    raise UsageError(
        f"OpenCV cannot be used, since a library of the system is missing ({error}); install it (on Debian or Ubuntu: "
        "apt-get install libgl1 libglib2.0-0), or take the build that needs none: pip uninstall opencv-python, then "
        "pip install opencv-python-headless in the same version"
    ) from error

__all__ = ["cv2", "is_out_of_memory"]

# The core works on several images at once, in threads of its own; threads inside one image would compete with them.
cv2.setNumThreads(1)
# The core's own errors say, with the name of the file, what OpenCV would write to stderr.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error means that OpenCV ran out of memory."""
    return isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem
