"""Evidence that `Steady` takes flicker out of translated clips, and that the gates notice when it is done wrongly.

    python tests/evidence/flicker.py

A clip is drawn whose translation without flicker is known, and flicker is added as per-frame models make it: a tint of
the whole frame, blotches, and fine texture. What this rests on:

* The warping error (Lai et al. 2018) rewards blur: hence sharpness and the distance to the truth beside it.
* A gate that a wrong way passes is worth nothing. Two controls must fail: averaging over time without following the
  motion, and following it even where something was hidden.
* What does not flicker must come through: `Steady` on the truth is in the table too.

Exit status 0: `Steady` passes every gate, and each control fails. Takes under a minute on one core.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from dead_leaves import Floats, dead_leaves
from gates import Gate, report
from img2img_filters.flow import enlarge, flow, visible, warp
from img2img_filters.steady import Steady, SteadyOptions
from numpy.typing import NDArray

from img2img.media.opencv import cv2

HEIGHT, WIDTH, LENGTH = 256, 384, 40
SPRITE = 96
STRENGTH = 0.8

Frames: TypeAlias = Sequence[NDArray[Any]]
"""(H, W, 3) each, uint8."""
Stage: TypeAlias = Callable[[Frames, Frames], Frames]
"""Source and translated frames to better translated frames."""


class Clip:
    """A moving background behind three moving discs, its translation without flicker, and with.

    Args:
        scale: Size of the translation, over that of the source.
    """

    def __init__(self, scale: int) -> None:
        drawn = [self._draw(index, scale) for index in range(LENGTH)]
        self.scale = scale
        self.source = [to_integers(cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)) for frame in drawn]
        styled = [style(frame) for frame in drawn]
        rng = np.random.default_rng(7)
        self.truth = [to_integers(frame) for frame in styled]
        self.plain = [to_integers(flicker(frame, rng)) for frame in styled]

    _background = dead_leaves(np.random.default_rng(0), 640)
    _sprites = tuple(dead_leaves(np.random.default_rng(index + 1), SPRITE) for index in range(3))

    def _draw(self, index: int, scale: int) -> Floats:
        frame = place(self._background, -60 - 1.7 * index, -80 - 0.6 * index, scale)
        disc = cv2.circle(np.zeros((SPRITE, SPRITE), np.float32), (SPRITE // 2, SPRITE // 2), 40, 1, -1)
        for number, sprite in enumerate(self._sprites):
            left = 12 + 110 * number + (3.1 - 2.2 * number) * index
            top = 12 + 60 * number + (1.1 * number - 0.7) * index
            share = place(disc, left, top, scale)[..., None]
            frame = frame * (1 - share) + place(sprite, left, top, scale) * share
        return frame

    @cached_property
    def motion(self) -> list[tuple[Floats, Floats]]:
        """For each frame but the first: the flow to the one before, and where that is visible, in the size of results.

        Finer than the flow that `Steady` uses.
        """
        grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in self.source]
        found = []
        for before, now in pairwise(grey):
            there, back = flow(now, before, "medium"), flow(before, now, "medium")
            size = HEIGHT * self.scale, WIDTH * self.scale
            seen = cv2.resize(visible(there, back), size[::-1], interpolation=cv2.INTER_NEAREST)
            found.append((enlarge(there, *size), seen[..., None]))
        return found


def place(picture: Floats, left: float, top: float, scale: int) -> Floats:
    """Put a picture where it belongs in a frame; around it, a background goes on mirrored, and a sprite is 0."""
    border = cv2.BORDER_REFLECT if picture.shape[0] > SPRITE else cv2.BORDER_CONSTANT
    middle = (scale - 1) / 2
    matrix = np.array([[scale, 0, left * scale + middle], [0, scale, top * scale + middle]], np.float32)
    way = cv2.INTER_LINEAR if scale == 1 else cv2.INTER_CUBIC
    placed: Floats = cv2.warpAffine(picture, matrix, (WIDTH * scale, HEIGHT * scale), flags=way, borderMode=border)
    return placed


def style(frame: Floats) -> Floats:
    """The model, were it consistent: mostly a warm toned grey."""
    grey = frame.mean(axis=2, keepdims=True).clip(0, 1)
    toned: Floats = 0.35 * frame + 0.65 * np.array([1.05, 0.85, 0.6], np.float32) * grey**0.8
    return toned


def flicker(frame: Floats, rng: np.random.Generator) -> Floats:
    """What a model does anew in each frame."""
    height, width = frame.shape[:2]
    blotches = cv2.resize(rng.normal(0, 0.06, (5, 7, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    texture = cv2.GaussianBlur(rng.normal(0, 0.09, (height, width)), (0, 0), 1)[..., None]
    return (frame * (1 + rng.normal(0, 0.06, 3)) + blotches + texture).astype(np.float32)


def to_integers(frame: Floats) -> NDArray[np.uint8]:
    return np.rint(frame.clip(0, 1) * 255).astype(np.uint8)


def steady(source: Frames, plain: Frames) -> Frames:
    stage = Steady(SteadyOptions(strength=STRENGTH))
    return [stage.after(seen, result) for seen, result in zip(source, plain, strict=True)]


def average(source: Frames, plain: Frames) -> Frames:
    """The control that does not follow the motion."""
    mean = plain[0].astype(np.float32)
    done = [mean]
    for result in plain[1:]:
        mean = STRENGTH * mean + (1 - STRENGTH) * result
        done.append(mean)
    return [to_integers(frame / 255) for frame in done]


def blend_everywhere(source: Frames, plain: Frames) -> Frames:
    """The control that does not look at what was hidden."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in source]
    mean = plain[0].astype(np.float32)
    done = [mean]
    for (before, now), result in zip(pairwise(grey), plain[1:], strict=True):
        mean = STRENGTH * warp(mean, enlarge(flow(now, before), *result.shape[:2])) + (1 - STRENGTH) * result
        done.append(mean)
    return [to_integers(frame / 255) for frame in done]


