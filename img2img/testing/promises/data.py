"""Promises of the data of a training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from img2img.contract.data import Sample
from img2img.testing.family import FamilySubject
from img2img.testing.promise import keep, promise
from img2img.testing.promises.config import its_options_make_a_config


@promise(its_options_make_a_config)
def training_data_are_read(subject: FamilySubject) -> None:
    for split in ("train", "validation"):
        dataset = subject.dataset(split)
        keep(len(dataset) > 0, f"the part {split!r} is empty")
        sample = dataset.sample(0, np.random.default_rng(0) if split == "train" else None)
        images = {"source": sample.source, "target": sample.target}
        if noise := subject.translator().traits.source:
            shape = tuple(images.pop("source").shape)
            keep(shape == noise.shape, f"source is of shape {shape}, and the translator takes noise of {noise.shape}")
        for name, image in images.items():
            shape = tuple(image.shape)
            fits = image.ndim == 3 and image.is_floating_point()
            keep(fits, f"{name} is {image.dtype} of shape {shape}, and not floating-point (C, H, W)")
            low, high = float(image.min()), float(image.max())
            keep(low > -1e-3 and high < 1 + 1e-3, f"{name} lies in [{low:.3g}, {high:.3g}], and not in [0, 1]")


@promise(training_data_are_read)
def a_sample_depends_on_its_index_and_the_given_chance_alone(subject: FamilySubject) -> None:
    dataset = subject.dataset("train")
    for index in range(min(len(dataset), 4)):
        for chance in (None, index):
            samples = []
            for seed in (1, 2):  # seeds of the global generators, which must not matter
                torch.manual_seed(seed)
                np.random.seed(seed)
                rng = None if chance is None else np.random.default_rng(chance)
                samples.append(dataset.sample(index, rng))
            how = "rng=None" if chance is None else "an rng of the same seed"
            keep(_same_sample(*samples), f"sample({index}) with {how} is not the same twice")


def _same_sample(one: Sample, two: Sample) -> bool:
    tensors: list[tuple[Tensor, Tensor]] = [(one.source, two.source), (one.target, two.target)]
    tensors += [(rows, two.condition[name]) for name, rows in one.condition.items()]
    return one.name == two.name and all(torch.equal(*pair) for pair in tensors)
