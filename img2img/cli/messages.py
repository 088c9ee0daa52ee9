"""This module prints messages to the user."""

from __future__ import annotations

from contextlib import suppress

import click


def say(text: str) -> None:
    """Print a line to stderr; it is no failure if nobody can read it, as after the terminal was closed."""
    with suppress(OSError):
        click.echo(text, err=True)
