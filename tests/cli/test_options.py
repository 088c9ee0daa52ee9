"""Options that commands share."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from img2img.cli.options import compute_options, condition_option, gather


@pytest.fixture
def given() -> dict[str, Any]:
    """What the command of a test got."""
    return {}


@pytest.fixture
def command(given: dict[str, Any]) -> click.Command:
    @click.command()
    @click.option("--first")
    @gather("pair", [click.option("--second"), click.option("--third", "other", default="c")])
    @condition_option()
    @compute_options(click.option("--tile"), precision="fp32", help="What.")
    def command(**options: Any) -> None:
        given.update(options)

    return command


def test_gathered_options_arrive_in_one_dictionary_under_their_parameters_names(
    command: click.Command, given: dict[str, Any]
) -> None:
    CliRunner().invoke(command, ["--second", "b", "-c", "label=night"], catch_exceptions=False)
    assert given == {
        "first": None,
        "pair": {"second": "b", "other": "c"},
        "conditions": {"label": "night"},
        "compute": {"device": "auto", "precision": "fp32", "tile": None},
    }


def test_the_help_lists_gathered_options_where_they_are_declared(command: click.Command) -> None:
    names = [parameter.name for parameter in command.params]
    assert names == ["first", "second", "other", "conditions", "device", "precision", "tile"]


def test_a_group_of_options_can_be_added_to_several_commands() -> None:
    group = gather("pair", (click.option(name) for name in ("--a", "--b")))
    for _ in range(2):

        @click.command()
        @group
        def command(pair: dict[str, Any]) -> None:
            click.echo(sorted(pair.items()))

        assert CliRunner().invoke(command, ["--a", "1"]).output == "[('a', '1'), ('b', None)]\n"