@dataclass(frozen=True)
class Figures:
    """What there is to say about a clip."""

    warping: float
    """E_warp of Lai et al. 2018, times 1000: mean square of what changed along the motion, where nothing was hidden."""
    tint: float
    """Mean change of a channel's mean from frame to frame, of 255."""
    psnr: float
    """To the truth, from the second frame on: the first one is the plain one."""
    sharpness: float
    """Variance of the Laplacian, over the truth's."""
    time: float = 0.0
    """Milliseconds of CPU per frame."""

    def __str__(self) -> str:
        return f"{self.warping:12.3f} {self.tint:9.2f} {self.psnr:14.2f} {self.sharpness:10.2f} {self.time:9.1f}"


HEADINGS = f"{'E_warp x1e3':>12} {'tint /255':>9} {'PSNR to truth':>14} {'sharpness':>10} {'ms/frame':>9}"


def judge(clip: Clip, frames: Frames, time: float = 0.0) -> Figures:
    errors = []
    for (motion, seen), (before, now) in zip(clip.motion, pairwise(frames), strict=True):
        change = (now.astype(np.float32) - warp(before.astype(np.float32), motion)) / 255
        errors.append((change**2 * seen).sum() / (3 * seen.sum()))
    means = np.array([frame.mean((0, 1)) for frame in frames])
    pairs = list(zip(frames, clip.truth, strict=True))
    return Figures(
        float(np.mean(errors)) * 1000,
        float(np.abs(np.diff(means, axis=0)).mean()),
        float(np.mean([cv2.PSNR(frame, truth) for frame, truth in pairs[1:]])),
        float(np.mean([detail(frame) / detail(truth) for frame, truth in pairs[5:]])),
        time,
    )


def detail(frame: NDArray[Any]) -> float:
    return float(cv2.Laplacian(frame, cv2.CV_32F).var())


def through(clip: Clip, stage: Stage, frames: Frames) -> Figures:
    start = time.process_time()
    done = stage(clip.source, frames)
    return judge(clip, done, (time.process_time() - start) * 1000 / LENGTH)


def gates(plain: Figures, figures: Figures) -> list[Gate]:
    return [
        Gate("E_warp, over plain's", figures.warping / plain.warping, high=1 / 5),
        Gate("PSNR to truth, gain", figures.psnr - plain.psnr, low=3),
        Gate("sharpness, over truth's", figures.sharpness, low=0.8),
    ]


def harmless(truth: Figures, figures: Figures) -> list[Gate]:
    return [
        Gate("E_warp, over truth's", figures.warping / truth.warping, high=1.1),
        Gate("PSNR to truth", figures.psnr, low=40),
        Gate("sharpness, over truth's", figures.sharpness, low=0.85),
    ]


def check(scale: int) -> dict[str, list[Gate]]:
    """Print the table of the clip at this scale, and return what has to hold."""
    clip = Clip(scale)
    rows = {"source": judge(clip, clip.source)} if scale == 1 else {}
    rows["truth"], rows["plain"] = judge(clip, clip.truth), judge(clip, clip.plain)
    rows["steady"] = through(clip, steady, clip.plain)
    rows["steady on truth"] = through(clip, steady, clip.truth)
    rows["broken: no motion"] = through(clip, average, clip.plain)
    rows["broken: nothing hidden"] = through(clip, blend_everywhere, clip.plain)
    print(f"\n{f'{WIDTH}x{HEIGHT}, results x{scale}':24} {HEADINGS}")
    for name, figures in rows.items():
        print(f"{name:24} {figures}", flush=True)
    tasks = {name: gates(rows["plain"], rows[name]) for name in rows if name == "steady" or name.startswith("broken")}
    tasks["steady on truth"] = harmless(rows["truth"], rows["steady on truth"])
    return {f"{name}, x{scale}": gates for name, gates in tasks.items()}


if __name__ == "__main__":
    sys.exit(0 if report({**check(1), **check(2)}) else 1)
