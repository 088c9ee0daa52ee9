"""A disk that is full: the job ends at once with 3, and what is done stays."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_a_file_that_grows_too_large_ends_the_job_and_a_second_run_goes_on(
    program: Any, photos: Path, golden: Any, model: Callable[..., Path], tmp_path: Path, tree: Any, picture: Any
) -> None:
    folder = tmp_path / "in"
    shutil.copytree(photos, folder)
    for name in ("03-large.png", "06-large.png"):  # a batch of two
        (folder / name).write_bytes(picture(1, 64, 64))
    out, report = tmp_path / "out", tmp_path / "report.json"
    command = ("translate", model(delay=0), folder, out, "--batch-size", 2, "--report", report)
    stopped = program(*command, largest_file=9000)
    assert (stopped.status, stopped.out) == (3, "")
    assert "cannot be written" in stopped.err or "cannot write" in stopped.err
    assert "Traceback" not in stopped.err
    written = tree(out)
    assert written == {name: golden[name] for name in written}, "a file is half-written, or something is left over"
    assert len(written) < 24, "the job went on"
    counts = json.loads(report.read_text("ascii"))["counts"]
    assert counts == {"done": len(written), "damaged": 0, "skipped": 0, "failed": 0, "not_reached": 26 - len(written)}

    assert program(*command).status == 0
    assert {name: data for name, data in tree(out).items() if name in golden} == golden
    assert len(tree(out)) == 26


def namespaces_are_allowed() -> bool:
    if not shutil.which("unshare"):
        return False
    probe = ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs none /mnt"]
    return subprocess.run(probe, capture_output=True).returncode == 0


def test_a_disk_that_is_really_full_ends_the_job_with_3_and_leaves_whole_files(
    photos: Path, golden: Any, model: Callable[..., Path], environment: dict[str, str], tmp_path: Path, tree: Any
) -> None:
    if not namespaces_are_allowed():
        pytest.skip("this machine forbids a file system of one's own (unshare -Urm)")
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=64k none "$1" && { "$2" -m img2img translate "$3" "$4" "$1/out" --batch-size 2; '
        'status=$?; rm -f "$1/out/.img2img/journal.jsonl"; cp -r "$1/out" "$5"; exit $status; }'
    )
    words = ["sh", disk, sys.executable, model(delay=0), photos, copy]
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 3, done.stderr
    assert "the disk is full: free some space and run again" in done.stderr or "No space left" in done.stderr
    written = tree(copy)
    assert written == {name: golden[name] for name in written}
    assert len(written) < 24
