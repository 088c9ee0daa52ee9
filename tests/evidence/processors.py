"""Evidence that the tests pass whatever the processor, the number of threads and the load of the machine.

    python tests/evidence/processors.py [--only NAME ...] [ARGUMENT OF PYTEST ...]

Torch and oneDNN choose their kernels by the instructions of the processor, and each kernel rounds differently. Two
variables of the environment make them choose as on an older processor. The script runs the tests under each setting
and prints a row for it. Exit status 0: all are green. It takes about seven minutes a setting on two cores.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[2]
BUSY = "two busy processes"
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "this processor": {},
    "ATen default, oneDNN AVX2": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "ATen avx2, oneDNN AVX512_CORE": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "ATen avx512, two threads": {"ATEN_CPU_CAPABILITY": "avx512", "OMP_NUM_THREADS": "2"},
    BUSY: {},
}


@contextmanager
def load(count: int) -> Iterator[None]:
    """Keep `count` processes busy while the block runs."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def tested(name: str, arguments: list[str]) -> bool:
    """Run the tests under a setting, print its row, and what pytest says of failures."""
    command = [sys.executable, "-m", "pytest", "-n", "auto", "-q", "-p", "no:cacheprovider", *arguments]
    started = perf_counter()
    with load(2 if name == BUSY else 0):
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **SETTINGS[name]}, capture_output=True, text=True, check=False
        )
    minutes, seconds = divmod(round(perf_counter() - started), 60)
    summary = re.sub(r" in [\d.]+s.*", "", done.stdout.strip().splitlines()[-1])
    print(f"{name:30} {minutes:3}:{seconds:02}  {summary}", flush=True)
    if done.returncode:
        print("\n".join(line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))), flush=True)
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", choices=SETTINGS, default=SETTINGS, metavar="NAME", help=", ".join(SETTINGS)
    )
    options, arguments = parser.parse_known_args()
    results = [tested(name, arguments) for name in options.only]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
