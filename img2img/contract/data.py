"""What families learn from: samples, batches of them, and the datasets that give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@dataclass(frozen=True)
class Sample:
    """One item of a dataset: a `Batch` without its first dimension."""

    source: Tensor
    """(C, H, W), float, [0, 1]."""
    target: Tensor
    """(C, H', W'), float, [0, 1]: the truth for `source`, or any image of the target domain where data are unpaired."""
    condition: Mapping[str, Tensor] = field(default_factory=dict)
    """What else steers the translation: name to a tensor of any shape."""
    name: str = ""
    """Where the source came from, for previews and reports."""
    target_name: str = ""
    """Where the target came from, if it came from elsewhere."""


@dataclass(frozen=True)
class Batch:
    """What a trainer learns from in one step, on its device."""

    source: Tensor
    """(N, C, H, W), RGB, float, [0, 1]."""
    target: Tensor
    """(N, C, H', W'), RGB, float, [0, 1]."""
    condition: Mapping[str, Tensor] = field(default_factory=dict)
    """Name to a tensor of N rows."""
    names: tuple[str, ...] = ()
    """Where the N sources came from."""
    target_names: tuple[str, ...] = ()
    """Where the N targets came from."""


class Dataset(Protocol):
    """How source and target of a family relate; `img2img.datasets` has the usual ones."""

    paired: bool
    """Whether a sample's target is the truth for its source; else it is any image of the target domain."""

    def __len__(self) -> int: ...

    def files(self) -> Sequence[Path]:
        """Return every file that the samples come from, for the model card."""

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """Return item `index`.

        Args:
            index: 0 ... len(self) - 1.
            rng: The only source of chance (crop, flip, an unpaired partner). The core seeds it from the run's seed, the
                epoch and the index, so that a resumed training sees the same data. None asks for the whole image, and
                always the same sample, as validation does.
        """
