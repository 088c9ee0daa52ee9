"""Evidence that a change of the code changes no result: digests of what every bundled model and family makes.

    python tests/evidence/bits.py [--photos FOLDER] [--against CHECKOUT]

Prints a digest a line: of each bundled model on `samples/images` and on photographs, in float32 and bfloat16, in tiles
and whole; of clips; of the live pictures; and of the weights after 20 steps of each family. With `--against`, the same
is done by the Python environment of another checkout (`CHECKOUT/.venv`), and only the differences are printed. Exit
status 0: there are none. Takes about three minutes on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import torch
from safetensors.torch import load_file

import img2img
from img2img.errors import Stopped
from img2img.media.video import VideoOptions

SAMPLES = Path(__file__).parents[2] / "samples"
MODELS = sorted((SAMPLES / "models").glob("*.safetensors"))
LABELS = {"tones": {"label": "night"}}
PHOTOS = 20
SIDE = 160
"""Pixels of the longer side to which photographs are reduced, for speed."""
TRAININGS: dict[str, dict[str, Any]] = {
    "cyclegan": {"width": 8, "blocks": 2, "resize": 0, "crop": 48, "discriminator_width": 8},
    "pix2pix": {"width": 8, "depth": 5, "resize": 0, "crop": 64, "discriminator_width": 8},
    "stargan": {"width": 8, "resize": 0, "crop": 32, "batch_size": 2, "discriminator_layers": 3},
    "srgan": {
        "width": 8, "depth": 2, "crop": 48, "batch_size": 2, "pretrain_steps": 8, "gan_steps": 12,
        "discriminator_width": 8, "perceptual": "random",
    },
}  # fmt: skip


def digest(arrays: Iterable[Any]) -> str:
    """SHA-256 of arrays, their shapes and types."""
    sha256 = hashlib.sha256()
    for array in arrays:
        sha256.update(f"{array.dtype} {array.shape}".encode())
        sha256.update(np.ascontiguousarray(array).tobytes())
    return sha256.hexdigest()[:16]


def gathered(value_class: str, keyword: str, **options: Any) -> dict[str, Any]:
    """Arguments of `img2img`'s functions: one value of a class, or the single options in a checkout without it."""
    return {keyword: getattr(img2img, value_class)(**options)} if hasattr(img2img, value_class) else options


def pictures(folder: Path) -> Iterator[Any]:
    return (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(folder.iterdir()) if path.is_file())


def frames(clip: Path) -> Iterator[Any]:
    with av.open(str(clip)) as file:
        yield from (frame.to_ndarray(format="rgb24") for frame in file.decode(video=0))


def reduced(photos: Path, folder: Path) -> Path:
    """Copy the first photographs, made small."""
    folder.mkdir()
    for path in sorted(photos.iterdir())[:PHOTOS]:
        photo = cv2.imread(str(path))
        scale = SIDE / max(photo.shape[:2])
        cv2.imwrite(str(folder / f"{path.stem}.png"), cv2.resize(photo, None, fx=scale, fy=scale))
    return folder


def images(photos: Path | None, folder: Path) -> Iterator[tuple[str, str]]:
    sources = {"samples": SAMPLES / "images"}
    if photos is not None:
        sources["photos"] = reduced(photos, folder / "photos")
    ways = {"fp32": {"precision": "fp32"}, "bf16": {"precision": "bf16"}, "tiles": {"precision": "fp32", "tile": 48}}
    for model in MODELS:
        for source, place in sources.items():
            for way, options in ways.items():
                target = folder / f"{model.stem} {source} {way}"
                conditions = LABELS.get(model.stem, {})
                img2img.translate(
                    place, target, model=model, conditions=conditions,
                    **gathered("Output", "output", format="png"),
                    **gathered("Compute", "compute", device="cpu", **options),
                )  # fmt: skip
                yield target.name, digest(pictures(target))


def clips(folder: Path) -> Iterator[tuple[str, str]]:
    jobs = {"photo-x2": {}, "tones": {"conditions": {"label": "night"}, "filters": ["steady"]}}
    for name, options in jobs.items():
        target, model = folder / f"{name}.mkv", SAMPLES / "models" / f"{name}.safetensors"
        video = VideoOptions(codec="ffv1", end=Fraction(1))
        compute = gathered("Compute", "compute", device="cpu", precision="fp32")
        img2img.translate(SAMPLES / "clip.mp4", target, model=model, video=video, **compute, **options)
        yield f"clip {name}", digest(frames(target))


class Screen:
    """Keeps what is shown, and lets the next picture come only then."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def show(self, before: Any, after: Any, counts: Any) -> None:
        self.shown += [before, after]

    def heed(self) -> bool:
        return True


def live_pictures() -> Iterator[tuple[str, str]]:
    for home in ("img2img.live.live", "img2img.translation.live"):  # older checkouts have it in the second
        try:
            module = import_module(home)
            break
        except ModuleNotFoundError:
            continue
    model = img2img.load_model(SAMPLES / "models" / "tones.safetensors", device="cpu", precision="fp32")
    screen = Screen()

    def shots() -> Iterator[Any]:
        for number, pixels in enumerate(islice(frames(SAMPLES / "clip.mp4"), 4)):
            while len(screen.shown) < 2 * number:
                pass
            yield module.Shot(0.0, 0.0, lambda pixels=pixels: pixels)

    module.live(model, LABELS["tones"], shots(), screen, lambda: False)
    yield "live", digest(screen.shown)


def trainings(folder: Path) -> Iterator[tuple[str, str]]:
    rng = np.random.default_rng(0)
    for name in ("trainA", "trainB", "valA", "valB"):
        (folder / "data" / name).mkdir(parents=True)
        for number in range(6):
            noise = cv2.resize(rng.integers(0, 256, (9, 9, 3), np.uint8), (72, 72), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(folder / "data" / name / f"{number}.png"), noise)
    for family, options in TRAININGS.items():
        left = iter(range(20))
        with suppress(Stopped):
            img2img.train(
                family, folder / "data", folder / family, options, stop=lambda left=left: next(left, None) is None,
                **gathered("Compute", "compute", device="cpu", precision="fp32"),
                **gathered("Intervals", "intervals", validate_every=10, log_every=5, examine_every=5),
            )  # fmt: skip
        for path in sorted((folder / family).glob("*.safetensors")):
            yield f"train {family} {path.stem}", digest(tensor.numpy() for _, tensor in sorted(load_file(path).items()))
        yield f"health {family}", hashlib.sha256((folder / family / "health.csv").read_bytes()).hexdigest()[:16]


def digests(photos: Path | None) -> Iterator[str]:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="img2img-bits-") as name:
        folder = Path(name)
        for part in (trainings(folder), live_pictures(), clips(folder), images(photos, folder)):
            yield from (f"{value}  {what}" for what, value in part)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, metavar="FOLDER")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    options = parser.parse_args()
    if options.against is None:
        for line in digests(options.photos):
            print(line, flush=True)
        return 0
    words = [__file__, *(["--photos", str(options.photos.resolve())] if options.photos else [])]
    found = [
        set(subprocess.run([python, *words], check=True, capture_output=True, text=True).stdout.splitlines())
        for python in (sys.executable, str(options.against / ".venv" / "bin" / "python"))
    ]
    for line in sorted(found[0] ^ found[1]):
        print("here " if line in found[0] else "there", line)
    print(f"{len(found[0] & found[1])} digests are equal, {len(found[0] - found[1])} differ")
    return 0 if found[0] == found[1] else 1


if __name__ == "__main__":
    sys.exit(main())
