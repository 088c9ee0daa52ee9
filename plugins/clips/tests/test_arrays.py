"""Stacks of images as source and as target of a translation."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from img2img_clips.arrays import ArraySource, ArrayTarget

import img2img
from img2img.media import decode_image, read_file
from img2img.media.video import VideoOptions

from .conftest import stack_of

FPS = VideoOptions(fps=Fraction(10))


def saved(path: Path, stack: Any) -> Path:
    np.save(path, stack)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)], ids=str)
def test_an_array_becomes_an_array_of_the_same_depth(
    dtype: type, channels: tuple[int, ...], model: img2img.Model, tmp_path: Path
) -> None:
    stack = stack_of(3, dtype, channels)
    report = img2img.translate(saved(tmp_path / "in.npy", stack), tmp_path / "out.npy", model=model, video=FPS)
    assert report.counts["done"] == 1
    result = np.load(tmp_path / "out.npy", allow_pickle=False)
    assert (result.shape, result.dtype) == ((3, 12, 20, 3), dtype)
    colour = stack if channels else stack[..., None]
    colour = colour.repeat(3, axis=3) if colour.shape[3] == 1 else colour[..., :3]
    expected = np.stack([model(np.ascontiguousarray(image)) for image in colour])
    assert np.abs(result.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_order_of_bytes_does_not_matter(order: str, tmp_path: Path) -> None:
    stack = stack_of(2, np.uint16)
    path = saved(tmp_path / "in.npy", stack.astype(stack.dtype.newbyteorder(order)))
    clip = ArraySource().open(str(path), Fraction(10))
    assert (np.stack([frame.picture() for frame in clip.frames()]) == stack).all()
    assert clip.info.deep


def test_a_video_becomes_an_array_of_its_frames_from_start_to_end(model: img2img.Model, tmp_path: Path) -> None:
    stack = stack_of(10)
    source, scheme = saved(tmp_path / "in.npy", stack), f"npy:{tmp_path / 'in.npy'}"
    part = VideoOptions(fps=Fraction(10), start=Fraction(3, 10), end=Fraction(1, 2))
    img2img.translate(scheme, tmp_path / "part.npy", model=model, video=part)
    img2img.translate(source, tmp_path / "whole.npy", model=model, video=FPS)
    assert (np.load(tmp_path / "part.npy") == np.load(tmp_path / "whole.npy")[3:5]).all()


def test_an_array_becomes_numbered_images_and_a_video(model: img2img.Model, tmp_path: Path) -> None:
    source = saved(tmp_path / "in.npy", stack_of(4))
    for target, suffix in (("frames", "png"), ("out.mkv", "")):
        img2img.translate(source, tmp_path / target, model=model, video=FPS, output=img2img.Output(format=suffix))
    images = sorted((tmp_path / "frames").glob("*.png"))
    assert [path.name for path in images] == [f"0000000{number}.png" for number in (1, 2, 3, 4)]
    img2img.translate(source, tmp_path / "out.npy", model=model, video=FPS)
    assert (decode_image(read_file(images[2]), images[2]).pixels == np.load(tmp_path / "out.npy")[2]).all()
    img2img.translate(tmp_path / "out.mkv", tmp_path / "again.npy", model=model)
    assert np.load(tmp_path / "again.npy").shape == (4, 24, 40, 3)


def test_arrays_in_a_folder_are_translated_with_the_images_and_once(model: img2img.Model, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    saved(tmp_path / "in" / "a.npy", stack_of(2))
    counts = [
        img2img.translate(
            tmp_path / "in", tmp_path / "out", model=model, video=FPS, output=img2img.Output(format="npy")
        ).counts
        for _ in range(2)
    ]
    assert [count["done"] for count in counts] == [1, 0]
    assert counts[1]["skipped"] == 1
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name != ".img2img"] == ["a.npy"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (np.zeros((2, 3)), "float64 of shape (2, 3) is no stack of images"),
        (np.zeros((2, 4, 4, 2), np.uint8), "is no stack of images"),
        (np.zeros((0, 4, 4, 3), np.uint8), "is no stack of images"),
        (np.zeros((1, 4, 5), np.uint32), "is no stack of images"),
        (np.zeros((48, 64, 3), np.uint8), "looks like one image"),
        (np.array([{}], dtype=object), "holds objects"),
        (b"", "cannot be read as an array"),
        (b"\x93NUMPY\x01\x00v\x00{'descr'", "cannot be read as an array"),
    ],
)
def test_what_is_no_stack_of_images_is_refused_with_what_one_is(
    content: Any, reason: str, model: img2img.Model, tmp_path: Path
) -> None:
    path = tmp_path / "in.npy"
    path.write_bytes(content) if isinstance(content, bytes) else np.save(path, content, allow_pickle=True)
    report = img2img.translate(path, tmp_path / "out.npy", model=model, video=FPS)
    assert report.counts["failed"] == 1
    assert reason in report.items[0].reason
    assert not (tmp_path / "out.npy").exists()


def test_an_array_without_a_rate_is_refused(model: img2img.Model, tmp_path: Path) -> None:
    with pytest.raises(img2img.UsageError, match="give --fps, such as --fps 25"):
        img2img.translate(saved(tmp_path / "in.npy", stack_of(2)), tmp_path / "out.npy", model=model)


def test_a_truncated_array_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "in.npy", stack_of(9))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(img2img.VideoError, match="cannot be read as an array"):
        ArraySource().open(str(path), Fraction(10))


@pytest.mark.parametrize("most", [100_000, 1000])
def test_a_full_disk_stops_the_job_and_leaves_nothing(most: int, model: img2img.Model, tmp_path: Path) -> None:
    """Where little fits, all of it is in memory until the file is closed."""
    source = saved(tmp_path / "in.npy", stack_of(300 if most > 1000 else 3))
    program = "import img2img, sys; img2img.translate(*sys.argv[1:3], model=sys.argv[3], video=eval(sys.argv[4]))"
    options = "__import__('img2img.media.video').media.video.VideoOptions(fps=__import__('fractions').Fraction(10))"

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    words = [sys.executable, "-c", program, source, tmp_path / "out.npy", model.info.path, options]
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=limit)
    assert done.returncode == 1
    assert "WriteError" in done.stderr
    assert "out.npy: cannot be written: File too large; raise the limit" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.npy"]


def test_a_writer_that_is_closed_early_leaves_the_file_to_the_core(tmp_path: Path) -> None:
    info = img2img.ClipInfo(10, 6, Fraction(1, 10), Fraction(10))
    writer = ArrayTarget().create(tmp_path / "part", info)
    writer.add(stack_of(1)[0], img2img.Frame(0, 1, lambda: stack_of(1)[0]))
    writer.close()
    assert len(np.load(tmp_path / "part")) == 0
