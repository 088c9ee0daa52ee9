"""This module finds out whether a container holds a stream, by beginning a file with it in memory."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

import av
import av.error

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.container import OutputContainer

    from img2img.media.video.encoding import Encoding

_UNLISTED = ("matroska",)
"""Containers that hold more kinds of sound than FFmpeg lists: Matroska takes whatever AVI or WAV hold."""


def fits(stream: Any, encoding: Encoding) -> bool:
    """Return whether the target of an encoding holds a copy of a stream."""
    return _begins(encoding, stream, unlisted=False)


def fits_unlisted(stream: Any, encoding: Encoding) -> bool:
    """Return whether the target of an encoding holds a copy of a sound that FFmpeg does not list for it."""
    return stream.type == "audio" and encoding.container in _UNLISTED and _begins(encoding, stream, unlisted=True)


def open_output(file: Any, container: str, options: dict[str, str], *, unlisted: bool = False) -> OutputContainer:
    """Open a file object for writing a video.

    Args:
        file: The file, open for writing.
        container: FFmpeg's name of the container.
        options: Options of the container.
        unlisted: Whether streams are accepted that FFmpeg does not list for the container. PyAV asks FFmpeg's list
            first; the muxer `tee` hands the streams on to the real one, and has no list.
    """
    if not unlisted:
        return av.open(file, "w", format=container, options=options)
    words = [f"f={container}", *(f"{name}={value}" for name, value in options.items())]
    opener: Callable[..., Any] = lambda url, flags, opened_with: file  # noqa: E731
    return av.open(f"[{':'.join(words)}]target", "w", format="tee", io_open=opener)


def _begins(encoding: Encoding, stream: Any, *, unlisted: bool) -> bool:
    with suppress(av.error.FFmpegError, ValueError):
        output = open_output(BytesIO(), encoding.container, {}, unlisted=unlisted)
        try:
            encoding.add_to(output)
            output.add_stream_from_template(stream)
            output.start_encoding()
            return True
        finally:
            with suppress(av.error.FFmpegError, ValueError):  # closing a file without a frame may fail
                output.close()
    return False
