"""Tiles that give nearly what the whole image gives: when they are used, and what the report says of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from img2img import Compute, Output, Traits, Translator, VideoOptions, translate
from img2img.inference.device import Device
from img2img.inference.executor import Executor

NOTE = "translated in overlapping tiles of 32 pixels: approximately what the whole image would give"


class Glance(nn.Module):
    """A pixel depends on its surroundings, and a little on the whole image."""

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(images, 3, 1, 1, count_include_pad=False) * 0.9 + images.mean() * 0.1


@pytest.fixture
def glance(make: Any) -> Translator:
    return Translator(Glance(), Traits(tiling="overlap", halo=4))


def run(translator: Translator, pixels: Any, **options: Any) -> Any:
    executor = Executor(translator, Device(), **options)
    try:
        return executor.run(pixels)
    finally:
        executor.close()


def test_an_image_is_cut_only_if_the_user_says_so_or_it_is_too_large(glance: Translator, make: Any) -> None:
    pixels = make.picture(64, 96)[None]
    whole = run(glance, pixels, tile=None)
    assert (run(glance, pixels) == whole).all()
    cut = run(glance, pixels, tile=32).astype(int)
    assert 0 < np.abs(cut - whole).max() < 30


def test_overlapping_tiles_give_the_same_in_any_batch_and_any_number_of_threads(glance: Translator, make: Any) -> None:
    both = np.stack([make.picture(64, 96, seed=seed) for seed in range(2)])
    alone = np.concatenate([run(Translator(Local(), glance.traits), image[None], tile=32) for image in both])
    for options in ({"workers": 3}, {"batch_size": 3}, {"batch_size": 1}):
        assert (run(Translator(Local(), glance.traits), both, tile=32, **options) == alone).all()


class Local(nn.Module):
    """A pixel depends on the mean of the tile that it is in."""

    def forward(self, images: Tensor) -> Tensor:
        return (images + images.mean((1, 2, 3), keepdim=True)) / 2


@pytest.mark.parametrize(("tile", "notes"), [(32, (NOTE,)), (0, ()), (64, ())])
def test_the_report_says_which_images_were_cut(
    tile: int, notes: tuple[str, ...], glance: Translator, make: Any, tmp_path: Path
) -> None:
    make.save(tmp_path / "in" / "x.png", make.picture(40, 64))
    model = make.model(glance)
    model.executor.tile = tile
    (item,) = translate(tmp_path / "in", tmp_path / "out", model=model, compute=Compute(tile=tile)).items
    assert item.notes == notes


def test_the_report_says_which_clips_were_cut(glance: Translator, make: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.stack([make.picture(40, 64)] * 2))
    model = make.model(glance)
    model.executor.tile = 32
    (item,) = translate(tmp_path / "x.npy", tmp_path / "y.npy", model=model, video=VideoOptions(fps=Fraction(25))).items
    assert NOTE in item.notes


def test_another_side_of_the_tiles_makes_such_a_target_anew(glance: Translator, make: Any, tmp_path: Path) -> None:
    make.save(tmp_path / "in" / "x.png", make.picture(40, 64))
    sides, replaces = (None, 32, 32), (False, True, False)
    states = []
    for tile, overwrite in zip(sides, replaces, strict=True):
        model = make.model(glance)
        model.executor.tile = tile
        output = Output(overwrite=overwrite)
        states.append(translate(tmp_path / "in", tmp_path / "out", model=model, output=output).items[0].status)
    assert states == ["done", "done", "skipped"]
