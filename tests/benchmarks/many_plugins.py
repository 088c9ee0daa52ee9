"""What 50 installed plugins cost, of which 5 are broken and 5 take 3 seconds to import.

    python tests/benchmarks/many_plugins.py [--undeclared] [--rounds K]

For each command: its time with the built-ins alone, and with the 50, and the ratio of the two. Commands alternate, and
medians are compared. With --undeclared the metadata of the 50 do not say what they provide.
Exit status 0 if every target is met.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from bench import PROGRAM, ROOT, Table

COUNT, BROKEN, SLOW, SECONDS = 50, 5, 5, 3
FAMILY = """
import img2img

class Dummy(img2img.ModelFamily):
    name, summary = "{name}", "does nothing"
    config_class = training_class = dataset = build_generator = trainer = translator = None

@img2img.hookimpl
def register_models(register):
    register(Dummy())
"""


def install(site: Path, *, declared: bool) -> None:
    """Write the 50 distributions: dummy00 … dummy49."""
    for number in range(COUNT):
        name = f"dummy{number:02}"
        wrong = "import no_such_module\n" if number < BROKEN else ""
        slow = f"import time; time.sleep({SECONDS})\n" if number >= COUNT - SLOW else ""
        (site / f"img2img_{name}.py").write_text(wrong + slow + FAMILY.format(name=name))
        info = site / f"img2img_{name}-1.0.dist-info"
        info.mkdir()
        groups = ["img2img", *(["img2img.families"] if declared else [])]
        (info / "entry_points.txt").write_text("".join(f"[{group}]\n{name} = img2img_{name}\n" for group in groups))
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: img2img-{name}\nVersion: 1.0\nSummary: a dummy\n")


def run(words: Sequence[str | Path], site: Path | None) -> tuple[float, str]:
    """Seconds that a command takes, and what it prints."""
    environment = {**os.environ, **({"PYTHONPATH": str(site)} if site else {})}
    started = perf_counter()
    done = subprocess.run([PROGRAM, *words], env=environment, capture_output=True, text=True)
    seconds = perf_counter() - started
    if done.returncode:
        raise SystemExit(f"img2img {' '.join(map(str, words))}: {done.stderr}")
    return seconds, done.stdout


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--undeclared", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(words)
    table = Table()
    with tempfile.TemporaryDirectory(prefix="img2img-plugins-") as name:
        site = Path(name, "site")
        site.mkdir()
        install(site, declared=not options.undeclared)
        translate = ["translate", "photo-x2", ROOT / "samples" / "images" / "street.png", Path(name, "out.png")]
        commands = {
            "--help": ["--help"],
            "plugins": ["plugins"],
            "models": ["models"],
            "translate, one image": [*translate, "--overwrite"],
        }
        for label, command in commands.items():
            pairs = [(run(command, None)[0], run(command, site)[0]) for _ in range(options.rounds)]
            bare, full = (median(times) for times in zip(*pairs, strict=True))
            table.row(f"{label}: with the built-ins alone", bare, "s")
            most = SECONDS + 3 if label == "plugins" else None if options.undeclared else bare + 0.5
            table.row(f"{label}: with {COUNT} plugins beside them", full, "s", high=most)
            table.row(f"{label}: ratio", full / bare)
        print(run(["plugins"], site)[1])
    return 0 if table.good else 1


if __name__ == "__main__":
    sys.exit(main())
