"""The program `img2img`: one file per command, no logic of its own, and nothing heavy imported before it is needed."""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module
from typing import Any

import click

from img2img.cli.messages import say
from img2img.errors import FatalError, Img2ImgError

_COMMANDS = {
    "translate": "Translate images, videos, or a folder of them, with a model.",
    "live": "Show a camera or a clip before and after, as fast as it goes.",
    "train": "Train a model of a family on a folder of data.",
    "models": "List model files and families; with a family's name, its options.",
    "inspect": "Show what a model file holds.",
    "plugins": "List installed plugins and what they provide.",
}

EXIT_CODES = """\b
Exit status:
  0    everything that was planned is on disk
  1    some items failed or were damaged, the rest is done
  2    nothing was attempted: usage, no input, unknown model, a collision of names
  3    stopped early by something fatal; run it again to go on
  130  interrupted, after an orderly stop (143: terminated)"""


class LazyGroup(click.Group):
    """Knows its commands by name and imports one when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command = import_module(f"img2img.cli.{name}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # the reader of our output has gone, as `head` does; click would answer 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(141) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", count=True, help="Say more: once for what is done, twice for everything.")
@click.option("--strict-plugins", is_flag=True, help="An observer that raises ends the program.")
@click.version_option(package_name="img2img-runtime", prog_name="img2img")
@click.pass_context
def cli(context: click.Context, verbose: int, strict_plugins: bool) -> None:
    """Translate images with models that plugins provide, and train such models."""
    levels = [logging.WARNING, logging.INFO, logging.DEBUG]
    logging.basicConfig(format="%(levelname)s: %(message)s", level=levels[min(verbose, 2)])
    context.obj = strict_plugins


def main() -> None:
    """Run the program and end it with its exit status."""
    try:
        status = cli.main(prog_name="img2img", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except click.Abort:
        status = 130
    except Img2ImgError as error:
        say(f"error: {error}")
        status = error.exit_code
    except Exception:  # a bug; 1, Python's own answer, would mean that the rest is done
        logging.getLogger(__name__).exception("img2img failed unexpectedly")
        status = FatalError.exit_code
    sys.exit(status if isinstance(status, int) else 0)
