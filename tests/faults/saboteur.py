"""A plugin for programs that are to fail: `sabotage.json` in their working directory says how.

Its family `film` has a network that changes little. What the file may hold:

    segment: frames of a segment
    kill_at: SIGKILL just before the n-th step, from 1: a change of the folder `watched`, or some packets that are muxed
    kill_before: SIGKILL just before the first step that contains this
    steps: a file that gets a line for each step
    frames: a file that gets a line for each frame that is done
    batches: a file that gets a line for each batch that comes to the network
    signals: {frame: signal} that the program sends itself when so many frames are done
    delay: seconds that the network takes for each picture
    gate: number of a picture before which the network waits until there is a file `go` in the working directory
    fault, at: what the network does when it meets the picture whose number is `at`: raise, nan, shape, memory
    encoder: an encoder that passes for that of a graphics card
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn, ones

import img2img

KNOBS: dict[str, Any] = {}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = {"os.rename": 2, "os.link": 2, "os.remove": 1, "os.mkdir": 1, "os.rmdir": 1, "shutil.rmtree": 1}
"""Changes of folders, and of how many names each is."""


class FilmConfig(img2img.ModelConfig):
    time: str = ""
    """What the translator knows of other frames: "window", "memory", or nothing."""


class Film(nn.Module):
    """Darkens by a tenth: the very same bits whatever the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(ones(1))
        self.met = 0

    def forward(self, images: Tensor) -> Tensor:
        note("batches", str(len(images)))
        while self.met + len(images) >= KNOBS.get("gate", sys.maxsize) and not Path("go").exists():
            time.sleep(0.002)
        if KNOBS.get("delay"):
            time.sleep(KNOBS["delay"] * len(images))
        result = 0.9 * self.one * images
        self.met += len(images)
        if "fault" not in KNOBS or not self.met - len(images) < KNOBS["at"] <= self.met:
            return result
        if KNOBS["fault"] == "raise":
            raise ValueError("no idea")
        if KNOBS["fault"] == "memory" and len(images) > 1:
            self.met -= len(images)
            raise torch.OutOfMemoryError("out of memory")
        if KNOBS["fault"] == "nan":
            result[-1, 0, 0, 0] = float("nan")
        return result[..., 1:] if KNOBS["fault"] == "shape" else result


class Looking(img2img.Translator):
    """Darkens the mean of three frames."""

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return super().__call__(images.mean(1), **conditions)


class Recalling(img2img.Translator):
    """Darkens the mean of a frame and of the result before it."""

    last: Tensor | None = None

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        mixed = images if self.last is None else (images + self.last) / 2
        self.last = super().__call__(mixed, **conditions)
        return self.last

    def begin(self) -> None:
        self.last = None

    def state(self) -> dict[str, Tensor]:
        return {} if self.last is None else {"last": self.last}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.last = state["last"]


class Family(img2img.ModelFamily[FilmConfig, Any]):
    name, summary, config_class = "film", "changes little", FilmConfig
    training_class = dataset = trainer = None

    def build_generator(self, config: FilmConfig) -> nn.Module:
        return Film()

    def translator(self, config: FilmConfig, generator: nn.Module) -> img2img.Translator:
        if config.time == "window":
            return Looking(generator, img2img.Traits(tiling="exact", window=(1, 1)))
        if config.time == "memory":
            return Recalling(generator, img2img.Traits(remembers=True))
        return img2img.Translator(generator, img2img.Traits(tiling="exact"))


@img2img.hookimpl
def register_models(register: Callable[[Any], None]) -> None:
    register(Family())
    path = Path("sabotage.json")
    if path.exists():
        KNOBS.update(json.loads(path.read_text("ascii")))
        sabotage()


@img2img.hookimpl
def frame_translated(done: int) -> None:
    note("frames", str(done))
    if number := KNOBS.get("signals", {}).get(str(done)):
        os.kill(os.getpid(), number)


def sabotage() -> None:
    from img2img.media.video import encoders, muxing
    from img2img.translation import clip_pipeline, clip_state

    if "segment" in KNOBS:
        assert clip_state.SEGMENT == clip_pipeline.SEGMENT  # type: ignore[attr-defined]
        clip_state.SEGMENT = clip_pipeline.SEGMENT = KNOBS["segment"]  # type: ignore[attr-defined]
    if "encoder" in KNOBS:
        encoders.CODECS["h264"] = ("libx264", KNOBS["encoder"])
    if "watched" in KNOBS:
        sys.addaudithook(audit)
        muxing.read_packets = counted(muxing.read_packets)  # type: ignore[attr-defined]


def audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Called just before the interpreter does something."""
    if event in CHANGES:
        names = [os.fsdecode(name) for name in arguments[: CHANGES[event]]]
        folders = arguments[-len(names) :]
        paths = [where(name, folder) for name, folder in zip(names, folders, strict=True)]
    elif event == "open" and (arguments[2] or 0) & WRITES and not isinstance(arguments[0], int):
        in_a_folder = arguments[2] & os.O_NOFOLLOW  # whose descriptor the event does not tell
        paths = [where(os.fsdecode(arguments[0]), KNOBS["watched"] if in_a_folder else -1)]
    else:
        return
    if paths[0].startswith(KNOBS["watched"]):
        step(" ".join([event, *paths]))


def where(name: str, folder: int | str) -> str:
    """The path of a name in an open folder; -1 stands for the working directory."""
    if folder == -1:
        folder = str(Path.cwd())
    return os.path.join(folder if isinstance(folder, str) else os.readlink(f"/proc/self/fd/{folder}"), name)  # noqa: PTH115, PTH118


def counted(packets: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    def counted(*arguments: Any) -> Iterator[Any]:
        for count, packet in enumerate(packets(*arguments)):
            if count % 8 == 4:
                step("mux")
            yield packet

    return counted


def step(what: str) -> None:
    KNOBS["step"] = KNOBS.get("step", 0) + 1
    if KNOBS["step"] == KNOBS.get("kill_at") or ("kill_before" in KNOBS and KNOBS["kill_before"] in what):
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
    note("steps", what)


def note(where: str, line: str) -> None:
    if where in KNOBS:
        descriptor = os.open(KNOBS[where], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.write(descriptor, f"{line}\n".encode())
        os.close(descriptor)
