"""What becomes of odd and damaged videos: made on the fly, translated by the program, looked at without our code.

    python tests/benchmarks/video_table.py

Columns: frames that the source holds and that the target holds; the largest difference between their times; how many
audio and subtitle streams have the same payload, by SHA-256, of how many; exit status; peak memory of the program.
The network changes nothing, so that the numbers that are drawn on the frames can be read in the target.
Exit status 0 if everything is as it must be.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from bench import PROGRAM, ROOT

sys.path.insert(0, str(ROOT))

from tests.video import clips, damage, look, same, special
from tests.video.clips import Subtitles, Tone

MIB = 1 << 20
BASE = Fraction(1, 600)
VARIABLE = [0, 20, 60, 61, 200, 201, 202, 400, 410, 430]
TWO = [Tone(), Tone("deu", pitch=660, title="Kommentar", default=False)]
LONG = 20_000

MEASURE = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


@dataclass(frozen=True)
class Case:
    """A source, how it is damaged, and what must come of it."""

    name: str
    file: str
    options: dict[str, Any] = field(default_factory=dict)
    target: str = "out.mp4"
    words: tuple[str, ...] = ()
    write: Callable[..., Path] = clips.write
    spoil: Callable[[Path], object] | None = None
    status: int = 0
    stopped: bool = False
    """Whether there must be no target."""
    lost: int = 0
    """Frames that may show the picture before them."""
    tolerance: Fraction = Fraction(0)
    """Seconds that a time may be off: what the target's container cannot tell apart."""


