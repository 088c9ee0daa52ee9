"""This module adds the conditions of a model to the help of a command, if the model is on its command line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from img2img.cli.host import HostOptions
from img2img.errors import Img2ImgError
from img2img.text import printable

if TYPE_CHECKING:
    from img2img.host.host import PluginHost

_ARGUMENTS = "img2img.arguments"


class ModelCommand(click.Command):
    """A command with the argument MODEL."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_ARGUMENTS] = [*args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        model, host = self._model(ctx), ctx.find_object(HostOptions)
        if model and host and (lines := conditions_of(model, host.discover())):
            with formatter.section(printable(f"Conditions of {model}")):
                for line in lines:
                    formatter.write_text(printable(f"-c {line}"))

    def _model(self, ctx: click.Context) -> str:
        with suppress(click.ClickException):
            values, _, _ = self.make_parser(ctx).parse_args([*ctx.meta.get(_ARGUMENTS, ())])
            model = values.get("model")
            return model if isinstance(model, str) else ""
        return ""


def conditions_of(model: str, host: PluginHost) -> Sequence[str]:
    """Return a line for each condition of a model; none where the model cannot be opened quickly."""
    from img2img.inference.conditions import describe_conditions
    from img2img.models.store import find_model, read_traits

    with suppress(Img2ImgError):
        traits = read_traits(find_model(model), host)
        return describe_conditions(traits.conditions) if traits else ()
    return ()
