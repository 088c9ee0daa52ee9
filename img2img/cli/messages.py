"""This module is the one way to the terminal: what comes from outside arrives there without control characters."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from copy import copy
from textwrap import indent
from typing import Any, SupportsFloat, TextIO

import click

from img2img.errors import Img2ImgError
from img2img.text import as_json, printable, printable_lines, text_of


def say(*lines: str) -> None:
    """Print lines to stderr; it is no failure if nobody can read them, as after the terminal was closed."""
    with suppress(OSError):
        click.echo("\n".join(map(printable, lines)), err=True)


def show(*lines: object) -> None:
    """Print lines to stdout, which are what the user asked for."""
    click.echo("\n".join(map(printable, lines)))


def show_json(value: Any) -> None:
    """Print a value as JSON to stdout; names stand in it as they are."""
    click.echo(as_json(value))


def say_wrong_usage(error: click.ClickException) -> None:
    """Print an error of click to stderr, with the usage of the command, as `say` does."""
    if not isinstance(error, click.exceptions.NoArgsIsHelpError | click.MissingParameter):  # these list things in lines
        message = printable(error.format_message())
        context = error.ctx if isinstance(error, click.UsageError) else None
        error = click.UsageError(message, context) if context else click.ClickException(message)
    with suppress(OSError):
        error.show()


class HarmlessFormatter(logging.Formatter):
    """Writes log records: one line for each, whatever its arguments say, and tracebacks indented below it."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy(record)
        if isinstance(record.args, tuple):
            record.args = tuple(map(_harmless, record.args))
        elif isinstance(record.args, Mapping):
            record.args = {name: _harmless(value) for name, value in record.args.items()}
        return super().format(record)

    def formatException(self, info: Any) -> str:  # noqa: N802 - the name in logging
        return indent(super().formatException(info), "  ")


@contextmanager
def harmless_output() -> Iterator[None]:
    """Let everything that Python code writes to stdout and stderr pass without control characters.

    This also holds for commands of plugins, for warnings and for tracebacks.
    """
    out, err = (stream and HarmlessStream(stream) for stream in (sys.stdout, sys.stderr))  # None where they are closed
    with redirect_stdout(out), redirect_stderr(err):
        yield


class HarmlessStream(io.TextIOBase):
    """Escapes control characters in all that is written to a stream of text.

    On a terminal, the codes of progress bars and of colours pass. Nobody can close the stream.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError):  # a terminal in the place of a file has no position
                stream.reconfigure(errors="backslashreplace")  # for characters that the encoding of the terminal lacks

    def write(self, text: str) -> int:
        self._stream.write(printable_lines(text, terminal=self.isatty()))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """Flush the stream only, since the program still needs it after a plugin has closed it."""
        with suppress(OSError, ValueError):
            self.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def buffer(self) -> Any:
        """The stream of bytes below this one, in which nothing is escaped."""
        return self._stream.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Always UTF-8: click would write around this stream if it were ASCII."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"


def _harmless(value: object) -> object:
    if isinstance(value, SupportsFloat | None):
        return value
    return text_of(value) if isinstance(value, Img2ImgError) else printable(text_of(value))
