"""Puts mutated files through every reader: images, animations, videos, models, options, journals.

    python -m tests.fuzz [--inputs 2000] [--seed 0] [--only NUMBER ...] [--keep FOLDER] [--photos FOLDER]

Each input is a sound file with one to three mutations, which its number and the seed decide. A reader must read it or
refuse it by a message. Exit status 0: no input made a reader crash, hang, run out of memory or raise anything else.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

from .mutations import mutated
from .readers import host, reader_of
from .seeds import write_photographs, write_seeds
from .trial import FAULTS, READ, REFUSED, Limits, Outcome, Trial


def inputs(seeds: list[Path], folder: Path, numbers: Iterable[int], seed: int) -> Iterator[tuple[int, Path]]:
    """Write one mutated file after the other, and remove each when the next is asked for."""
    for number in numbers:
        random = Random(f"{seed} {number}")
        source = seeds[number % len(seeds)]
        path = folder / source.name
        path.write_bytes(mutated(source.read_bytes(), random))
        yield number, path
        path.unlink()


def fuzz(seeds: list[Path], folder: Path, options: argparse.Namespace) -> Iterator[tuple[int, Path, Outcome]]:
    """Yield the number, the file and the outcome of each input."""
    trial = Trial(reader_of, Limits(options.seconds))
    numbers = options.only or range(options.inputs)
    try:
        for number, path in inputs(seeds, folder, numbers, options.seed):
            yield number, path, trial(path)
    finally:
        trial.close()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="+", help="the numbers of single inputs")
    parser.add_argument("--seconds", type=float, default=60, help="the longest time for one input")
    parser.add_argument("--keep", type=Path, help="a folder that gets each input which shows a fault")
    parser.add_argument("--photos", type=Path, help="a folder of photographs, of which parts become seeds, too")
    options = parser.parse_args(arguments)
    counts: Counter[tuple[str, str]] = Counter()
    with TemporaryDirectory() as folder:
        seeds, inputs = Path(folder) / "seeds", Path(folder) / "inputs"
        inputs.mkdir()
        write_seeds(seeds)
        if options.photos:
            write_photographs(seeds, options.photos, 8)
        host()  # so that the processes which read share the plugins
        for number, path, outcome in fuzz(sorted(seeds.iterdir()), inputs, options):
            counts[reader_of(path).__name__, outcome.verdict] += 1
            if outcome.verdict in FAULTS:
                print(f"input {number}, {path.name}: {outcome.verdict} after {outcome.seconds:.1f} s\n{outcome.detail}")
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / f"{number}-{path.name}").write_bytes(path.read_bytes())
    _print(counts)
    return 1 if any(verdict in FAULTS for _, verdict in counts) else 0


def _print(counts: Counter[tuple[str, str]]) -> None:
    verdicts = (READ, REFUSED, *FAULTS)
    print(f"{'':14}" + "".join(f"{verdict:>10}" for verdict in verdicts))
    for reader in sorted({reader for reader, _ in counts}):
        print(f"{reader:14}" + "".join(f"{counts[reader, verdict]:10}" for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
