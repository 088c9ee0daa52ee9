"""Exported files are models like any: for folders, clips, tiles, deep images and threads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from img2img_export.exporting import Exported
from img2img_export.onnx_file import OnnxNetwork

import img2img
from img2img.media import decode_image, read_file

KINDS = [".onnx", ".pt2"]
Exporter = Callable[[str, str], tuple[Path, Path, Exported]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("family", "conditions"), [("srgan", {}), ("pix2pix", {}), ("stargan", {"label": "snow"})])
def test_a_folder_becomes_the_same_by_the_exported_model(
    family: str, conditions: dict[str, str], kind: str, exported: Exporter, host: img2img.PluginHost, pictures: Path
) -> None:
    results = []
    for path in exported(family, kind)[:2]:
        out = pictures.parent / path.suffix[1:]
        options = {"conditions": conditions, "compute": img2img.Compute("cpu", "fp32"), "host": host}
        report = img2img.translate(pictures, out, model=path, **options)
        assert report.counts["done"] == 4
        results.append([decode_image(read_file(file), file).pixels for file in sorted(out.glob("*.png"))])
    for wanted, found in zip(*results, strict=True):
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        level = 1 if found.dtype == np.uint8 else 12  # of 65535: less than a 20th of a level of 255
        assert np.abs(found.astype(int) - wanted).max() <= level


@pytest.mark.parametrize("kind", KINDS)
def test_tiles_give_what_the_whole_image_gives(kind: str, exported: Exporter, host: img2img.PluginHost) -> None:
    path = exported("srgan", kind)[1]
    image = np.random.default_rng(0).integers(0, 256, (70, 91, 3), np.uint8)
    whole, tiled = (img2img.load_model(path, tile=tile, precision="fp32", host=host)(image) for tile in (None, 16))
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert np.mean(whole != tiled) < 0.001


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_gives_what_its_images_give_one_by_one(kind: str, exported: Exporter, host: img2img.PluginHost) -> None:
    model = img2img.load_model(exported("cyclegan", kind)[1], precision="fp32", host=host)
    images = torch.rand(3, 3, 24, 20)
    together, alone = model(images), torch.cat([model(image[None]) for image in images])
    assert (together - alone).abs().max() < 1e-5


def test_threads_share_one_session_and_do_not_disturb_each_other(exported: Exporter, host: img2img.PluginHost) -> None:
    translator = img2img.load_model(exported("srgan", ".onnx")[1], host=host).translator
    images = [torch.rand(2, 3, 20 + index, 30) for index in range(8)]
    wanted = [translator(image) for image in images]
    assert isinstance(translator.generator, OnnxNetwork)
    session = translator.generator._session
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(translator, images * 3))
    assert all(torch.equal(one, other) for one, other in zip(wanted * 3, found, strict=True))
    assert translator.generator._session is session


def test_a_session_has_as_many_threads_as_torch_has(exported: Exporter, host: img2img.PluginHost) -> None:
    translator = img2img.load_model(exported("srgan", ".onnx")[1], host=host).translator
    for threads in (torch.get_num_threads() + 1, torch.get_num_threads()):
        torch.set_num_threads(threads)
        translator(torch.rand(1, 3, 8, 8))
        assert isinstance(translator.generator, OnnxNetwork)
        assert translator.generator._session is not None
        assert translator.generator._session.get_session_options().intra_op_num_threads == threads


@pytest.mark.parametrize("kind", KINDS)
def test_inspect_shows_what_a_file_says_of_itself(kind: str, exported: Exporter) -> None:
    command = [sys.executable, "-m", "img2img", "inspect", exported("stargan", kind)[1]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    assert f"family         {kind[1:]}\n" in done.stdout
    for line in ('  family = "stargan"', "  multiple_of = 4", '  conditions = {"label": ["day", "night", "snow"]}'):
        assert line in done.stdout
