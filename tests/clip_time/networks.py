"""Networks that look at several frames, remember frames, or give several frames for one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from img2img import Translator
from img2img.media.video.reader import VideoReader

LEVELS = [int(level) for level in np.random.default_rng(0).integers(0, 100, 23)]
"""The grey levels of the frames of a clip."""


class Weighing(Translator):
    """Gives the sum of the frames of its window, the first one weighed by 1, the second by 2, and so on, over 16."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        assert images.ndim == 5
        weights = torch.arange(1, images.shape[1] + 1, device=images.device)
        return (images * weights[:, None, None, None]).sum(1) / 16


class Adding(Translator):
    """Gives a sixteenth of the sum of all frames so far, which it keeps in bf16."""

    total: Tensor | None = None

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.calls: list[str] = []

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        assert len(images) == 1
        self.calls.append("frame")
        images = self.generator(images)
        self.total = (images if self.total is None else images + self.total).to(torch.bfloat16)
        return self.total.float() / 16

    def begin(self) -> None:
        self.calls.append("begin")
        self.total = None

    def state(self) -> Mapping[str, Tensor]:
        return {} if self.total is None else {"total": self.total}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.calls.append("restore")
        self.total = state["total"]


class Doubling(Translator):
    """Gives each frame, and the mean of it and the next one."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return torch.stack([images[:, 0], (images[:, 0] + images[:, 1]) / 2], 1)


def levels_of(path: Path) -> list[int]:
    """Return the grey level of each frame of a video."""
    with VideoReader(path) as reader:
        return [int(frame.picture()[0, 0, 0]) for frame in reader.frames()]
