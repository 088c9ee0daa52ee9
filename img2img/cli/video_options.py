"""This module declares the options of `img2img translate` that concern only videos."""

from __future__ import annotations

import re
from fractions import Fraction

import click

from img2img.cli.options import gather


def seconds(text: str) -> Fraction:
    """Read a time as seconds, or with minutes and hours before them: `90`, `1:30`, `0:01:30.5`."""
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text):
        raise click.BadParameter(f"{text!r} is no time; write seconds, or h:mm:ss, such as 90, 1:30 or 0:01:30.5")
    total = Fraction(0)
    for part in text.split(":"):
        total = total * 60 + Fraction(part)
    return total


def rate(text: str) -> Fraction:
    """Read a number of frames a second: `25`, `29.97`, `30000/1001`."""
    try:
        frames = Fraction(text)
    except (ValueError, ZeroDivisionError):
        frames = Fraction(0)
    if frames <= 0:
        raise click.BadParameter(f"{text!r} is no frame rate; write for example 25 or 30000/1001")
    return frames


def colour(text: str) -> tuple[int, ...]:
    """Read a colour: a name of CSS such as `black`, or `#rrggbb`."""
    from PIL import ImageColor

    try:
        return ImageColor.getrgb(text)[:3]
    except ValueError:
        raise click.BadParameter(f"{text!r} is no colour; write a name such as black, or #rrggbb") from None


_OPTIONS = [
    click.option(
        "--codec",
        default="",
        metavar="NAME",
        help="h264, h265, av1, vp9, vp8, prores, ffv1, or one of FFmpeg's encoders. [default: h264; vp9 in webm]",
    ),
    click.option("--preset", default="", help="A preset of the encoder: x264's fast, AV1's 6, VP9's cpu-used."),
    click.option(
        "--pixel-format", default="", metavar="NAME", help="FFmpeg's name. [default: yuv420p, or the same of 10 bits]"
    ),
    click.option("--start", type=seconds, metavar="TIME", help="Leave out the frames before this time."),
    click.option("--end", type=seconds, metavar="TIME", help="Leave out the frames from this time on."),
    click.option(
        "--fps",
        type=rate,
        metavar="RATE",
        help="Give the target a constant rate; needed where images become a video.",
    ),
    click.option(
        "--hardware",
        type=click.Choice(["auto", "off"]),
        default="off",
        show_default=True,
        help="auto: encode on the graphics card, if it can.",
    ),
    click.option(
        "--drop-unsupported-streams", is_flag=True, help="Leave out sound and subtitles that the target cannot hold."
    ),
]

video_options = gather("video", _OPTIONS)
"""Adds the options; they arrive as `video`, under the names of `VideoOptions`' fields."""
