"""Evidence that image files of other people's test suites are read as Pillow reads them, or refused by a message.

    python tests/evidence/suites.py FOLDER ... [-v]

Such suites come with the sources of Pillow, libpng, libjpeg-turbo, libwebp, giflib and others. Each file with the
suffix of an image is read by img2img and by Pillow; the mean difference of the upright 8-bit RGB pixels decides.
Files that hold several pictures are left out. With -v, each file is listed that is not read as Pillow reads it. Exit
status 0: no file differs, and none raises anything but a message.
"""

from __future__ import annotations

import argparse
import sys
import traceback
import warnings
from collections import Counter
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from img2img.errors import Img2ImgError
from img2img.media import READABLE_IMAGES, decode_image, read_file

SAME = 2.0
"""The largest mean difference, of 255, of two readers of a lossy format."""
RIGHT, DIFFERS, REFUSED, BOTH_REFUSE, ONLY_HERE, FAILS = (
    "right", "differs", "refused", "refused by both", "read here only", "raises",
)  # fmt: skip


def ours(path: Path) -> NDArray[np.float64]:
    """Return what img2img reads: (H, W, 3), from 0 to 255."""
    pixels = decode_image(read_file(path), path.name).pixels
    levels = pixels / 257 if pixels.dtype == np.uint16 else pixels.astype(float)
    alpha = levels[..., -1:] / 255 if levels.shape[2] in (2, 4) else 1
    colours = levels[..., : 1 if levels.shape[2] < 3 else 3] * alpha
    return np.broadcast_to(colours, (*colours.shape[:2], 3))


def theirs(path: Path) -> NDArray[np.float64]:
    """Return what Pillow reads, over black."""
    with Image.open(path) as file:
        if getattr(file, "n_frames", 1) > 1:
            raise StopIteration
        upright = ImageOps.exif_transpose(file)
        if upright.mode.startswith(("I", "F")):
            levels = np.asarray(upright, float)
            levels = levels / 257 if upright.mode.startswith("I") else levels * 255
            return np.broadcast_to(levels[..., None], (*levels.shape, 3))
        levels = np.asarray(upright.convert("RGBA"), float)
    return levels[..., :3] * levels[..., 3:] / 255


def verdict(path: Path) -> tuple[str, str]:
    """Return a verdict on a file, and what is to be said of it."""
    try:
        expected: NDArray[np.float64] | None = theirs(path)
    except StopIteration:
        return "", ""
    except Exception:
        expected = None
    try:
        found = ours(path)
    except Img2ImgError as error:
        return (BOTH_REFUSE if expected is None else REFUSED), str(error)
    except Exception:
        return FAILS, traceback.format_exc()
    if expected is None:
        return ONLY_HERE, ""
    if found.shape != expected.shape:
        return DIFFERS, f"{found.shape} instead of {expected.shape}"
    difference = np.abs(found - expected).mean()
    return (RIGHT if difference <= SAME else DIFFERS), f"mean difference {difference:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with suppress(ImportError):
        import_module("pillow_heif").register_heif_opener()
    counts: Counter[tuple[str, str]] = Counter()
    paths = [path for folder in options.folders for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in paths:
        if path.suffix.lower() not in READABLE_IMAGES:
            continue
        found, words = verdict(path)
        if not found:
            continue
        counts[path.suffix.lower(), found] += 1
        if options.verbose and found not in (RIGHT, BOTH_REFUSE):
            print(f"{found:16} {path}: {words}")
    verdicts = (RIGHT, DIFFERS, REFUSED, BOTH_REFUSE, ONLY_HERE, FAILS)
    print(f"{'':8}{'tried':>7}" + "".join(f"{word:>17}" for word in verdicts))
    for suffix in sorted({suffix for suffix, _ in counts}):
        row = [counts[suffix, word] for word in verdicts]
        print(f"{suffix:8}{sum(row):7}" + "".join(f"{count:17}" for count in row))
    return 1 if any(word in (DIFFERS, FAILS) for _, word in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