def cases() -> list[Case]:
    turned = [
        Case(f"turned by {degrees}", "in.mp4", {"rotation": degrees, "audio": [Tone()]})
        for degrees in (0, 90, 180, 270)
    ]
    fast = {"muxer": {"movflags": "+faststart"}, "audio": [Tone()], "frames": 60}
    vary = {"time_base": BASE, "times": VARIABLE}
    odd = {"size": (65, 49), "pix_fmt": "yuv444p"}
    millisecond, ultrafast = Fraction(1, 1000), ("--preset", "ultrafast")
    webm = {"codec": "libvpx", "audio": [Tone(codec="libopus")]}
    spoilt = {"spoil": damage.spoil, "status": 1, "lost": 2}
    return [
        Case("no audio", "in.mp4"),
        Case("two audio tracks", "in.mkv", {"audio": TWO}, "out.mkv"),
        Case("two audio tracks, to .mp4", "in.mkv", {"audio": TWO}),
        Case("two audio tracks, .mp4 to .mkv", "in.mp4", {"audio": TWO}, "out.mkv"),
        Case("subtitles, .mkv", "in.mkv", {"audio": TWO, "subtitles": [Subtitles("deu"), Subtitles()]}, "out.mkv"),
        Case("subtitles, .mp4", "in.mp4", {"audio": [Tone()], "subtitles": [Subtitles("deu")]}),
        Case("variable rate", "in.mp4", vary),
        Case("variable rate, to .mkv", "in.mp4", vary, "out.mkv", tolerance=millisecond),
        Case("variable rate, .mkv", "in.mkv", vary),
        *turned,
        Case("odd size", "in.mkv", odd),
        Case("odd size, yuv444p", "in.mkv", odd, words=("--pixel-format", "yuv444p")),
        Case("10 bits", "in.mkv", {"pix_fmt": "yuv420p10le", "colours": "pq"}),
        Case("start at 10 s", "in.mp4", {"start": 10, "audio": [Tone()]}),
        Case("start at 10 s, .ts", "in.ts", {"start": 10, "audio": [Tone(codec="ac3")]}),
        Case("truncated, .mp4", "in.mp4", fast, spoil=lambda path: damage.cut(path, 0.5), status=1),
        Case("truncated, .mkv", "in.mkv", {"audio": [Tone()]}, spoil=lambda path: damage.cut(path, 0.5), status=1),
        Case("truncated before its index", "in.mp4", spoil=lambda path: damage.cut(path, 0.7), status=1, stopped=True),
        Case("corrupt packet, .mp4", "in.mp4", {"audio": [Tone()]}, **spoilt),
        Case("corrupt packet, .mkv", "in.mkv", {"audio": [Tone()]}, **spoilt),
        Case("corrupt packet, .ts", "in.ts", {"audio": [Tone(codec="ac3")]}, **spoilt),
        Case("corrupt packet, .webm", "in.webm", webm, "out.webm", **spoilt),
        Case("resolution change", "in.mkv", write=special.growing, status=1, stopped=True),
        Case("2,000 tiny frames", "in.mp4", {"frames": LONG // 10}, words=ultrafast, write=special.long),
        Case("20,000 tiny frames", "in.mp4", {"frames": LONG}, words=ultrafast, write=special.long),
    ]  # fmt: skip


@dataclass
class Row:
    """What came of a case."""

    frames_in: int
    frames_out: int
    error: Fraction
    streams: int
    same: int
    status: int
    peak: int
    wrong: list[str]


def run(case: Case, model: Path, folder: Path) -> Row:
    folder.mkdir()
    source, target = folder / case.file, folder / case.target
    case.write(source, **case.options)
    truth = _numbers_and_times(source)
    if case.spoil is not None:
        case.spoil(source)
    if case.name.startswith("truncated"):
        truth = [] if case.stopped else [(frame.number, frame.time) for frame in look.decoded(source)[0]]
    words = [PROGRAM, "translate", model, source, target, *case.words]
    done = subprocess.run([sys.executable, "-c", MEASURE, *map(str, words)], capture_output=True, text=True)
    status, peak = map(int, done.stdout.split()[-2:])
    found = _numbers_and_times(target) if target.exists() else []
    streams = [] if case.stopped else look.packets(source)
    copies = look.packets(target) if target.exists() else []
    equal = sum(one.payload == two.payload for one, two in zip(streams, copies, strict=False))
    errors = [abs(Fraction(one or 0) - Fraction(two or 0)) for (_, one), (_, two) in zip(truth, found, strict=False)]
    row = Row(len(truth), len(found), max(errors, default=Fraction(0)), len(streams), equal, status, peak * 1024, [])
    _judge(row, case, target, [number for number, _ in truth], [number for number, _ in found])
    return row


def _judge(row: Row, case: Case, target: Path, drawn: list[int], seen: list[int]) -> None:
    """Note what is not as it must be."""

    def must(so: bool, words: str) -> None:
        row.wrong += [] if so else [words]

    must(row.status == case.status, f"exit status is not {case.status}")
    if case.stopped:
        must(not target.exists(), "there is a target")
        return
    must(row.frames_in == row.frames_out, "frames are missing or too many")
    must(row.error <= case.tolerance, "times are off")
    must(row.same == row.streams, "streams are missing or changed")
    wrong = sum(one != two for one, two in zip(drawn, seen, strict=False))
    must(wrong <= case.lost, f"{wrong} frames show something else")
    if target.exists():
        first = look.frames(target)[0] if row.frames_out < LONG // 10 else None
        if first is not None:
            must(first.matrix == look.IDENTITY and look.orientation(first.pixels) == (0, False), "it lies on its side")
        if "10 bits" in case.name:
            must("10" in (look.about(target).video.pix_fmt or ""), "10 bits became 8")


def _numbers_and_times(path: Path) -> list[tuple[int, Fraction | None]]:
    return [(frame.number, frame.time) for frame in look.frames(path)]


def main() -> int:
    good, peaks = True, {}
    print(f"{'fixture':30} {'in':>6} {'out':>6} {'error ms':>9} {'streams':>8} {'status':>6} {'MiB':>5}")
    with tempfile.TemporaryDirectory(prefix="img2img-table-") as name:
        folder = Path(name)
        os.environ["PYTHONPATH"] = str(same.install(folder / "site"))
        model = same.model(folder / "same.safetensors")
        for number, case in enumerate(cases()):
            row = run(case, model, folder / str(number))
            streams = f"{row.same}/{row.streams}" if row.streams else "-"
            error = "-" if case.stopped else f"{float(row.error * 1000):.3f}"
            verdict = f"  WRONG: {'; '.join(row.wrong)}" if row.wrong else ""
            print(
                f"{case.name:30} {row.frames_in or '-':>6} {row.frames_out or '-':>6} {error:>9} {streams:>8} "
                f"{row.status:>6} {row.peak / MIB:5.0f}{verdict}",
                flush=True,
            )
            good, peaks[case.name] = good and not row.wrong, row.peak
    growth = peaks["20,000 tiny frames"] / peaks["2,000 tiny frames"]
    print(f"peak memory of 20,000 frames over 2,000: {growth:.3f}{'' if growth < 1.25 else '  WRONG: it grows'}")
    return 0 if good and growth < 1.25 else 1


if __name__ == "__main__":
    sys.exit(main())
