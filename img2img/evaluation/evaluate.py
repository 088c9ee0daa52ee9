"""Evaluates a model on images whose truths are known, or beside a set of wanted images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from torch import Tensor

from img2img.errors import DataError, ImageError, ItemError, Stopped, UsageError
from img2img.evaluation.conditions import PairConditions
from img2img.evaluation.extractor import Extractor
from img2img.evaluation.judge import Judge
from img2img.evaluation.outcome import Evaluation, Judged, Way
from img2img.evaluation.pairs import Pair, alone, find_images, pairs
from img2img.evaluation.reference import Reference
from img2img.media.files import MAX_PIXELS
from img2img.text import printable

if TYPE_CHECKING:
    from img2img.inference.model import Model

T = TypeVar("T")

WAYS: tuple[Way, ...] = ("model", "baseline")


@dataclass(frozen=True)
class Known:
    """The images that results are compared with.

    Raises:
        UsageError: There is nothing to compare with, or two choices exclude each other.
    """

    truths: Path | None = None
    """A folder of images with the names of their sources."""
    downscale: bool = False
    """Whether the given images are truths, from which sources are made by MATLAB's bicubic, rounded to 8 bits."""
    references: Path | None = None
    """A folder of images of the wanted kind."""
    extractor: Path | None = None
    """An ONNX file with a network that makes features, for FID and KID beside the references."""

    def __post_init__(self) -> None:
        if not (self.truths or self.downscale or self.references):
            raise UsageError(
                "there is nothing to hold the results against: give --truth with a folder of what they ought to be, "
                "--downscale to enlarge reduced images and compare with the whole ones, or --reference with a folder "
                "of images of the wanted kind"
            )
        if self.truths and self.downscale:
            raise UsageError("--truth and --downscale exclude each other: with the second, images are their own truths")
        if self.extractor and not self.references:
            raise UsageError("FID and KID compare with a set of images: add --reference with a folder of them")


def evaluate(
    model: Model,
    sources: Path,
    known: Known,
    *,
    conditions: Mapping[str, Any] | None = None,
    crop: int | None = None,
    max_pixels: int = MAX_PIXELS,
    watch: Callable[[int, int], None] = lambda done, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Judge a model. An image that cannot be read, or does not fit its truth, costs itself alone.

    Args:
        model: In float32, if its figures are not to depend on the machine.
        sources: A folder of images, or one image.
        known: What there is to compare with.
        conditions: The conditions of the model, by name: one value for all sources, or a folder, `@TABLE.csv` or a
            mapping that gives each source its own, as `translate` takes them.
        crop: Pixels along each edge that do not count for PSNR and SSIM; by default those of the literature: the scale
            where the model enlarges, else none.
        max_pixels: Of the largest image that is read.
        watch: Told how many images of how many are done, those of reference among them.
        stop: Asked before each image.

    Raises:
        UsageError: Something does not fit: the images, a condition, the extractor, what is known and the model.
        Stopped: The user asked for it.
    """
    judge = Judge(model, known.downscale, crop, max_pixels)
    extractor = Extractor(known.extractor, model.device.place) if known.extractor else None
    planned = pairs(sources, known.truths, judge.scale) if known.truths else alone(sources)
    values = PairConditions(model.translator.traits.conditions, conditions or {}, planned, max_pixels)
    wanted = find_images(known.references, "images of reference") if known.references else []
    steps = _Steps(len(wanted) + len(planned), watch, stop)
    unread: list[Judged] = []
    reference = Reference(_read(steps.over(wanted), judge, unread), extractor) if wanted else None
    if reference is not None and not len(reference):
        raise DataError(f"no image of reference can be read: {unread[0].reason}")
    images = [_judge(pair, judge, values, reference) for pair in steps.over(planned)]
    judged = any(not image.reason for image in images)
    distances = {way: reference.distances(way) for way in WAYS} if reference is not None and judged else {}
    return Evaluation(_about(judge, values, sources, known, extractor, reference), images, unread, distances)


class _Steps:
    """Counts images, and raises `Stopped` once the user asks for it."""

    def __init__(self, total: int, watch: Callable[[int, int], None], stop: Callable[[], bool]) -> None:
        self._done, self._total, self._watch, self._stop = 0, total, watch, stop

    def over(self, things: Sequence[T]) -> Iterator[T]:
        """Yield things, and count each once it is done."""
        for thing in things:
            if self._stop():
                raise Stopped(f"stopped after {self._done} of {self._total} images; nothing was written")
            yield thing
            self._done += 1
            self._watch(self._done, self._total)


def _read(paths: Iterable[Path], judge: Judge, unread: list[Judged]) -> Iterator[Tensor]:
    for path in paths:
        try:
            yield judge.read(path)
        except (ItemError, MemoryError) as error:
            unread.append(Judged(str(path), reason=_reason(error, path)))


def _judge(pair: Pair, judge: Judge, values: PairConditions, reference: Reference | None) -> Judged:
    if pair.problem:
        return Judged(pair.name, reason=pair.problem)
    try:
        results, truth = judge.results(pair, values.rows(pair))
        figures = {way: judge.figures(image, truth) for way, image in results.items()} if truth is not None else {}
    except (ItemError, MemoryError) as error:
        return Judged(pair.name, reason=_reason(error, pair.source))
    if reference is not None:
        for way, image in results.items():
            reference.add(way, image)
    return Judged(pair.name, figures)


def _reason(error: ItemError | MemoryError, path: Path) -> str:
    if isinstance(error, ImageError):  # an ImageError names its file
        return str(error)
    return f"{printable(path)}: {'there is not enough memory: ' * isinstance(error, MemoryError)}{error}"


def _about(
    judge: Judge,
    values: PairConditions,
    sources: Path,
    known: Known,
    extractor: Extractor | None,
    reference: Reference | None,
) -> dict[str, Any]:
    info = judge.model.info
    return {
        "model": {
            "name": info.path.stem,
            "path": str(info.path),
            "family": info.family,
            "direction": info.direction,
            "scale": str(judge.scale),
            "sha256": info.sha256,
        },
        "conditions": values.typed,
        "data": {
            "sources": str(sources),
            "truths": str(known.truths or (sources if known.downscale else "")),
            "references": {"folder": str(known.references), "count": len(reference)} if reference is not None else None,
        },
        "protocol": judge.protocol,
        "extractor": extractor.about if extractor is not None else None,
        "versions": {name: version(name) for name in ("img2img-runtime", "torch", "numpy")},
    }
