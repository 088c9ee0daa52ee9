"""This script opens and runs an ONNX file in a process of its own, with limits of memory and time; `trial` starts it.

It imports nothing of img2img and no torch, so that it starts quickly. It reads a line of JSON with its settings, then
the file, then a line of JSON with shapes for each run; and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

ANSWERS = 1
"""The descriptor that `trial` reads: this process has no terminal."""


def main() -> None:
    """Open the file, and run it on images of each shape that is asked for."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # onnxruntime would not let Python heed it
    source = sys.stdin.buffer
    settings = json.loads(source.readline())
    sys.path[:] = settings["modules"]
    data = source.read(settings["size"])
    import numpy as np
    import onnxruntime

    _limit(settings["memory"], settings["seconds"])

    def opened() -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = settings["threads"], 1
        options.log_severity_level = 4
        return onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"])

    session = _answer(opened, lambda session: True)
    while session is not None and (line := source.readline()):
        names = [value.name for value in session.get_inputs()]
        values = [np.full(shape, 0.5, np.float32) for shape in json.loads(line)]

        def run(names: Any = names, values: Any = values) -> Any:
            return session.run(None, dict(zip(names, values, strict=True)))[0]

        _answer(run, lambda result: list(result.shape) if result.dtype.kind == "f" else [])


def _answer(task: Any, describe: Any) -> Any:
    """Do a task, and write a line with what there is to say of its result, or with its error."""
    result = None
    try:
        result = task()
        said = {"done": describe(result)}
    except Exception as error:  # the errors of onnxruntime have no common type
        said = {"error": str(error)[:2000]}
    with os.fdopen(ANSWERS, "wb", closefd=False) as answers:
        answers.write(json.dumps(said).encode() + b"\n")
    return result


def _limit(memory: int, seconds: int) -> None:
    """Limit the bytes of further memory and the seconds of computing, where the system can."""
    try:
        import resource

        until = int(sum(os.times()[:2])) + 1 + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (until, until + 1))
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + memory, used + memory))
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    main()
