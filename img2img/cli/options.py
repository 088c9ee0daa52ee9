"""The options that several commands share, each declared once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from img2img.errors import UsageError
from img2img.media.files import MAX_PIXELS

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

STEADY = "steady"
"""The filter that has a short form."""

device_option: Decorator = click.option(
    "--device", default="auto", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.", show_default=True
)

max_pixels_option: Decorator = click.option(
    "--max-pixels", type=click.IntRange(1), default=MAX_PIXELS, show_default=True, help="Refuse larger sources."
)


def precision_option(default: str = "auto", help: str = "What the network computes in.") -> Decorator:
    """Return the option `--precision`."""
    kinds = click.Choice(["auto", "bf16", "fp32"])
    return click.option("--precision", type=kinds, default=default, show_default=True, help=help)


def assignments_option(*names: str, help: str) -> Decorator:
    """Return an option `KEY=VALUE` that may be given again; all of them arrive as `options`."""
    return click.option(*names, "options", multiple=True, metavar="KEY=VALUE", help=help)


def condition_option(help: str = "What else steers the model.") -> Decorator:
    """Return the option `-c`; all conditions together arrive as `conditions`, name to what was typed."""
    return click.option(
        "-c", "--condition", "conditions", multiple=True, metavar="NAME=VALUE", help=help, callback=_parse_conditions
    )


def _parse_conditions(_context: click.Context, _option: click.Parameter, words: Sequence[str]) -> dict[str, str]:
    conditions = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator:
            raise UsageError(f"{word!r} is no condition: write it as name=value, for example -c label=winter")
        conditions[name] = value
    return conditions


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--filter` and `--steady`; all filters together arrive as `filters`, in order."""

    @click.option(
        "-f",
        "--filter",
        "filters",
        multiple=True,
        metavar="NAME[:KEY=VALUE…]",
        help="A step before or after the network (see `img2img models`), such as grain:strength=0.05:seed=1; give it "
        "again for more, which follow in this order.",
    )
    @click.option("--steady", is_flag=True, help="Against flicker of clips: --filter steady, before all others.")
    @wraps(command)
    def with_filters(*arguments: Any, filters: tuple[str, ...], steady: bool, **options: Any) -> Any:
        return command(*arguments, filters=((STEADY,) if steady else ()) + filters, **options)

    return with_filters
