"""`img2img train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from img2img.cli.host import HostOptions
from img2img.cli.messages import show
from img2img.cli.options import assignments_option, compute_options, gather
from img2img.cli.progress import TrainingProgress
from img2img.cli.signals import orderly_stop

_INTERVALS = [
    click.option(
        "--validate-every",
        type=click.IntRange(1),
        default=1000,
        show_default=True,
        help="Steps between validations, each with a checkpoint.",
    ),
    click.option(
        "--log-every", type=click.IntRange(1), default=100, show_default=True, help="Steps between rows of log.csv."
    ),
    click.option(
        "--examine-every",
        type=click.IntRange(0),
        default=200,
        show_default=True,
        help="Steps between looks at the training's health; 0 for none.",
    ),
]


@click.command()
@click.argument("family")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--run",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the run; its name becomes the model's.",
)
@assignments_option("-o", "--option", help="An option of the family (see `img2img models FAMILY`).")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Options from a TOML file; -o comes after it.",
)
@click.option("--resume", is_flag=True, help="Go on with the run in the folder, or begin one where there is none.")
@click.option("--init", default="", metavar="MODEL", help="Start the generator from a model file of the same network.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@compute_options()
@click.option(
    "--workers",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Processes that read data beside the training.",
)
@gather("intervals", _INTERVALS)
@click.option("--trained-on", default="", metavar="TEXT", help="What the data are; stands in the model file.")
@click.option("--license", default="", metavar="TEXT", help="Terms of the weights; stands in the model file.")
@click.pass_obj
def command(
    plugins: HostOptions,
    /,
    family: str,
    data: Path,
    run: Path,
    options: tuple[str, ...],
    config: Path | None,
    compute: dict[str, Any],
    intervals: dict[str, Any],
    **settings: Any,
) -> None:
    """Train a model of FAMILY on the folder DATA.

    The run's folder holds `log.csv`, `previews/`, `checkpoints/` and the model file, refreshed with each checkpoint.
    A run that was stopped, by whatever, goes on by --resume as if it had not been.
    """
    with orderly_stop() as stop:
        from img2img.config import parse_assignments, read_toml
        from img2img.inference.device import Compute
        from img2img.training.loop import train
        from img2img.training.run import Intervals

        host = plugins.discover()
        host.add_observer(TrainingProgress())
        chosen = {**(read_toml(config) if config else {}), **parse_assignments(options)}
        done = train(
            family, data, run, chosen, compute=Compute(**compute), intervals=Intervals(**intervals), host=host,
            stop=stop, **settings,
        )  # fmt: skip
    for path in sorted(done.folder.glob("*.safetensors")):
        show(path)
