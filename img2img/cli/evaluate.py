"""`img2img evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from img2img.cli.host import HostOptions
from img2img.cli.messages import say, show, show_json
from img2img.cli.options import compute_options, condition_option, gather, max_pixels_option
from img2img.cli.progress import EvaluationProgress
from img2img.cli.signals import orderly_stop

if TYPE_CHECKING:
    from img2img.evaluation.outcome import Evaluation


_KNOWN = [
    click.option(
        "--truth",
        "truths",
        type=click.Path(path_type=Path),
        help="What the sources ought to become: images of their names.",
    ),
    click.option(
        "--downscale", is_flag=True, help="SOURCES are truths: make sources of them, by bicubic, and enlarge these."
    ),
    click.option(
        "--reference",
        "references",
        type=click.Path(path_type=Path),
        help="Images of the wanted kind, other than those of the sources.",
    ),
    click.option(
        "--extractor",
        type=click.Path(path_type=Path),
        help="A network that makes features of images, for FID and KID: .onnx.",
    ),
]


@click.command()
@click.argument("model")
@click.argument("sources", type=click.Path(path_type=Path))
@gather("known", _KNOWN)
@click.option(
    "--crop",
    type=click.IntRange(0),
    help="Pixels along each edge that do not count. [default: as many as the scale, if that is not 1]",
)
@condition_option()
@compute_options(
    precision="fp32", help="What the network computes in; with fp32, figures do not depend on the machine."
)
@max_pixels_option
@click.option("--csv", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there too, one a row.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all that the figures depend on.")
@click.pass_obj
def command(
    plugins: HostOptions,
    /,
    model: str,
    sources: Path,
    known: dict[str, Any],
    compute: dict[str, Any],
    csv: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Say how good MODEL is, in figures of what it makes of SOURCES, beside those of doing without it.

    SOURCES is a folder of images, or one image. With --truth or --downscale, results are compared with what they ought
    to be: PSNR and SSIM, those of luma too (-Y), and MS-SSIM. With --reference, all results together are compared with
    images of the wanted kind: sliced Wasserstein distance and, with --extractor, FID and KID. Beside the model stand
    bicubic enlargement or, where the size stays, the sources as they are.
    """
    with orderly_stop() as stop:
        from img2img.evaluation.evaluate import Known, evaluate
        from img2img.inference.model import load_model

        against = Known(**known)
        loaded = load_model(model, **compute, host=plugins.discover())
        with EvaluationProgress() as progress:
            found = evaluate(loaded, sources, against, watch=progress, stop=stop, **options)
    _print_result(found, csv, as_json)
    if found.failed:
        raise click.exceptions.Exit(1)


def _print_result(found: Evaluation, csv: Path | None, as_json: bool) -> None:
    from img2img.evaluation.tables import as_csv, as_lines, as_table
    from img2img.media import write_file

    if csv:
        write_file(csv, as_csv(found).encode())
    if as_json:
        show_json(as_table(found))
    elif lines := as_lines(found):
        show(*lines)
    for image in found.failed:
        say(f"failed: {image.reason}")
    if found.failed:
        say(f"{len(found.judged)} of {len(found.images)} images are in the figures")
