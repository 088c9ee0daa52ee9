"""This module defines every exception of the program.

Catch `Img2ImgError` to catch all of them::

    Img2ImgError
    ├── UsageError            the request cannot be carried out; nothing was attempted
    │   ├── ConfigError       an option of a model is unknown or out of range
    │   ├── ModelFileError    a model file is damaged, hostile, or made for something else
    │   ├── PluginError       a plugin cannot be used, or no plugin provides a family
    │   └── DataError         a training folder holds no images, or not the expected ones
    ├── ItemError             one item of a job failed; the others go on
    │   ├── ImageError        a source cannot be read as an image
    │   ├── VideoError        a source cannot be read as a video, or a target cannot hold it
    │   └── TranslationError  the network failed on an item, or did not return an image
    ├── FatalError            the program stopped early; finished work is intact, and the next run goes on from there
    │   ├── WriteError        the target cannot be written: disk full, no permission
    │   ├── CheckpointError   a training state cannot be written, or none can be read
    │   └── DivergedError     a loss is no longer a finite number
    └── Stopped               the user stopped the program; finished work is intact, and the next run goes on from there

Each message says what was given, why it cannot work and what to do instead.
"""

from __future__ import annotations

import signal
import threading
from typing import ClassVar

from img2img.text import printable, text_of


class Img2ImgError(Exception):
    """The base of all errors whose message is meant for the user: `UsageError(line, further_line, …)`.

    Names of files and other text from outside may stand in a line as they are: `str(error)` escapes the control
    characters and newlines in each line, so that a name cannot forge lines.
    """

    exit_code: ClassVar[int] = 1
    """The exit status of the program when this error ends it."""

    @property
    def lines(self) -> list[str]:
        """Return the lines of the message."""
        return [printable(text_of(line)) for line in self.args]

    def __str__(self) -> str:
        return "\n".join(self.lines)


class UsageError(Img2ImgError):
    """The request cannot be carried out; nothing was attempted."""

    exit_code = 2


class ConfigError(UsageError):
    """An option of a model is unknown or out of range."""


class ModelFileError(UsageError):
    """A model file is damaged, hostile, or made for something else."""


class UnknownModelError(ModelFileError):
    """No family recognises the tensors of a file."""


class PluginError(UsageError):
    """A plugin cannot be used, or no plugin provides an extension."""


class DataError(UsageError):
    """A training folder holds no images, or not the expected ones."""


class ItemError(Img2ImgError):
    """One item of a job failed; the others go on."""

    exit_code = 1


class ImageError(ItemError):
    """A source cannot be read as an image."""


class VideoError(ItemError):
    """A source cannot be read as a video, or a target cannot hold it."""


class TranslationError(ItemError):
    """The network failed on an item, or did not return an image."""


class FatalError(Img2ImgError):
    """The program stopped early; finished work is intact, and the next run goes on from there."""

    exit_code = 3


class WriteError(FatalError):
    """A target cannot be written: the disk is full, or the permission is missing."""


class CheckpointError(FatalError):
    """A training state cannot be written, or none can be read."""


class DivergedError(FatalError):
    """A loss of a training is no longer a finite number."""


class Stopped(Img2ImgError):  # noqa: N818 - a stop by the user is no error
    """The user stopped the program; finished work is intact, and the next run goes on from there."""

    exit_code = 130


def is_ctrl_c(error: BaseException) -> bool:
    """Return whether an exception may be the user's Ctrl-C, and not a KeyboardInterrupt that a plugin raised itself.

    Only Python's own handler of the signal raises it, in the main thread. While a job runs, the program has a handler
    of its own, which raises nothing; before that, it gives way to Python's when it raises.
    """
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
