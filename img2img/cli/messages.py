"""What the program tells its user."""

from __future__ import annotations

from contextlib import suppress

import click


def say(text: str) -> None:
    """Print to stderr; that nobody can read it any more, as when the terminal was closed, changes no outcome."""
    with suppress(OSError):
        click.echo(text, err=True)
