"""Whole jobs through `img2img.translate`: what is done, skipped, refused, reported and announced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from img2img import Compute, Condition, Model, Output, PluginHost, translate
from img2img.errors import UsageError
from img2img.translation.report import Report

Again = Callable[..., Report]


def test_a_folder_is_translated_and_its_tree_mirrored(again: Again, photos: Path, tmp_path: Path, make: Any) -> None:
    before = make.tree(photos)
    report = again()
    assert report.counts == {"done": 7, "damaged": 0, "skipped": 0, "failed": 0, "planned": 0}
    assert list(make.tree(tmp_path / "out")) == list(before)
    for name in before:
        expected = 255 - make.load(photos / name).repeat(2, 0).repeat(2, 1)
        assert (make.load(tmp_path / "out" / name) == expected).all()
    assert make.tree(photos) == before


def test_the_same_call_again_skips_everything_and_leaves_it_as_it_is(again: Again, tmp_path: Path) -> None:
    again()
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    report = again()
    assert report.counts == {"done": 0, "damaged": 0, "skipped": 7, "failed": 0, "planned": 0}
    assert {item.reason for item in report.items} == {"done already"}
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")} == times


def test_only_what_changed_or_is_missing_is_done_again(again: Again, photos: Path, tmp_path: Path, make: Any) -> None:
    again()
    make.save(photos / "1.png", make.picture(seed=99))
    make.save(photos / "new.png", make.picture(seed=98))
    (tmp_path / "out" / "3.png").unlink()
    report = again()
    assert [item.source.name for item in report.items if item.status == "done"] == ["1.png", "3.png", "new.png"]
    assert report.counts["skipped"] == 5
    expected = 255 - make.picture(seed=99).repeat(2, 0).repeat(2, 1)
    assert (make.load(tmp_path / "out" / "1.png") == expected).all()


@pytest.mark.parametrize("option", [{"quality": 80}, {"model": "another"}], ids=str)
def test_other_settings_are_refused_and_change_nothing_unless_overwritten(
    option: dict[str, Any], again: Again, tmp_path: Path, make: Any
) -> None:
    again()
    before = make.tree(tmp_path / "out")
    if "model" in option:
        option = {"model": make.model(make.translator(make.Enlarge(4)), sha256="1" * 64)}
    with pytest.raises(UsageError, match="7 of 7 targets exist and were not made with this model and these settings"):
        again(**option)
    assert make.tree(tmp_path / "out") == before
    assert again(**option, overwrite=True).counts["done"] == 7
    assert again(**option, overwrite=True).counts["skipped"] == 7
    assert again(**option).counts["skipped"] == 7


@pytest.mark.parametrize(
    "option", [{"batch_size": 2}, {"format": "png"}, {"format": ".PNG"}, {"max_pixels": 1000}], ids=str
)
def test_what_does_not_change_the_targets_is_no_other_setting(option: dict[str, Any], again: Again) -> None:
    again()
    assert again(**option).counts["skipped"] == 7


def test_other_conditions_are_other_settings_even_in_the_last_of_many_numbers(
    photos: Path, tmp_path: Path, host: PluginHost, make: Any
) -> None:
    def add(images: Tensor, style: Tensor) -> Tensor:
        return images + style.mean(1)[:, None, None, None]

    declared = {"style": Condition("many numbers", torch.tensor, required=True)}
    model = make.model(make.translator(add, conditions=declared))
    style = torch.zeros(5000)

    def again(style: Tensor) -> Report:
        return translate(photos, tmp_path / "out", model=model, conditions={"style": style}, host=host)

    again(style)
    assert again(style.clone()).counts["skipped"] == 7
    style[2500] = 1
    with pytest.raises(UsageError, match="7 of 7 targets exist"):
        again(style)


def test_a_target_that_somebody_changed_fails_alone_and_is_kept(again: Again, tmp_path: Path) -> None:
    again()
    (tmp_path / "out" / "1.png").write_bytes(b"retouched")
    report = again()
    assert report.counts == {"done": 0, "damaged": 0, "skipped": 6, "failed": 1, "planned": 0}
    assert (tmp_path / "out" / "1.png").read_bytes() == b"retouched"
    assert again(overwrite=True).counts == {"done": 1, "damaged": 0, "skipped": 6, "failed": 0, "planned": 0}


def test_files_of_others_in_the_target_folder_are_left_alone(again: Again, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    again()
    (tmp_path / "out" / "other.png").write_bytes(b"mine too")
    again(overwrite=True)
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"
    assert (tmp_path / "out" / "other.png").read_bytes() == b"mine too"


def test_a_single_file_is_translated_and_not_replaced_unasked(
    photos: Path, tmp_path: Path, enlarger: Model, make: Any
) -> None:
    target = tmp_path / "new" / "big.png"
    assert translate(photos / "0.png", target, model=enlarger).counts["done"] == 1
    assert make.load(target).shape == (24, 32, 3)
    assert [path.name for path in target.parent.iterdir()] == ["big.png"]
    with pytest.raises(UsageError, match=r"big\.png exists; replace it by --overwrite"):
        translate(photos / "1.png", target, model=enlarger)
    translate(photos / "1.png", target, model=enlarger, output=Output(overwrite=True))
    assert (make.load(target) == 255 - make.load(photos / "1.png").repeat(2, 0).repeat(2, 1)).all()


@pytest.mark.parametrize(
    ("channels", "dtype"),
    [(1, np.uint8), (2, np.uint8), (3, np.uint8), (4, np.uint8)] + [(n, np.uint16) for n in (1, 3, 4)],
)
def test_grey_alpha_and_depth_survive_in_files(
    channels: int, dtype: type, tmp_path: Path, make: Any, enlarger: Model
) -> None:
    image = make.picture(12, 16, channels, dtype)
    image[..., -1] |= 1
    translate(make.save(tmp_path / "a.png", image), tmp_path / "b.png", model=enlarger)
    result = make.load(tmp_path / "b.png")
    if channels == 2:  # OpenCV reads grey with alpha as colour with alpha
        result = result[..., [0, 3]]
    assert (result.shape, result.dtype) == ((24, 32, channels), dtype)
    colours = channels - (channels in (2, 4))
    limit = np.iinfo(dtype).max
    assert (result[::2, ::2, :colours] == limit - image[..., :colours]).all()


def test_images_of_all_sizes_go_through_one_job(tmp_path: Path, make: Any, host: PluginHost) -> None:
    sizes = [(1, 1), (1, 50), (50, 1), (3, 2), (7, 13), (31, 17), (64, 64)]
    for height, width in sizes:
        make.save(tmp_path / "in" / f"{height}x{width}.png", make.picture(height, width))
    model = make.model(make.translator(make.Coarse(), multiple_of=4, minimum_size=16))
    assert (
        translate(tmp_path / "in", tmp_path / "out", model=model, host=host, compute=Compute(batch_size=4)).counts[
            "done"
        ]
        == 7
    )
    for height, width in sizes:
        assert make.load(tmp_path / "out" / f"{height}x{width}.png").shape == (height, width, 3)


def test_a_model_is_loaded_by_name_with_its_conditions(
    photos: Path, tmp_path: Path, tinted_host: PluginHost, make: Any
) -> None:
    model = make.tinter(tmp_path / "tinter.safetensors", gain=0)
    options = {"model": model, "compute": Compute("cpu", batch_size=3), "host": tinted_host}
    report = translate(photos, tmp_path / "out", conditions={"tint": "blue", "strength": "2"}, **options)
    assert report.counts["done"] == 7
    assert all((make.load(item.target) == [0, 0, 102]).all() for item in report.items)
    assert report.options["conditions"] == {"tint": "blue", "strength": "2"}
    with pytest.raises(UsageError, match="needs the condition 'tint'"):
        translate(photos, tmp_path / "other", **options)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(("tiling", "threads"), [("exact", 1), ("never", 3)])
def test_the_threads_of_a_cpu_are_divided_and_given_back(
    tiling: str, threads: int, photos: Path, tmp_path: Path, make: Any, host: PluginHost
) -> None:
    seen: set[int] = set()
    model = make.model(make.translator(lambda images: seen.add(torch.get_num_threads()) or images, tiling=tiling))
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        translate(photos / "0.png", tmp_path / "0.png", model=model, host=host)
        assert seen == {threads}
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
