"""Running networks on integer images: tiles, batches, sizes, precision, conditions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from img2img import PluginHost, Translator
from img2img.errors import TranslationError, UsageError
from img2img.inference.device import Device
from img2img.inference.executor import Executor
from img2img.inference.limits import Limits

Execute = Callable[..., Executor]

TILED_SIZES = [(64, 64), (41, 97), (17, 130), (1, 70), (70, 1), (33, 34)]
ODD_SIZES = [(1, 1), (1, 50), (50, 1), (3, 2), (2, 3), (7, 13), (16, 16), (17, 31)]


@pytest.fixture
def execute(device: str) -> Execute:
    def execute(translator: Translator, precision: torch.dtype = torch.float32, **options: Any) -> Executor:
        if isinstance(translator.generator, nn.Module):
            translator.generator.to(device).eval()
        return Executor(translator, Device(torch.device(device), precision), **options)

    return execute


def difference(ours: Any, theirs: Any) -> int:
    """The largest, in levels."""
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    return int(np.abs(ours.astype(int) - theirs.astype(int)).max())


@pytest.mark.parametrize("side", [16, 23, 32])
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_tiles_give_what_the_whole_image_gives(scale: int, side: int, make: Any, execute: Execute) -> None:
    network = make.translator(make.Convolve(scale))
    for height, width in TILED_SIZES:
        image = make.picture(height, width, dtype=np.uint16)[None]
        whole = execute(network, tile=None).run(image)
        assert whole.shape == (1, scale * height, scale * width, 3)
        assert difference(execute(network, tile=side).run(image), whole) <= 1  # of 65535


@pytest.mark.parametrize("side", [16, 30, 40])
def test_tiles_are_exact_for_a_network_that_takes_only_some_sizes(side: int, make: Any, execute: Execute) -> None:
    network = make.translator(make.Coarse(), multiple_of=4, minimum_size=16)
    for height, width in TILED_SIZES:
        image = make.picture(height, width, dtype=np.uint16)[None]
        assert difference(execute(network, tile=side).run(image), execute(network, tile=None).run(image)) <= 1


@pytest.mark.parametrize("options", [{}, {"generator": "srresnet"}, {"upsampling": "resize"}], ids=str)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_tiles_are_exact_for_srgan(scale: int, options: Any, host: PluginHost, make: Any, execute: Execute) -> None:
    family = host.family("srgan")
    config = family.config_class.parse({"scale": scale, "width": 8, "depth": 1, **options})
    torch.manual_seed(0)
    network = family.translator(config, family.build_generator(config))
    image = make.picture(53, 67, dtype=np.uint16)[None]
    assert difference(execute(network, tile=17).run(image), execute(network, tile=None).run(image)) <= 1


def test_a_halo_that_is_too_small_would_be_noticed_by_these_tests(make: Any, execute: Execute) -> None:
    network = make.translator(make.Convolve(2), halo=2)
    image = make.picture(64, 64, dtype=np.uint16)[None]
    assert difference(execute(network, tile=16).run(image), execute(network, tile=None).run(image)) > 10


def test_tiles_of_a_network_that_makes_images_smaller_are_exact(make: Any, execute: Execute) -> None:
    network = make.translator(lambda images: avg_pool2d(images, 2), scale=Fraction(1, 2))
    image = make.picture(67, 101)[None]
    whole = execute(network, tile=None).run(image)
    assert whole.shape == (1, 33, 50, 3)
    assert difference(execute(network, tile=17).run(image), whole) == 0


def test_several_large_images_are_tiled_together(make: Any, execute: Execute) -> None:
    network = make.translator(make.Convolve(2))
    images = np.stack([make.picture(40, 70, seed=seed, dtype=np.uint16) for seed in range(3)])
    whole = execute(network, tile=None).run(images)
    assert difference(execute(network, tile=16, workers=3).run(images), whole) <= 1


def test_large_images_are_tiled_by_themselves_unless_that_is_switched_off(make: Any, execute: Execute) -> None:
    seen: list[tuple[int, ...]] = []
    network = make.translator(lambda images: seen.append(tuple(images.shape)) or images)
    for tile, largest in ((0, 40 * 40), (None, 100 * 90)):
        seen.clear()
        executor = execute(network, tile=tile)
        executor.limits = Limits(40 * 40, 250_000)
        executor.run(make.picture(100, 90)[None])
        assert max(height * width for _, _, height, width in seen) == largest


def test_a_network_that_cannot_be_tiled_sees_the_image_whole(make: Any, execute: Execute) -> None:
    seen: list[tuple[int, ...]] = []
    network = make.translator(lambda images: seen.append(tuple(images.shape)) or images, tiling="never")
    executor = execute(network, tile=16)
    executor.limits = Limits(100, 250_000)
    executor.run(make.picture(50, 60)[None])
    assert seen == [(1, 3, 50, 60)]


@pytest.mark.parametrize("size", ODD_SIZES, ids=str)
@pytest.mark.parametrize(
    ("multiple", "minimum", "scale"), [(1, 1, 2), (2, 1, 3), (4, 16, 1), (32, 1, 4), (8, 64, Fraction(3, 2))], ids=str
)
def test_images_of_any_size_come_out_in_their_size_times_the_scale(
    multiple: int, minimum: int, scale: Any, size: tuple[int, int], make: Any, execute: Execute
) -> None:
    def enlarge(images: Tensor) -> Tensor:
        assert all(side % multiple == 0 and side >= minimum for side in images.shape[2:])
        return interpolate(images, size=[int(side * scale) for side in images.shape[2:]], mode="nearest")

    network = make.translator(enlarge, multiple_of=multiple, minimum_size=minimum, scale=scale)
    image = make.picture(*size)[None]
    result = execute(network).run(image)
    assert result.shape == (1, int(size[0] * scale), int(size[1] * scale), 3)
    if scale in (1, 2, 3, 4):
        assert (result == image.repeat(scale, 1).repeat(scale, 2)).all()


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_images_together_give_what_they_give_one_by_one(scale: int, make: Any, execute: Execute) -> None:
    images = np.stack([make.picture(19, 23, seed=seed, dtype=np.uint16) for seed in range(7)])
    executor = execute(make.translator(make.Convolve(scale)), batch_size=7)
    alone = np.concatenate([executor.run(image[None]) for image in images])
    assert difference(executor.run(images), alone) <= 1
    assert difference(executor.run(images[::-1])[::-1], alone) <= 1


@pytest.mark.parametrize(("asked", "batches"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (50, [7])])
def test_the_network_gets_batches_of_the_size_asked_for(
    asked: int, batches: list[int], make: Any, execute: Execute
) -> None:
    seen: list[int] = []
    network = make.translator(lambda images: seen.append(len(images)) or images)
    execute(network, batch_size=asked).run(np.stack([make.picture()] * 7))
    assert seen == batches


def test_batches_are_larger_the_smaller_the_images_are(make: Any, execute: Execute) -> None:
    executor = execute(make.translator(make.Enlarge(4)))
    assert executor.batch_size(16, 16) > executor.batch_size(64, 64) > executor.batch_size(3000, 4000) == 1


def test_what_goes_in_is_not_touched_and_may_be_read_only(make: Any, execute: Execute) -> None:
    images = make.picture(40, 40)[None]
    images.flags.writeable = False
    before = images.copy()
    execute(make.translator(lambda batch: batch.mul_(0)), tile=16).run(images)
    assert (images == before).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_level_survives_a_network_that_does_nothing(dtype: type, make: Any, execute: Execute) -> None:
    levels = np.arange(np.iinfo(dtype).max + 1, dtype=dtype).reshape(1, 1, -1, 1).repeat(3, 3)
    result = execute(make.translator(nn.Identity()), tile=None).run(levels)
    assert result.dtype == dtype
    assert (result == levels).all()


def test_what_leaves_the_range_is_clipped_not_wrapped(make: Any, execute: Execute) -> None:
    image = np.array([[[0, 100, 255]]], np.uint8)[None]
    assert execute(make.translator(lambda images: images * 4 - 1)).run(image).ravel().tolist() == [0, 145, 255]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_networks_compute_in_the_precision_asked_for_but_16_bit_images_in_float32(
    dtype: type, make: Any, execute: Execute, device: str
) -> None:
    seen: list[torch.dtype] = []
    layer = nn.Conv2d(3, 3, 1).to(device)
    network = make.translator(lambda images: seen.append((out := layer(images)).dtype) or out)
    execute(network, torch.bfloat16).run(make.picture(dtype=dtype)[None])
    assert seen == [torch.bfloat16 if dtype == np.uint8 else torch.float32]


def test_bf16_is_near_to_float32(make: Any, execute: Execute) -> None:
    image = make.picture(40, 40)[None]
    network = make.translator(make.Convolve(2))
    ours, exact = execute(network, torch.bfloat16).run(image), execute(network).run(image)
    assert np.abs(ours.astype(int) - exact.astype(int)).mean() < 1


def test_what_runs_a_network_refuses_a_precision_that_it_does_not_support(make: Any, execute: Execute) -> None:
    network = make.translator(make.Convolve(2), precisions=("fp32",))
    with pytest.raises(UsageError, match="good results only in fp32, and not in bf16"):
        execute(network, torch.bfloat16)


@pytest.mark.parametrize("tile", [None, 16])
def test_conditions_reach_the_network_row_by_row(tile: int | None, make: Any, execute: Execute) -> None:
    def shift(images: Tensor, level: Tensor, tint: Tensor) -> Tensor:
        assert level.shape == (len(images),)
        assert tint.shape == (len(images), 3)
        return images + level[:, None, None, None] + tint[:, :, None, None]

    images = np.zeros((5, 40, 50, 3), np.uint8)
    rows = {"level": torch.arange(5) / 255, "tint": torch.arange(15).reshape(5, 3) * 10 / 255}
    result = execute(make.translator(shift), tile=tile, batch_size=2, workers=2).run(images, rows)
    expected = np.arange(5)[:, None] + np.arange(15).reshape(5, 3) * 10
    assert (result == expected[:, None, None].astype(np.uint8)).all()


def test_a_closed_executor_drops_what_has_not_begun_and_calls_it_cancelled(make: Any, execute: Execute) -> None:
    begun, go = threading.Event(), threading.Event()

    def wait(images: Tensor) -> Tensor:
        if begun.is_set():
            time.sleep(1)  # one that slipped in before all were dropped; there are 48 of them
        begun.set()
        assert go.wait(60)
        return images

    executor = execute(make.translator(wait), tile=16, batch_size=1)
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            executor.run(make.picture(100, 100)[None])
        except BaseException as error:
            outcome.append(error)

    running = threading.Thread(target=run)
    running.start()
    assert begun.wait(60)
    threading.Timer(0.05, go.set).start()
    executor.close()
    running.join(60)
    assert [type(error) for error in outcome] == [CancelledError]
    with pytest.raises(CancelledError):
        executor.run(make.picture()[None])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"tile": 5}, "give 16 or more"), ({"tile": -1}, "give 16"), ({"batch_size": -1}, "-1 images")],
)
def test_tiles_and_batches_that_cannot_be_are_refused(options: Any, message: str, make: Any, execute: Execute) -> None:
    with pytest.raises(UsageError, match=message):
        execute(make.translator(nn.Identity()), **options)


def test_an_image_of_which_nothing_would_be_left_is_refused(make: Any, execute: Execute) -> None:
    network = make.translator(lambda images: avg_pool2d(images, 2), scale=Fraction(1, 2), multiple_of=2)
    with pytest.raises(TranslationError, match="1×9 is too small for a scale of 1/2"):
        execute(network).run(make.picture(9, 1)[None])
