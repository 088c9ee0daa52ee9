"""This module declares the options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import click

from img2img.errors import UsageError
from img2img.media.files import MAX_PIXELS

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

STEADY = "steady"
"""The filter that has a short form."""

max_pixels_option: Decorator = click.option(
    "--max-pixels", type=click.IntRange(1), default=MAX_PIXELS, show_default=True, help="Refuse larger sources."
)


def gather(name: str, options: Iterable[Decorator]) -> Decorator:
    """Return a decorator that adds options to a command, which gets their values in one dictionary.

    Args:
        name: Name of the command's parameter that takes the dictionary, from an option's name to its value.
        options: What `click.option` returned, in the order in which the help lists them.
    """
    options = list(options)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def gathered(*arguments: Any, **given: Any) -> Any:
            values = {option: given.pop(option) for option in names}
            return command(*arguments, **{name: values}, **given)

        declared: list[click.Option] = gathered.__dict__.setdefault("__click_params__", [])
        before = len(declared)
        for option in reversed(options):
            option(gathered)
        names = [option.name for option in declared[before:]]
        return gathered

    return decorate


def compute_options(
    *more: Decorator, precision: str = "auto", help: str = "What the network computes in."
) -> Decorator:
    """Return a decorator that adds `--device`, `--precision` and more options, which arrive as `compute`.

    Args:
        more: Options of other fields of `Compute`.
        precision: The default of `--precision`.
        help: The help of `--precision`.
    """
    device = click.option(
        "--device", default="auto", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.", show_default=True
    )
    kinds = click.Choice(["auto", "bf16", "fp16", "fp32"])
    return gather(
        "compute",
        [device, click.option("--precision", type=kinds, default=precision, show_default=True, help=help), *more],
    )


def assignments_option(*names: str, help: str) -> Decorator:
    """Return an option `KEY=VALUE` that may be given again; all of them arrive as `options`."""
    return click.option(*names, "options", multiple=True, metavar="KEY=VALUE", help=help)


def condition_option(help: str = "A condition of the model (see `img2img inspect MODEL`).") -> Decorator:
    """Return the option `-c`; all conditions together arrive as `conditions`, name to what was typed.

    What has no name has an empty one, which stands for the model's only condition, or the only required one.
    """
    return click.option(
        "-c", "--condition", "conditions", multiple=True, metavar="[NAME=]VALUE", help=help, callback=_parse_conditions
    )


def _parse_conditions(_context: click.Context, _option: click.Parameter, words: Sequence[str]) -> dict[str, str]:
    conditions: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        name, value = (name, value) if separator else ("", word)
        if name in conditions:
            raise UsageError(
                f"the condition {name or 'without a name'} is given twice: {conditions[name]!r}, {value!r}; give one"
            )
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
