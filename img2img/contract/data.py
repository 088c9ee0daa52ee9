"""This module defines training data: samples, batches of samples, and the datasets that return them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@dataclass(frozen=True)
class Sample:
    """One item of a dataset: a `Batch` without its first dimension.

    Attributes:
        source: (C, H, W), float, [0, 1].
        target: (C, H', W'), float, [0, 1]: the truth for `source`, or any image of the target domain where data are
            unpaired.
        condition: Further inputs of the translation, such as a label: name to a tensor of any shape.
        name: The file of the source, for previews and reports.
        target_name: The file of the target, if that is another one.
    """

    source: Tensor
    target: Tensor
    condition: Mapping[str, Tensor] = field(default_factory=dict)
    name: str = ""
    target_name: str = ""


@dataclass(frozen=True)
class Batch:
    """The samples from which a trainer learns in one step, on its device.

    Attributes:
        source: (N, C, H, W), RGB, float, [0, 1].
        target: (N, C, H', W'), RGB, float, [0, 1].
        condition: Name to a tensor of N rows.
        names: The files of the N sources.
        target_names: The files of the N targets.
    """

    source: Tensor
    target: Tensor
    condition: Mapping[str, Tensor] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Misfit:
    """A sample that cannot be used, as the sizes of its images show.

    Attributes:
        reason: Which image it is, and what is wrong with it.
        side: The shorter side, in pixels, of an image that is smaller than the training crop; 0 for any other reason.
    """

    reason: str
    side: int = 0


Sizes = Mapping[Path, tuple[int, int]]
"""Width and height of each readable file, in pixels, as it is shown."""


@runtime_checkable
class Sized(Protocol):
    """A dataset that finds unusable samples by the sizes of its files alone, before any of them is decoded."""

    def misfits(self, sizes: Sizes, *, cropped: bool) -> Iterable[Misfit]:
        """Return the samples that cannot be used, without those of files that have no size, which the caller names.

        Args:
            sizes: The sizes of the files.
            cropped: Whether samples are cropped, as in training, or whole, as in validation.
        """


class Dataset(Protocol):
    """Training data that pairs each source with a target; `img2img.datasets` has the usual datasets.

    Attributes:
        paired: Whether a sample's target is the truth for its source; else it is any image of the target domain.
    """

    paired: bool

    def __len__(self) -> int:
        """Return the number of samples."""

    def files(self) -> Sequence[Path]:
        """Return every file that the samples are read from, for the model card."""

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """Return item `index`.

        Args:
            index: 0 ... len(self) - 1.
            rng: The only source of randomness (crop, flip, an unpaired partner). The core seeds it from the run's seed,
                the epoch and the index, so that a resumed training sees the same data. None means the whole image, and
                the same sample each time, as validation needs it.
        """
