"""Commands of the program."""

from __future__ import annotations

from click import Command
from click.testing import CliRunner

from img2img.testing.promise import Subject, keep, promise


class CommandSubject(Subject):
    """A command."""

    def __init__(self, command: Command) -> None:
        super().__init__(f"command {command.name}")
        self.command = command


@promise()
def it_says_what_it_does_when_asked_for_help(subject: CommandSubject) -> None:
    result = CliRunner().invoke(subject.command, ["--help"])
    keep(result.exit_code == 0, f"--help ended with status {result.exit_code}: {result.output}{result.exception or ''}")
    keep(bool(subject.command.get_short_help_str()), "its help is empty; give the function a docstring")
