"""Pairs say which images are judged, and what each of them ought to become."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from img2img.errors import DataError, UsageError
from img2img.media import READABLE_IMAGES, decode_image, read_file
from img2img.media.formats import is_image_file, listed
from img2img.text import printable

if TYPE_CHECKING:
    from img2img.media import Pixels


@dataclass(frozen=True)
class Pair:
    """A source and its truth."""

    name: str
    source: Path
    truth: Path | None = None
    problem: str = ""
    """The reason why the two cannot be compared; empty where they can."""


def find_images(place: Path, what: str) -> list[Path]:
    """Return an image, or those below a folder, sorted by path.

    Raises:
        DataError: There is no image; the message calls the images `what`.
    """
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise DataError(f"there is no {place}; the {what} are a folder of images, or one image")
    images = list(filter(is_image_file, place.rglob("*")))
    if not images:
        raise DataError(f"no images in {place}, where the {what} should be (looked for {listed(READABLE_IMAGES)})")
    return sorted(images)


def alone(sources: Path) -> list[Pair]:
    """Return the sources, without truths."""
    return [Pair(_name(path, sources), path) for path in find_images(sources, "sources")]


def pairs(sources: Path, truths: Path, scale: object) -> list[Pair]:
    """Match sources and truths, whose paths in their folders are the same but for the suffix.

    To the name of a source, `x4` or `_x4` may be added where the scale is 4. Images without a partner are listed, too.

    Raises:
        DataError: There are no images, or no source has a truth.
        UsageError: Two images have one name but for the suffix.
    """
    found, wanted = _by_name(sources, "sources"), _by_name(truths, "truths")
    if sources.is_file() and truths.is_file():
        return [Pair(sources.name, sources, truths)]
    matched, left = [], dict(found)
    for name, truth in wanted.items():
        names = (f"{name}{suffix}" for suffix in ("", f"x{scale}", f"_x{scale}"))
        source = next((left.pop(name) for name in names if name in left), None)
        if source is not None:
            matched.append(Pair(_name(source, sources), source, truth))
        else:
            matched.append(_half(truth, truths, "source"))
    if len(left) == len(found):
        raise DataError(
            f"no image of {sources} has a truth in {truths}: {_some(found)} there, "
            f"{_some(wanted)} here; a truth has the name of its source, in the same folder below, whatever the suffix"
        )
    matched += [_half(path, sources, "truth") for path in left.values()]
    return sorted(matched, key=lambda pair: pair.name)


def read_pixels(path: Path, max_pixels: int) -> Pixels:
    """Read (H, W, C), uint8 or uint16.

    Raises:
        ImageError: The file is no readable image, or has more pixels.
    """
    return decode_image(read_file(path), path, max_pixels).pixels


def _half(path: Path, place: Path, lacking: str) -> Pair:
    return Pair(_name(path, place), path, problem=f"{printable(path)}: there is no {lacking} of this name")


def _by_name(place: Path, what: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in find_images(place, what):
        name = str(Path(_name(path, place)).with_suffix(""))
        if name in found:
            raise UsageError(
                f"{found[name]} and {path} have one name but for the suffix, so that it is "
                "unclear what belongs together; move one of them elsewhere"
            )
        found[name] = path
    return found


def _name(path: Path, place: Path) -> str:
    return path.name if path == place else str(path.relative_to(place))


def _some(names: dict[str, Path]) -> str:
    return ", ".join(list(names)[:3]) + (", …" if len(names) > 3 else "")
