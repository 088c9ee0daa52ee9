"""Promises of commands of the program."""

from __future__ import annotations

from click import Command, Option
from click.testing import CliRunner

from img2img.testing.fresh import python
from img2img.testing.promise import Materials, Skipped, Subject, keep, promise, promises_of

HAS_TORCH = 3
"""The exit status of a process that has imported torch."""


class CommandSubject(Subject):
    """A command that is held to promises."""

    def __init__(self, command: Command) -> None:
        super().__init__(f"command {command.name}")
        self.command = command


def subject_of(command: Command, materials: Materials) -> CommandSubject:
    """Make a command the subject of promises."""
    return CommandSubject(command)


@promise()
def it_says_what_it_does_when_asked_for_help(subject: CommandSubject) -> None:
    result = CliRunner().invoke(subject.command, ["--help"])
    keep(result.exit_code == 0, f"--help ended with status {result.exit_code}: {result.output}{result.exception or ''}")
    keep(bool(subject.command.get_short_help_str()), "its help is empty; give the function a docstring")


@promise()
def every_option_says_what_it_is_for(subject: CommandSubject) -> None:
    options = [option for option in subject.command.params if isinstance(option, Option) and not option.hidden]
    silent = [option.opts[-1] for option in options if not option.help]
    keep(not silent, f"no help stands beside {', '.join(silent)}; give help=…")


@promise()
def its_module_is_imported_without_torch(subject: CommandSubject) -> None:
    if subject.command.callback is None:
        raise Skipped("it has no function of its own")
    module = subject.command.callback.__module__
    said = python(f"import sys, {module}; sys.exit({HAS_TORCH} if 'torch' in sys.modules else 0)")
    keep(
        said != f"exit status {HAS_TORCH}",
        f"{module} imports torch, so that its help takes a second or more; import it inside the function",
    )


PROMISES = promises_of(__name__)
