"""Clips are found by their suffix or their content: alone, for a file or a folder as target, and inside folders."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import img2img
from img2img.translation.kinds import ClipKinds

from . import clips, look, special

CODECS = {"hevc": "libx265", "vob": "mpeg2video", "mpg": "mpeg2video", "3gp": "mpeg4", "ogv": "libvpx", "wmv": "wmv2"}
ANIMATIONS = ("apng", "png", "avif")


def clip(path: Path) -> Path:
    """A clip of six frames, of the kind that its suffix names."""
    suffix = path.suffix[1:]
    if suffix == "apng":
        return special.animation(path.with_suffix(".png"), 6).rename(path)
    if suffix in ANIMATIONS:
        return special.animation(path, 6)
    return clips.write(path, frames=6, codec=CODECS.get(suffix, "libx264"))


SUFFIXES = ("ts", "m2ts", "mts", "vob", "mpg", "h264", "hevc", "3gp", "wmv", "apng", "png", "avif")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_clip_is_taken_for_one_whatever_the_target(
    suffix: str, same_host: img2img.PluginHost, same_models: dict[int, Path], tmp_path: Path
) -> None:
    source = clip(tmp_path / f"in.{suffix}")
    for target, made in ((tmp_path / "out.mkv", tmp_path / "out.mkv"), (tmp_path / "to", tmp_path / "to" / "in.mkv")):
        report = img2img.translate(
            source, target, model=same_models[1], compute=img2img.Compute("cpu"), host=same_host
        )  # fmt: skip
        (item,) = report.items
        assert (item.status, item.target) == ("done", made)
        assert look.numbers(made) == list(range(6))


def test_clips_inside_a_folder_are_found_among_images(
    same_host: img2img.PluginHost, same_models: dict[int, Path], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for suffix in SUFFIXES:
        clip(tmp_path / "in" / f"a-{suffix}.{suffix}")
    Image.new("RGB", (8, 8)).save(tmp_path / "in" / "still.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "in" / "still.avif")
    (tmp_path / "in" / "program.ts").write_text("export const frames = 25;\n" * 20)
    report = img2img.translate(
        tmp_path / "in", tmp_path / "out", model=same_models[1], compute=img2img.Compute("cpu"), host=same_host
    )
    assert {item.status for item in report.items} == {"done"}
    expected = {f"a-{suffix}.mkv" for suffix in SUFFIXES} | {"still.png", "still.avif"}
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_file()} == expected


@pytest.mark.parametrize("name", ["a.ts", "a.mts"])
def test_a_program_in_typescript_is_no_clip(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("export const frames = 25;\n" * 20)
    assert not ClipKinds().is_clip(tmp_path / name)


def test_a_recording_whose_beginning_is_lost_is_a_clip(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "a.ts", frames=6)
    path.write_bytes(bytes(500) + path.read_bytes()[500:])
    assert ClipKinds().is_clip(path)


@pytest.mark.parametrize("frames", [1, 2])
def test_a_png_of_one_frame_stays_an_image(frames: int, tmp_path: Path) -> None:
    images = [Image.new("RGB", (8, 8), (level, 0, 0)) for level in (0, 200)]
    images[0].save(tmp_path / "a.png", save_all=True, append_images=images[1:frames])
    assert ClipKinds().is_clip(tmp_path / "a.png") == (frames == 2)


READ = """
import gc, pathlib, sys
from img2img.media.clip.opening import open_clip
clip = open_clip(pathlib.Path(sys.argv[1]))
print(len([frame.picture() for frame in clip.frames()]))
del clip
gc.collect()
"""


def test_a_png_with_a_long_profile_before_its_frames_is_read_and_does_not_end_the_program(tmp_path: Path) -> None:
    profile = np.random.default_rng(0).bytes(3000)
    images = [Image.new("RGB", (16, 16), (level, 0, 0)) for level in (0, 100, 200)]
    images[0].save(tmp_path / "in.png", save_all=True, append_images=images[1:], duration=100, icc_profile=profile)
    done = subprocess.run([sys.executable, "-c", READ, tmp_path / "in.png"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


def test_the_times_of_an_avif_sequence_are_kept(kept: Callable[..., Path], tmp_path: Path) -> None:
    source = special.animation(tmp_path / "in.avif", 4, milliseconds=250)
    assert look.times(kept(source, tmp_path / "out.mkv")) == [Fraction(number, 4) for number in range(4)]
