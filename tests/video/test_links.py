"""Links beside the targets of clips: nothing outside of the target's folder is changed or deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import img2img
from img2img.errors import UsageError
from img2img.translation.options import Output

from . import clips, look

NAMES = ("settings", "published", "000000.npz", "target.part", "lock", "precious.jpg", "t.mp4/precious")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"precious")
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return clips.write(tmp_path / "in" / "t.mp4", frames=5, size=(32, 32))


@pytest.fixture(autouse=True)
def _nothing_outside_changes(outside: Path) -> Any:
    yield
    found = {str(path.relative_to(outside)): path.read_bytes() for path in outside.rglob("*") if path.is_file()}
    assert found == dict.fromkeys(NAMES, b"precious")


@pytest.fixture
def do(source: Path, tmp_path: Path, same_host: img2img.PluginHost, same_models: dict[int, Path]) -> Callable[..., Any]:
    def do(target: str, overwrite: bool = False, **options: Any) -> Any:
        (tmp_path / "in").mkdir(exist_ok=True)
        return img2img.translate(
            source.parent if target == "out" else source, tmp_path / target, model=same_models[1],
            compute=img2img.Compute("cpu"), host=same_host, output=Output(overwrite=overwrite, **options),
        )  # fmt: skip

    return do


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("target", ["out", "out/t.mp4"])
@pytest.mark.parametrize("link", [".img2img", ".img2img/clips", ".img2img/clips/t.mp4"])
def test_a_link_in_the_way_of_segments_is_refused(
    link: str, target: str, overwrite: bool, do: Callable[..., Any], outside: Path, tmp_path: Path
) -> None:
    (tmp_path / "out" / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "out" / link).symlink_to(outside)
    with pytest.raises(UsageError, match=f"out/{link} is a link"):
        do(target, overwrite)
    assert not (tmp_path / "out" / "t.mp4").exists()


@pytest.mark.parametrize("name", ["settings", "published", "000000.npz", "target.part"])
def test_a_link_in_the_place_of_a_file_of_the_state_is_replaced(
    name: str, do: Callable[..., Any], outside: Path, tmp_path: Path
) -> None:
    state = tmp_path / "out" / ".img2img" / "clips" / "t.mp4"
    state.mkdir(parents=True)
    (state / name).symlink_to(outside / name)
    if name == "settings":
        with pytest.raises(UsageError, match="settings is a link"):
            do("out/t.mp4")
        return
    assert do("out/t.mp4").counts["done"] == 1
    assert look.numbers(tmp_path / "out" / "t.mp4") == list(range(5))


def test_frames_in_a_linked_folder_that_the_user_names_go_there(do: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "frames").symlink_to(tmp_path / "elsewhere")
    assert do("frames", format="png").counts["done"] == 1
    assert len([*(tmp_path / "elsewhere").glob("*.png")]) == 5


def test_a_link_that_is_planted_while_a_clip_is_translated_leads_nowhere(
    do: Callable[..., Any], outside: Path, tmp_path: Path, same_host: img2img.PluginHost
) -> None:
    state = tmp_path / "out" / ".img2img" / "clips" / "t.mp4"

    class Planter:
        @img2img.hookimpl
        def frame_translated(self) -> None:
            if not state.is_symlink():
                state.rename(tmp_path / "moved")
                state.symlink_to(outside)

    same_host.add_observer(Planter())
    with pytest.raises(img2img.Img2ImgError, match="is a link"):
        do("out/t.mp4")
    assert not (tmp_path / "out" / "t.mp4").exists()


def test_a_film_that_appears_while_its_target_is_made_is_kept(
    do: Callable[..., Any], tmp_path: Path, same_host: img2img.PluginHost
) -> None:
    class Other:
        @img2img.hookimpl
        def frame_translated(self) -> None:
            (tmp_path / "out" / "t.mp4").write_bytes(b"mine")

    same_host.add_observer(Other())
    (item,) = do("out/t.mp4").items
    assert item.status == "failed"
    assert "--overwrite" in item.reason
    assert (tmp_path / "out" / "t.mp4").read_bytes() == b"mine"
    assert do("out/t.mp4", overwrite=True).counts["done"] == 1


def test_a_frame_that_appears_while_numbered_images_are_made_is_kept(
    do: Callable[..., Any], tmp_path: Path, same_host: img2img.PluginHost
) -> None:
    class Other:
        @img2img.hookimpl
        def frame_translated(self, done: int) -> None:
            if done == 1:
                (tmp_path / "frames" / "00000005.png").write_bytes(b"mine")

    same_host.add_observer(Other())
    (item,) = do("frames", format="png").items
    assert item.status == "failed"
    assert "00000005.png: another program made this file" in item.reason
    assert (tmp_path / "frames" / "00000005.png").read_bytes() == b"mine"
