"""This module is the command `img2img translate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from img2img.cli.host import HostOptions
from img2img.cli.messages import say
from img2img.cli.model_help import ModelCommand
from img2img.cli.options import compute_options, condition_option, filter_options, gather, max_pixels_option
from img2img.cli.progress import TranslationProgress
from img2img.cli.signals import orderly_stop
from img2img.cli.video_options import colour, video_options
from img2img.media import formats

if TYPE_CHECKING:
    from img2img.translation.report import Report


def _side(_context: click.Context, _option: click.Parameter, text: str) -> int | None:
    if text in ("auto", "off"):
        return 0 if text == "auto" else None
    if text.isdecimal() and int(text) >= 16:
        return int(text)
    raise click.BadParameter(f"it is auto, off, or a number of pixels from 16 up, not {text!r}")


_OUTPUT = [
    click.option(
        "--format",
        default="",
        metavar="SUFFIX",
        help=f"Format of the targets: {formats.choices(formats.WRITTEN_STILLS)}, or "
        f"{formats.choices(form for form in formats.WRITTEN_CLIPS if not form.still)}; for a single video, an image "
        "format gives numbered frames. [default: the source's]",
    ),
    click.option(
        "--quality",
        type=click.IntRange(0, 100),
        help="1 to 100 for images; for videos the codec's CRF, less is better.",
    ),
    click.option(
        "--ground",
        type=colour,
        default="white",
        show_default=True,
        metavar="COLOUR",
        help="Colour behind what is transparent, if the target holds no transparency: a name, or #rrggbb.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace targets that stand there and were made otherwise."),
    click.option(
        "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write what became of each file, as JSON."
    ),
]


@click.command(cls=ModelCommand)
@click.argument("model")
@click.argument("source")
@click.argument("target", type=click.Path(path_type=Path))
@gather("output", _OUTPUT)
@condition_option()
@compute_options(
    click.option(
        "--batch-size", type=click.IntRange(0), default=0, help="Images in one forward pass. [default: chosen]"
    ),
    click.option(
        "--tile",
        default="auto",
        metavar="auto|off|N",
        help="Side of tiles, in source pixels.",
        show_default=True,
        callback=_side,
    ),
    max_pixels_option,
)
@filter_options
@video_options
@click.pass_obj
def command(
    plugins: HostOptions,
    /,
    model: str,
    source: str,
    target: Path,
    output: dict[str, Any],
    compute: dict[str, Any],
    video: dict[str, Any],
    **chosen: Any,
) -> None:
    """Translate SOURCE into TARGET with MODEL.

    MODEL is a model file or the name of one (see `img2img models`). SOURCE is an image, a video, a folder, a pattern
    in quotes such as 'photos/**/*.jpg', a zip file, a web address, or a table:FILE.csv of these. TARGET is a file for
    one of them and a folder or a zip file for more, in which the tree of the sources is mirrored. A video as TARGET of
    a folder is made of its images. Run again, the same command skips what is done and goes on with the rest, in a video
    that was not finished too.
    """
    with orderly_stop() as stop:
        from img2img.inference.device import Compute
        from img2img.media.video import VideoOptions
        from img2img.translation.job import translate
        from img2img.translation.options import Output

        host = plugins.discover()
        host.add_observer(TranslationProgress())
        outcome = translate(
            source, target, model=model, output=Output(**output), compute=Compute(**compute),
            video=VideoOptions(**video), host=host, stop=stop, **chosen,
        )  # fmt: skip
    _print_result(outcome, target)
    if outcome.counts["failed"] or outcome.counts["damaged"]:
        raise click.exceptions.Exit(1)


def _print_result(outcome: Report, target: Path) -> None:
    from img2img.translation.passed_over import summary

    for item in outcome.items:
        if item.status in ("failed", "damaged"):
            say(f"{item.status}: {item.reason}")
        for note in item.notes:
            say(f"note: {item.target.name!r}: {note}")
    if outcome.passed_over:
        say(f"passed over: {summary(outcome.passed_over)}; --report FILE names each, with the reason")
    counts = ", ".join(f"{count} {status}" for status, count in outcome.counts.items() if count)
    say(f"{counts} in {outcome.seconds:.1f} s: {target}")
