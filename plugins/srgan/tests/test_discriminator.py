"""The discriminator."""

from __future__ import annotations

import pytest
import torch
from img2img_srgan.discriminator import Discriminator


@pytest.mark.parametrize("size", [(17, 17), (24, 40), (96, 96), (100, 100), (128, 128)], ids=str)
def test_it_judges_crops_of_any_size_by_one_logit_each(size: tuple[int, int]) -> None:
    logits = Discriminator(4)(torch.rand(2, 3, *size))
    assert logits.shape == (2, 1)
    assert logits.isfinite().all()


def test_at_the_published_crop_the_averaging_changes_nothing() -> None:
    features = Discriminator(4).eval().features
    images = torch.rand(1, 3, 96, 96)
    torch.testing.assert_close(features(images), features[:-1](images))


def test_it_has_the_published_layers() -> None:
    """Convolutions k3 with 64, 64, 128 … 512 channels, strides 1 and 2 in turn, and 1024 dense units."""
    layers = list(Discriminator().features)
    convolutions = [layer for layer in layers if isinstance(layer, torch.nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert [layer.stride[0] for layer in convolutions] == [1, 2, 1, 2, 1, 2, 1, 2]
    assert sum(isinstance(layer, torch.nn.BatchNorm2d) for layer in layers) == 7
    assert Discriminator().classifier[1].weight.shape == (1024, 512 * 6 * 6)


def test_its_logits_are_not_squashed() -> None:
    network = Discriminator(4)
    torch.nn.init.constant_(network.classifier[-1].bias, -7)
    assert network(torch.rand(2, 3, 32, 32)).max() < -5
