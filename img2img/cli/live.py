"""This module is the command `img2img live`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from img2img.cli.host import HostOptions
from img2img.cli.messages import say
from img2img.cli.model_help import ModelCommand
from img2img.cli.options import compute_options, condition_option, filter_options
from img2img.cli.signals import orderly_stop
from img2img.errors import Stopped, UsageError
from img2img.host.kinds import SOURCES
from img2img.text import printable

if TYPE_CHECKING:
    from img2img.host.host import PluginHost
    from img2img.media.video import Clip


@click.command(cls=ModelCommand)
@click.argument("model")
@click.option("--camera", type=click.IntRange(0), metavar="N", help="Number of the camera. [default: 0]")
@click.option(
    "--source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="CLIP",
    help="A video or an animation instead of a camera, played once at its own pace.",
)
@condition_option()
@compute_options()
@click.option(
    "--width", type=click.IntRange(1), metavar="PIXELS", help="Reduce wider frames to this first: it is faster."
)
@filter_options
@click.pass_obj
def command(
    plugins: HostOptions,
    model: str,
    camera: int | None,
    source: Path | None,
    conditions: dict[str, str],
    filters: tuple[str, ...],
    compute: dict[str, Any],
    width: int | None,
) -> None:
    """Show what a camera sees, or a clip, in a window: on the left as it is, on the right as MODEL translates it.

    MODEL is a model file or the name of one (see `img2img models`). Frames that come while the network is busy are
    dropped, so that the window never lags behind. The keys q and Esc end it, and so does closing the window.
    """
    if camera is not None and source is not None:
        raise UsageError("--camera and --source exclude each other: give one of them")
    with orderly_stop() as stop:
        from img2img.live.window import Window, require_window

        require_window()
        host = plugins.discover()
        with closing(_open(camera or 0, source, host)) as opened:
            from img2img.inference.filtering import Chain
            from img2img.inference.model import load_model
            from img2img.live.live import live, shots_of

            chain = Chain.parse(filters, host)
            loaded = load_model(model, **compute, host=host)
            with Window(printable(f"img2img {loaded.info.path.stem}")) as window:
                counts = live(loaded, conditions, shots_of(opened), window, stop, width=width, filters=chain)
        summary = f"{counts.shown} frames shown, {counts.dropped} dropped, {counts.rate:.1f} frames/s"
        if stop():
            raise Stopped(summary)
    say(summary)
    if opened.damage:
        say(f"damaged: {source or ''}: {opened.damage}")
        raise click.exceptions.Exit(1)


def _open(index: int, path: Path | None, host: PluginHost) -> Clip:
    if path is None:
        clip: Clip = host.find(SOURCES, "camera").open(str(index), None)
        return clip
    from img2img.media.clip.opening import open_clip

    return open_clip(path)
