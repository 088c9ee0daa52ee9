"""Every exception of the program.

Catch `Img2ImgError` to catch all of them::

    Img2ImgError
    ├── UsageError            what was asked for cannot be done; nothing was attempted
    │   ├── ConfigError       an option of a model is unknown or out of range
    │   ├── ModelFileError    a model file is damaged, hostile, or made for something else
    │   ├── PluginError       a plugin cannot be used, or no plugin provides a family
    │   └── DataError         a training folder holds no images, or not the expected ones
    ├── ItemError             costs this one item of a job; the others go on
    │   ├── ImageError        a source cannot be read as the image it claims to be
    │   ├── VideoError        a source cannot be read as a video, or a target cannot hold it
    │   └── TranslationError  the network failed on it, or returned what is no image
    ├── FatalError            stopped early; what is finished is intact, and running again goes on
    │   ├── WriteError        the target cannot be written: disk full, no permission
    │   ├── CheckpointError   a training state cannot be written, or none can be read
    │   └── DivergedError     a loss is no longer a finite number
    └── Stopped               the user asked for it; what is finished is intact, and running again goes on

Each message says what was given, why it cannot work and what to do instead.
"""

from __future__ import annotations

from typing import ClassVar


class Img2ImgError(Exception):
    """Base of all errors that are meant to reach the user."""

    exit_code: ClassVar[int] = 1
    """Exit status of the program when this error ends it."""


class UsageError(Img2ImgError):
    exit_code = 2


class ConfigError(UsageError):
    pass


class ModelFileError(UsageError):
    pass


class PluginError(UsageError):
    pass


class DataError(UsageError):
    pass


class ItemError(Img2ImgError):
    exit_code = 1


class ImageError(ItemError):
    pass


class VideoError(ItemError):
    pass


class TranslationError(ItemError):
    pass


class FatalError(Img2ImgError):
    exit_code = 3


class WriteError(FatalError):
    pass


class CheckpointError(FatalError):
    pass


class DivergedError(FatalError):
    pass


class Stopped(Img2ImgError):  # noqa: N818 - not an error of anyone's
    exit_code = 130
