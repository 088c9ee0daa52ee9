"""Draws samples/clip.mp4, a film of five seconds with sound: a harbour and a street, nothing in which is foreign."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from drawing import film
from drawing.canvas import Pixels, Plane
from drawing.texture import reduce

SHOTS = (("The harbour", film.harbour_shot), ("The street", film.street_shot))
CUT = 60
FRAMES = CUT * len(SHOTS)
RATE, HERTZ = 24, 48_000

BEAT = 0.3125
MELODY = (60, 67, 76, 74, 72, 67, 69, 71, 72, 76, 79, 76, 74, 71, 72)
BASSES = ((0, 48), (4, 41), (8, 48), (12, 43), (14, 36))
CHIME = ((1, 1.0), (2, 0.5), (3, 0.25), (4.2, 0.12))
BELL = ((1, 1.0), (2.76, 0.7), (5.4, 0.4), (8.9, 0.2))


def truths(numbers: Iterable[int] = range(FRAMES)) -> Iterator[Pixels]:
    """Draws the frames of these numbers, (288, 512, 3) RGB."""
    cameras: dict[int, Callable[[float], Pixels]] = {}
    for number in numbers:
        part, frame = divmod(number, CUT)
        if part not in cameras:
            cameras[part] = SHOTS[part][1]()
        yield np.asarray(reduce(cameras[part](frame / RATE), 2), np.uint8)


def source(truth: Pixels) -> Pixels:
    """Returns the frame of the small film, whose pixels are the rounded means of 2 by 2 of the truth."""
    return np.asarray(reduce(truth, 2), np.uint8)


def _strike(sound: Plane, start: float, pitch: float, partials: Iterable[tuple[float, float]], fade: float) -> None:
    """Adds a note, struck at `start` seconds and of a MIDI pitch, to one channel; overtones fade sooner."""
    first = round(start * HERTZ)
    time = np.arange(sound.size - first) / HERTZ
    for ratio, share in partials:
        wave = np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * ratio * time)
        sound[first:] += share * wave * np.exp(-time * ratio**0.7 / fade) * np.minimum(time / 0.003, 1)


def sound() -> Plane:
    """Composes the sound, (2, samples) in [-1, 1]: chimes over waves, and a tram's bell at the very cut."""
    cut, end = CUT / RATE, FRAMES / RATE
    time = np.arange(round(end * HERTZ)) / HERTZ
    channels = np.zeros((2, time.size))
    waves = cv2.GaussianBlur(np.random.default_rng(7).normal(0, 1, channels.shape), (121, 1), 18)
    channels += waves * (0.25 + 0.15 * np.sin(2.4 * time)) * np.clip((cut - time) / 0.05, 0, 1)
    for side, channel in enumerate(channels):
        for place, pitch in enumerate(MELODY):
            _strike(channel, place * BEAT, pitch, [(r, 0.16 * s) for r, s in CHIME], (0.5, 0.6)[side])
        for place, pitch in BASSES:
            _strike(channel, place * BEAT, pitch, [(r, 0.22 * s) for r, s in CHIME], 0.9)
        for start in (cut, cut + 0.16):
            _strike(channel, start, 95, [(r, (0.3, 0.14)[side] * s) for r, s in BELL], 0.25)
    channels *= np.clip((end - time) / 0.25, 0, 1) * np.clip(time / 0.02, 0, 1)
    return np.asarray(0.8 * channels / np.abs(channels).max(), np.float32)


class Film:
    """A film file that is being written; one that is `exact` keeps every pixel as it is."""

    def __init__(self, path: Path, size: tuple[int, int], exact: bool = False) -> None:
        self._file = av.open(f"file:{path.absolute()}", "w", format="mp4", options={"movflags": "+faststart"})
        self._file.metadata.update(title="Harbour and street", copyright="The img2img authors; licence: Apache-2.0")
        chapter = {"time_base": Fraction(CUT, RATE)}
        self._file.set_chapters(
            [
                {"id": k, "start": k, "end": k + 1, **chapter, "metadata": {"title": title}}
                for k, (title, _) in enumerate(SHOTS)
            ]
        )
        options = {"crf": "0" if exact else "18", "preset": "slow", "threads": "1"}
        self._video = self._file.add_stream("libx264rgb" if exact else "libx264", rate=RATE, options=options)
        self._video.height, self._video.width = size
        self._video.pix_fmt = "rgb24" if exact else "yuv420p"
        self._video.codec_context.color_primaries = ColorPrimaries.BT709
        self._video.codec_context.color_trc = ColorTrc.BT709
        if not exact:
            self._video.codec_context.colorspace = Colorspace.ITU709
            self._video.codec_context.color_range = ColorRange.MPEG
        self._exact = exact
        self._audio = self._file.add_stream("aac", rate=HERTZ, layout="stereo", options={"b": "96k"})

    def add(self, pixels: Pixels) -> None:
        """Appends a frame."""
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        if not self._exact:
            frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
        self._file.mux(self._video.encode(frame))

    def finish(self) -> None:
        """Adds the sound, and closes the file."""
        frame = av.AudioFrame.from_ndarray(sound(), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = HERTZ, 0
        for packets in (self._video.encode(None), self._audio.encode(frame), self._audio.encode(None)):
            self._file.mux(packets)
        self._file.close()


def main() -> None:
    """Draws the film that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).with_name("clip.mp4"), help="samples/clip.mp4 if not given"
    )
    parser.add_argument(
        "--truth", type=Path, help="file for the same film twice as large, without loss; not written without"
    )
    chosen = parser.parse_args()
    height, width = film.TRUTH
    small = Film(chosen.out, (height // 2, width // 2))
    large = Film(chosen.truth, film.TRUTH, exact=True) if chosen.truth else None
    for truth in truths():
        small.add(source(truth))
        if large:
            large.add(truth)
    for path, written in ((chosen.out, small), (chosen.truth, large)):
        if written:
            written.finish()
            print(f"{path}: {FRAMES} frames, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
