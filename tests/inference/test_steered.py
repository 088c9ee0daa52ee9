"""Pictures that steer a network: maps go with the pixels through tiles, batches and padding; images do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from img2img import Condition, Traits
from img2img.inference.device import Device
from img2img.inference.executor import Executor
from img2img.inference.picture import Picture
from img2img.inference.stream import Stream
from img2img.nn.sizes import translate_any_size

from ..translation.steered import Steered, painter, stylist


@pytest.mark.parametrize("size", [(100, 75), (97, 131), (33, 16), (5, 3), (1, 70)])
@pytest.mark.parametrize("mask_size", [None, (40, 40), (301, 173)])
def test_a_tiled_picture_with_a_mask_is_bit_equal_to_the_whole(
    size: tuple[int, int], mask_size: tuple[int, int] | None, make: Any
) -> None:
    translator, pixels = painter(), make.picture(*size)[None]
    mask = torch.rand(1, 1, *(mask_size or size))
    whole, tiled = (Executor(translator, Device(), tile).run(pixels, {"mask": mask}) for tile in (None, 16))
    assert (whole == tiled).all()
    assert (whole != pixels).any()


def test_a_mask_lies_on_the_very_pixels_that_it_belongs_to(make: Any) -> None:
    pixels = make.picture(45, 61)
    mask = np.zeros((45, 61), np.uint8)
    mask[7:30, 11:13] = 255
    result = make.model(painter())(pixels, mask=mask)
    assert (result == pixels)[mask == 0].all()
    assert (result != pixels)[mask == 255].mean() > 0.9


def test_a_batch_gives_the_same_as_one_by_one(make: Any) -> None:
    executor = Executor(painter(), Device(), tile=16)
    pixels = np.stack([make.picture(40, 37, seed=seed) for seed in range(3)])
    masks = torch.rand(3, 1, 20, 50)
    together = executor.run(pixels, {"mask": masks})
    for number in range(3):
        alone = executor.run(pixels[number : number + 1], {"mask": masks[number : number + 1]})
        assert np.abs(together[number].astype(int) - alone[0]).max() <= 1, "the last bits of a batch may differ"


def test_a_mask_of_another_size_is_resized_as_its_condition_says(make: Any) -> None:
    seen: list[Tensor] = []

    class See(nn.Module):
        def forward(self, images: Tensor, mask: Tensor) -> Tensor:
            seen.append(mask)
            return images

    classes = torch.tensor([[[0.0, 1.0]]])
    for way in ("linear", "nearest"):
        condition = Condition("classes", kind="map", channels=1, interpolation=way)  # type: ignore[arg-type]
        translator = Steered(See(), Traits(conditions={"mask": condition}))
        make.model(translator)(make.picture(4, 10), mask=classes)
    assert seen[0].unique().numel() > 2
    assert seen[1][0, 0, 0].tolist() == [0] * 5 + [1] * 5


def test_a_style_is_neither_padded_nor_cut_nor_resized(make: Any) -> None:
    sizes: list[tuple[int, ...]] = []

    class See(nn.Module):
        def forward(self, images: Tensor, style: Tensor) -> Tensor:
            sizes.append(tuple(style.shape))
            return images

    condition = Condition("style", kind="image")
    translator = Steered(See(), Traits(tiling="exact", multiple_of=8, conditions={"style": condition}))
    Executor(translator, Device(), tile=16, batch_size=2).run(
        make.picture(33, 33)[None], {"style": torch.rand(1, 3, 7, 9)}
    )
    assert set(sizes) <= {(2, 3, 7, 9), (1, 3, 7, 9)}


def test_a_style_changes_the_result_and_its_size_need_not_be_the_images(make: Any) -> None:
    model, image = make.model(stylist()), make.picture(20, 31)
    dark, bright = (model(image, style=np.full((9, 5, 3), level, np.uint8)) for level in (0, 255))
    assert (dark != bright).any()


def test_a_batch_of_tensors_may_share_a_mask_or_have_one_each(make: Any) -> None:
    model, images = make.model(painter()), torch.rand(2, 3, 21, 18)
    masks = torch.rand(2, 1, 30, 10)
    each = model(images, mask=masks)
    for number in range(2):
        assert torch.allclose(each[number], model(images, mask=masks[number])[number], atol=1e-6)


def test_translate_any_size_pads_maps_with_their_images() -> None:
    images, mask = torch.rand(1, 3, 7, 9), torch.rand(1, 1, 7, 9)
    assert translate_any_size(painter(), images, mask=mask).shape == images.shape


@dataclass(frozen=True)
class Sheet:
    pixels: Any
    conditions: Mapping[str, Tensor] = field(default_factory=dict)
    bytes: int = 0

    @property
    def picture(self) -> Picture:
        return Picture.enter(self.pixels, Traits())


def batches_of(sheets: list[Sheet], condition: Condition) -> list[tuple[int, ...]]:
    """The shapes of the condition in the batches that a stream makes of works."""
    seen: list[tuple[int, ...]] = []

    class See(nn.Module):
        def forward(self, images: Tensor, **conditions: Tensor) -> Tensor:
            seen.extend([*(tuple(value.shape) for value in conditions.values())] or [(len(images),)])
            return images

    executor = Executor(Steered(See(), Traits(conditions={"it": condition})), Device(), batch_size=8)
    stream = Stream[Sheet, Any](executor, lambda sheet, result: result, lambda: False)
    assert not [outcome.error for outcome in stream.by_group(sheets) if outcome.error]
    executor.close()
    stream.close()
    return seen


def test_works_with_styles_of_unequal_size_or_without_any_are_not_put_together(make: Any) -> None:
    rows: list[Mapping[str, Tensor]] = [{"it": torch.rand(3, side, 4)} for side in (4, 4, 6)]
    sheets = [Sheet(make.picture(), row) for row in [*rows, {}]]
    assert sorted(batches_of(sheets, Condition("", kind="image"))) == [(1,), (1, 3, 6, 4), (2, 3, 4, 4)]


def test_works_with_masks_of_unequal_size_are_put_together_since_masks_are_resized(make: Any) -> None:
    sheets = [Sheet(make.picture(), {"it": torch.rand(1, side, 4)}) for side in (4, 5, 6)]
    assert batches_of(sheets, Condition("", kind="map", channels=1)) == [(3, 1, 12, 16)]


def test_a_style_that_works_share_is_in_memory_once(make: Any) -> None:
    strides: list[int] = []

    class See(nn.Module):
        def forward(self, images: Tensor, it: Tensor) -> Tensor:
            strides.append(it.stride(0))
            return images

    style = torch.rand(3, 50, 50)
    executor = Executor(Steered(See(), Traits(conditions={"it": Condition("", kind="image")})), Device(), batch_size=8)
    stream = Stream[Sheet, Any](executor, lambda sheet, result: result, lambda: False)
    assert len(list(stream.by_group([Sheet(make.picture(), {"it": style}) for _ in range(4)]))) == 4
    executor.close()
    stream.close()
    assert strides == [0]
