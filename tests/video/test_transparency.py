"""Clips with transparency: in front of a ground where the target holds none, kept where it does."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import img2img
from img2img import PluginHost
from img2img.media.clip.animation import AnimationReader

GREEN, RED = (10, 250, 10), (220, 30, 40)
HIDDEN, SEEN = (2, 2), (20, 20)
"""Places (row, column) of the ground and of the ball."""
KINDS = ["a.gif", "a.webp", "a.apng", "a.mov", "frames"]


def pictures(*, first_is_opaque: bool = False) -> list[Image.Image]:
    """A red square on transparent green."""
    pixels = np.full((48, 64, 4), (*GREEN, 0), np.uint8)
    pixels[10:40, 10:50] = (*RED, 255)
    frames = [pixels.copy() for _ in range(3)]
    for number, frame in enumerate(frames):
        frame[30, 20 + number] = (0, 0, 255, 255)  # or equal frames become one
    if first_is_opaque:
        frames[0][..., 3] = 255
    return [Image.fromarray(frame) for frame in frames]


def write(path: Path, images: list[Image.Image]) -> Path:
    if path.suffix == ".mov":
        with av.open(str(path), "w") as file:
            stream: Any = file.add_stream("qtrle", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "argb"
            frames = [av.VideoFrame.from_ndarray(np.asarray(image), format="rgba") for image in images]
            packets = [stream.encode(frame.reformat(format="argb")) for frame in frames]
            file.mux([packet for some in (*packets, stream.encode(None)) for packet in some])
    elif path.suffix:
        options = {".gif": {"disposal": 2}, ".webp": {"lossless": True}, ".apng": {"format": "PNG", "disposal": 1}}
        images[0].save(path, save_all=True, append_images=images[1:], duration=100, **options[path.suffix])
    else:
        path.mkdir()
        for number, image in enumerate(images):
            image.save(path / f"{number}.png")
    return path


@pytest.fixture
def translated(tmp_path: Path, same_host: PluginHost, same_models: dict[int, Path]) -> Callable[..., Any]:
    """Translate such a clip by a network that changes nothing, and return the target and the notes."""

    def translated(kind: str, target: str, *, first_is_opaque: bool = False, **output: Any) -> Any:
        source = write(tmp_path / kind, pictures(first_is_opaque=first_is_opaque))
        video = img2img.VideoOptions(fps=Fraction(10)) if source.is_dir() else img2img.VideoOptions()
        report = img2img.translate(
            source, tmp_path / target, model=same_models[1], output=img2img.Output(**output), video=video,
            host=same_host, compute=img2img.Compute("cpu", "fp32"),
        )  # fmt: skip
        (item,) = report.items
        assert (item.status, item.reason) == ("done", "")
        return tmp_path / target, item.notes

    return translated


def shown(path: Path) -> list[Any]:
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def near(colour: Any, expected: tuple[int, ...]) -> bool:
    return bool(np.abs(np.array(colour, int) - expected).max() < 6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("ground", "name"), [((255, 255, 255), "white"), ((16, 32, 48), "#102030")])
def test_what_is_transparent_shows_the_ground_in_a_video_and_one_note_says_so(
    kind: str, ground: tuple[int, int, int], name: str, translated: Callable[..., Any]
) -> None:
    path, notes = translated(kind, "out.mp4", ground=ground)
    for picture in shown(path):
        assert near(picture[HIDDEN], ground)
        assert near(picture[SEEN], RED)
    assert [note for note in notes if "transparency" in note] == [
        f"transparency put in front of {name}, since the target holds none"
    ]


def test_a_clip_whose_first_frame_alone_is_opaque_shows_the_ground_behind_the_others(
    translated: Callable[..., Any],
) -> None:
    first, *others = shown(translated("a.webp", "out.mkv", first_is_opaque=True)[0])
    assert near(first[HIDDEN], GREEN)
    assert all(near(picture[HIDDEN], (255, 255, 255)) for picture in others)


@pytest.mark.parametrize("kind", ["a.gif", "a.webp", "a.mov", "frames"])
@pytest.mark.parametrize("target", ["out.gif", "out.webp"])
def test_an_animation_keeps_what_is_transparent(kind: str, target: str, translated: Callable[..., Any]) -> None:
    path, notes = translated(kind, target)
    with AnimationReader(path) as reader:
        alphas = [frame.picture()[..., 3] for frame in reader.frames()]
    assert not any("transparency" in note for note in notes)
    assert [(alpha[HIDDEN], alpha[SEEN]) for alpha in alphas] == [(0, 255)] * 3


def test_an_animation_whose_first_frame_alone_is_opaque_keeps_what_is_transparent(
    translated: Callable[..., Any],
) -> None:
    path, _ = translated("a.webp", "out.webp", first_is_opaque=True)
    with AnimationReader(path) as reader:
        first, *others = [frame.picture() for frame in reader.frames()]
    assert first.shape[2] == 3
    assert [(pixels[HIDDEN][3], pixels[SEEN][3]) for pixels in others] == [(0, 255)] * 2


@pytest.mark.parametrize(("form", "expected"), [("png", (0,)), ("jpg", (255, 255, 255))])
def test_numbered_frames_keep_what_is_transparent_if_their_format_holds_it(
    form: str, expected: tuple[int, ...], translated: Callable[..., Any]
) -> None:
    folder, notes = translated("a.gif", "frames", format=form)
    for path in sorted(folder.glob(f"0*.{form}")):
        assert near(np.asarray(Image.open(path))[HIDDEN][-len(expected) :], expected)
    assert any("in front of white" in note for note in notes) == (form == "jpg")


def test_an_image_is_put_in_front_of_the_chosen_ground(
    tmp_path: Path, same_host: PluginHost, same_models: dict[int, Path]
) -> None:
    pictures()[0].save(tmp_path / "a.png")
    target, output = tmp_path / "a.jpg", img2img.Output(ground=(16, 32, 48))
    (item,) = img2img.translate(tmp_path / "a.png", target, model=same_models[1], output=output, host=same_host).items
    assert near(np.asarray(Image.open(target))[HIDDEN], (16, 32, 48))
    assert item.notes == ("alpha put in front of #102030, since JPEG holds none",)
