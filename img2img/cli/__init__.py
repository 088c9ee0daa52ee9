"""This package is the program `img2img`: it has one file per command, and imports nothing heavy before it is needed."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from img2img.cli.host import HostOptions
from img2img.cli.messages import HarmlessFormatter, harmless_output, say, say_wrong_usage
from img2img.cli.supervision import report, supervise
from img2img.errors import FatalError, Img2ImgError
from img2img.host.kinds import COMMANDS
from img2img.text import printable

if TYPE_CHECKING:
    from img2img.host.declarations import Plugin

_COMMANDS = {
    "translate": "Translate images, videos, or a folder of them, with a model.",
    "live": "Show a camera or a clip before and after, as fast as it goes.",
    "train": "Train a model of a family on a folder of data.",
    "models": "List model files, families, filters; with a name, its options.",
    "inspect": "Show what a model file holds.",
    "import": "Make a model file of a checkpoint of another training code.",
    "evaluate": "Say how good a model is, in figures.",
    "plugins": "List installed plugins and what they provide.",
    "install": "Install plugins beside the program.",
    "uninstall": "Remove plugins.",
    "new-plugin": "Write the project of a new plugin, which works as it is.",
    "check-plugin": "Check whether a plugin keeps each promise of the contract.",
}

_MODULES = {"import": "import_model"}
"""Name to module of the commands whose names are keywords of Python."""

_WITHOUT_PLUGINS = ("plugins", "install", "uninstall", "new-plugin")
"""The commands that import plugins of strangers in other processes only, or not at all."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Numbers of errors that writing to the output gives; those of files have a file's name."""

EXIT_CODES = """\b
Exit status:
  0    everything that was planned is on disk
  1    some items failed or were damaged, the rest is done
  2    nothing was attempted: wrong usage, no input, unknown model, a collision of names
  3    a fatal error stopped the program early; run it again to go on
  130  interrupted, after an orderly stop (143: terminated)"""


class LazyGroup(click.Group):
    """A group of commands that are imported when they are run; the metadata of plugins declare further commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, *_plugin_commands(ctx)]

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command, in a process of its own where it may import plugins of strangers."""
        if not ctx.resilient_parsing:  # as for the completion of words in a shell
            _log(ctx.params["verbose"])
            ctx.obj = _host_options(ctx)
            if args[0] not in _WITHOUT_PLUGINS:
                supervise(ctx.obj.discover().plugins)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in _COMMANDS:
            module = _MODULES.get(name, name.replace("-", "_"))
            command = copy(import_module(f"img2img.cli.{module}").command)
            command.callback = _must_return(command.callback)
        elif name in _plugin_commands(ctx):
            command = _host_options(ctx).discover().find(COMMANDS, name)
        else:
            return None
        assert isinstance(command, click.Command)
        return command

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Read the command line, and print the help of the program where it asks for that."""
        with _output():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> None:
        """Run a command; its exit status comes from what it raises, not from what it returns."""
        with _output():
            super().invoke(ctx)
            if sys.stdout:
                sys.stdout.flush()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))
        if further := _plugin_commands(ctx):
            with formatter.section("Commands of plugins"):
                formatter.write_dl([(printable(name), _about(ctx, name, plugin)) for name, plugin in further.items()])


@contextmanager
def _output() -> Iterator[None]:
    """End the program with a fitting status if nothing more can be written to the output."""
    try:
        yield
    except OSError as error:
        gone = isinstance(error, BrokenPipeError)  # the reader has gone, as `head` does; click would exit with 1
        if not gone and (error.errno not in _FULL or error.filename is not None):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain at its end
        if gone:
            raise click.exceptions.Exit(141) from error
        raise FatalError(f"the output cannot be written: {error.strerror}; send it to another place") from error


def _plugin_commands(ctx: click.Context) -> dict[str, Plugin]:
    """Return the names of the commands that plugins declare, with the plugins, without importing these."""
    found = _host_options(ctx).discover().names(COMMANDS)
    return {name: plugin for name, plugin in found.items() if name not in _COMMANDS}


def _host_options(ctx: click.Context) -> HostOptions:
    """Return the options about plugins that stand before the command."""
    if isinstance(ctx.obj, HostOptions):
        return ctx.obj
    return HostOptions(ctx.params.get("strict_plugins", False), ctx.params.get("plugins"))


def _must_return(work: Callable[..., None]) -> Callable[..., None]:
    """Let the work of a command end with status 0 only by returning, and not by click's `Exit(0)` in a plugin."""

    @wraps(work)
    def complete(*arguments: Any, **options: Any) -> None:
        try:
            work(*arguments, **options)
        except click.exceptions.Exit as ended:
            if ended.exit_code:
                raise
            raise FatalError("a plugin ended the work with click's Exit(0), before it was done") from ended

    return complete


def _log(verbose: int) -> None:
    levels = [logging.WARNING, logging.INFO, logging.DEBUG]
    handler = logging.StreamHandler()
    handler.setFormatter(HarmlessFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(level=levels[min(verbose, 2)], handlers=[handler])


def _about(ctx: click.Context, name: str, plugin: Plugin) -> str:
    """Return the help line of a built-in's command, or the summary of the package of another plugin."""
    if plugin.built_in:
        return _host_options(ctx).discover().find(COMMANDS, name).get_short_help_str(80)
    return printable(f"({plugin.distribution}) {plugin.summary}")


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", count=True, help="Say more: once for what is done, twice for everything.")
@click.option("--strict-plugins", is_flag=True, help="An observer that raises ends the program.")
@click.option(
    "--plugins",
    metavar="NAMES",
    help="Use only these plugins: a,b,c. [default: what the variable IMG2IMG_PLUGINS says, or all]",
)
@click.version_option(package_name="img2img-runtime", prog_name="img2img")
def cli(**options: Any) -> None:
    """Translate images with models that plugins provide, and train such models."""


def main() -> None:
    """Run the program and end it with its exit status."""
    with harmless_output():
        status = _run()
    report(status)
    raise SystemExit(status)  # and not `sys.exit`, which a plugin may have replaced


def _run() -> int:
    try:
        status = cli.main(prog_name="img2img", standalone_mode=False)
    except click.ClickException as error:
        say_wrong_usage(error)
        return _failed(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return 130
    except Img2ImgError as error:
        first, *further = error.lines or [type(error).__name__]
        say(f"error: {first}", *further)
        return _failed(error.exit_code)
    except BaseException:  # a bug; Python's own exit status, 1, would mean that the rest is done
        logging.getLogger(__name__).exception("img2img failed unexpectedly")
        return FatalError.exit_code
    return status if isinstance(status, int) else 0


def _failed(status: object) -> int:
    """Return the exit status of an error, which is never that of success, whatever a plugin's error says."""
    return status if isinstance(status, int) and 0 < status < 256 else FatalError.exit_code
