"""The options of `img2img translate` and `img2img live` that are about filters."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

STEADY = "steady"
"""The filter that has a short form."""


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
