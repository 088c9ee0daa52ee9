"""Networks that fail, lie, or ask for more memory than there is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from img2img import Translator
from img2img.errors import TranslationError
from img2img.inference.device import Device
from img2img.inference.executor import Executor

Execute = Callable[..., Executor]


@pytest.fixture
def execute(device: str) -> Execute:
    def execute(translator: Translator, precision: torch.dtype = torch.float32, **options: Any) -> Executor:
        return Executor(translator, Device(torch.device(device), precision), **options)

    return execute


class Greedy:
    """A network that runs out of memory above a number of pixels that go in together."""

    def __init__(self, network: nn.Module, limit: int, error: BaseException | None = None) -> None:
        self.network, self.limit = network, limit
        self.scale, self.halo = network.scale, network.halo
        self.error = error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        self.calls: list[tuple[int, ...]] = []

    def __call__(self, images: Tensor) -> Tensor:
        self.calls.append(tuple(images.shape))
        if images[:, 0].numel() > self.limit:
            raise self.error
        return self.network.to(images.device)(images)

    @property
    def fitted(self) -> list[tuple[int, ...]]:
        return [shape for shape in self.calls if shape[0] * shape[2] * shape[3] <= self.limit]


def close(ours: Any, theirs: Any) -> bool:
    return bool(np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1)


def test_when_memory_runs_out_batches_get_smaller_first(make: Any, execute: Execute) -> None:
    network = make.Convolve(2)
    images = np.stack([make.picture(20, 30, seed=seed) for seed in range(8)])
    greedy = Greedy(network, 3 * 20 * 30)
    result = execute(make.translator(greedy), batch_size=8).run(images)
    assert close(result, execute(make.translator(network)).run(images))
    assert {shape[2:] for shape in greedy.calls} == {(20, 30)}, "an image was cut, though one alone had fitted"
    assert max(shape[0] for shape in greedy.fitted) == 2


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_when_one_image_does_not_fit_it_is_cut_into_smaller_and_smaller_tiles(
    scale: int, make: Any, execute: Execute, caplog: pytest.LogCaptureFixture
) -> None:
    network = make.Convolve(scale)
    image = make.picture(150, 170)[None]
    greedy = Greedy(network, 60 * 60)
    with caplog.at_level(logging.WARNING):
        result = execute(make.translator(greedy)).run(image)
    assert close(result, execute(make.translator(network), tile=None).run(image))
    assert "out of memory; smaller tiles from here on" in caplog.text


def test_what_fitted_once_is_the_size_from_there_on(make: Any, execute: Execute) -> None:
    greedy = Greedy(make.Convolve(1), 60 * 60)
    executor = execute(make.translator(greedy))
    executor.run(make.picture(150, 170)[None])
    greedy.calls.clear()
    executor.run(make.picture(150, 170)[None])
    assert greedy.calls == greedy.fitted


def test_tiles_of_a_size_asked_for_get_smaller_too(make: Any, execute: Execute) -> None:
    network = make.Convolve(2)
    image = make.picture(150, 170)[None]
    result = execute(make.translator(Greedy(network, 50 * 50)), tile=100).run(image)
    assert close(result, execute(make.translator(network), tile=None).run(image))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] data. DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
    ids=str,
)
def test_every_kind_of_out_of_memory_is_known(error: Exception, make: Any, execute: Execute) -> None:
    image = make.picture(150, 170)[None]
    network = make.Convolve(1)
    result = execute(make.translator(Greedy(network, 60 * 60, error))).run(image)
    assert close(result, execute(make.translator(network), tile=None).run(image))


@pytest.mark.parametrize(("attributes", "tile"), [({"tiling": "never"}, 0), ({}, None), ({}, 16), ({}, 0)], ids=str)
def test_what_does_not_fit_and_cannot_be_cut_fails_with_its_size(
    attributes: Any, tile: int | None, make: Any, execute: Execute
) -> None:
    network = make.translator(Greedy(make.Convolve(2), 10), **attributes)
    with pytest.raises(TranslationError) as error:
        execute(network, tile=tile).run(np.stack([make.picture(80, 90)] * 4))
    assert "90×80 does not fit the memory of" in str(error.value)
    assert "CUDA out of memory. Tried to allocate 2 GiB" in str(error.value)


def test_an_image_that_does_not_fit_slows_down_none_after_it(make: Any, execute: Execute) -> None:
    greedy = Greedy(make.Convolve(2), 10)
    executor = execute(make.translator(greedy), batch_size=4)
    with pytest.raises(TranslationError):
        executor.run(make.picture(80, 90)[None])
    greedy.limit = 10**6
    greedy.calls.clear()
    executor.run(np.stack([make.picture(80, 90)] * 4))
    assert greedy.calls[-1] == (4, 3, 80, 90)  # a tile of the failed one may come first


def test_nan_in_bf16_is_done_again_in_float32(
    make: Any, execute: Execute, caplog: pytest.LogCaptureFixture, device: str
) -> None:
    seen: list[torch.dtype] = []
    layer = nn.Conv2d(3, 3, 1).to(device)

    def overflow(images: Tensor) -> Tensor:
        out = layer(images)
        seen.append(out.dtype)
        out[0, 0, 0, 0] = torch.nan if out.dtype == torch.bfloat16 else 1
        return out

    with caplog.at_level(logging.WARNING):
        result = execute(make.translator(overflow), torch.bfloat16).run(make.picture()[None])
    assert seen == [torch.bfloat16, torch.float32]
    assert result[0, 0, 0, 0] == 255
    assert "running it again in float32" in caplog.text


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_no_number_in_float32_is_an_error_and_no_black_pixel(
    precision: torch.dtype, value: float, make: Any, execute: Execute
) -> None:
    def spoil(images: Tensor) -> Tensor:
        images[..., -1, -1] = value
        return images

    with pytest.raises(TranslationError, match="returned NaN or infinity"):
        execute(make.translator(spoil), precision).run(make.picture()[None])


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (lambda images: images, "(1, 3, 12, 16)"),
        (lambda images: images.repeat(1, 1, 4, 4), "(1, 3, 48, 64)"),
        (lambda images: images.repeat(1, 1, 2, 2)[..., :-1], "(1, 3, 24, 31)"),
        (lambda images: images.repeat(1, 1, 2, 2)[:, :1], "(1, 1, 24, 32)"),
        (lambda images: images.repeat(2, 1, 2, 2), "(2, 3, 24, 32)"),
        (lambda images: images.repeat(1, 1, 2, 2)[0], "(3, 24, 32)"),
        (lambda images: None, "NoneType"),
        (lambda images: [images.repeat(1, 1, 2, 2)], "list"),
    ],
    ids=["too small", "too large", "a column short", "grey", "two for one", "no batch", "nothing", "a list"],
)
def test_a_result_of_the_wrong_shape_is_an_error(
    wrong: Callable[[Tensor], Any], found: str, make: Any, execute: Execute
) -> None:
    with pytest.raises(TranslationError) as error:
        execute(make.translator(wrong, scale=2)).run(make.picture()[None])
    expected = "where its scale and channels promise (1, 3, 24, 32)"
    assert f"the network returned {found} {expected}" in str(error.value)


@pytest.mark.parametrize("kind", [torch.complex64, torch.uint8, torch.bool], ids=str)
def test_a_result_of_no_real_numbers_is_an_error(kind: torch.dtype, make: Any, execute: Execute) -> None:
    with pytest.raises(TranslationError, match=f"the network returned {kind}, which is no colour"):
        execute(make.translator(lambda images: images.to(kind))).run(make.picture()[None])


class Panic(BaseException):
    """As a Rust extension raises."""


@pytest.mark.parametrize(
    "raised", [ValueError("no"), KeyError("x"), RuntimeError("shape"), SystemExit(0), Panic("at line 3")], ids=repr
)
@pytest.mark.parametrize("tile", [None, 16])
def test_whatever_a_network_raises_is_a_translation_error(
    tile: int | None, raised: BaseException, make: Any, execute: Execute
) -> None:
    def fail(images: Tensor) -> Tensor:
        raise raised

    with pytest.raises(TranslationError) as error:
        execute(make.translator(fail), tile=tile).run(make.picture(40, 40)[None])
    assert f"the network failed: {type(raised).__name__}" in str(error.value)
    assert error.value.__cause__ is raised


def test_an_executor_goes_on_after_a_failure(make: Any, execute: Execute) -> None:
    executor = execute(make.translator(lambda images: images / (images.shape[3] != 16)))
    with pytest.raises(TranslationError):
        executor.run(make.picture(12, 16)[None])
    image = make.picture(12, 17)[None]
    assert (executor.run(image) == image).all()
