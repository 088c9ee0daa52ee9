"""Evidence that clips of every container and codec which FFmpeg can write here are read whole.

    python tests/evidence/containers.py [-v]

Each clip has twelve frames that carry their numbers. It is right where these frames come back, in order and at equal
distances, and nothing is called damaged. What FFmpeg itself cannot write is left out. Exit status 0: no clip comes out
wrong, and none raises anything but a message.
"""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections import Counter
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import av

sys.path.insert(0, str(Path(__file__).parents[2]))

from img2img.errors import Img2ImgError
from img2img.media.clip.opening import open_clip
from tests.video import clips, picture

SUFFIXES = (
    ".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mpg", ".vob", ".flv", ".wmv", ".ogv", ".3gp", ".mxf", ".y4m",
)  # fmt: skip
FRAMES = 12
RIGHT, WRONG, REFUSED, RAISES = "right", "wrong", "refused", "raises"
HARDWARE = ("nvenc", "vaapi", "qsv", "v4l2m2m", "amf", "vulkan", "videotoolbox", "mf", "omx", "cuvid")


def encoders() -> list[str]:
    """Return the names of the encoders of video that run on any processor."""
    names = []
    for name in sorted(av.codecs_available):
        try:
            codec = av.Codec(name, "w")
        except av.codec.codec.UnknownCodecError:
            continue
        if codec.type == "video" and not name.endswith(HARDWARE):
            names.append(name)
    return names


def write(path: Path, codec: str) -> bool:
    """Write a clip, and return whether FFmpeg could."""
    formats = av.Codec(codec, "w").video_formats or ()
    names = [form.name for form in formats]
    pix_fmt = next((name for name in ("yuv420p", "yuvj420p", "yuv422p", "rgb24", "bgr0", *names) if name in names), "")
    try:
        clips.write(path, frames=FRAMES, size=(176, 144), codec=codec, pix_fmt=pix_fmt or "yuv420p")
        with av.open(str(path)) as file:
            return sum(1 for packet in file.demux(video=0) if packet.size) >= FRAMES
    except Exception:  # FFmpeg refuses a pair in many ways
        return False


def verdict(path: Path) -> tuple[str, str]:
    """Return a verdict on a clip, and what is to be said of it."""
    try:
        clip = open_clip(path)
        frames = [(frame.pts, picture.number(frame.picture())) for frame in clip.frames()]
    except Img2ImgError as error:
        return REFUSED, str(error)
    except Exception:
        return RAISES, traceback.format_exc()
    numbers = [number for _, number in frames]
    times = [float(pts * clip.info.time_base) for pts, _ in frames]
    gaps = [after - before for before, after in pairwise(times)]
    if clip.damage:
        return WRONG, clip.damage
    if numbers != list(range(FRAMES)):
        return WRONG, f"frames {numbers}"
    if max(gaps) - min(gaps) > 0.0021:
        return WRONG, f"distances from {min(gaps):.3f} to {max(gaps):.3f} s"
    return RIGHT, ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    logging.disable()
    counts: Counter[tuple[str, str]] = Counter()
    with TemporaryDirectory() as folder:
        for suffix in SUFFIXES:
            for codec in encoders():
                path = Path(folder) / f"{codec}{suffix}"
                if write(path, codec):
                    found, words = verdict(path)
                    counts[suffix, found] += 1
                    if options.verbose and found != RIGHT:
                        print(f"{found:8} {path.name}: {words}", flush=True)
                path.unlink(missing_ok=True)
    verdicts = (RIGHT, WRONG, REFUSED, RAISES)
    print(f"{'':6}{'tried':>9}" + "".join(f"{word:>9}" for word in verdicts))
    for suffix in SUFFIXES:
        row = [counts[suffix, word] for word in verdicts]
        print(f"{suffix:6}{sum(row):9}" + "".join(f"{count:9}" for count in row))
    return 1 if any(word in (WRONG, RAISES) for _, word in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
