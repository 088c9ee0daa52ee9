"""Trainings in processes that can be killed: `python children.py` imports everything once and forks for each job.

A job is a line of JSON on standard input; the answer is the child's process id, and a second line when it has ended:
0, or the signal that killed it. Until the next job the dead child keeps its process id, so that nobody else is killed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

PRELOADED = (
    *("torch._dynamo", "safetensors.torch", "numpy.ctypeslib", "img2img_srgan.trainer", "img2img_srgan.family"),
    *("img2img.training.loop", "img2img.datasets", "img2img.media.image.decode", "img2img.media.image.encode"),
)
"""What each child would import anew; torch loads the first when the first optimiser is made."""

CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "shutil.rmtree"}


def serve() -> None:
    for module in PRELOADED:
        import_module(module)
    last = 0
    for line in sys.stdin:
        if last:
            os.waitpid(last, 0)
        child = os.fork()
        if child == 0:
            run(json.loads(line))
        print(child, flush=True)
        ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        print(ended.si_status, flush=True)
        last = child
    os._exit(0)  # at once: nothing here needs tidying


def run(job: dict[str, Any]) -> None:
    """Train as the job says, write what came of it into the file `answer`, and leave."""
    import logging

    import img2img

    warnings: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: warnings.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("img2img").addHandler(handler)
    host = img2img.PluginHost.discover(strict=True)
    error: BaseException | None = None
    try:
        if "largest_file" in job:
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest_file"], resource.RLIM_INFINITY))
        if "dies_at_change" in job:
            die_at_change(job["dies_at_change"])
        if "worker_dies_at_step" in job:
            host.add_observer(WorkerKiller(job["worker_dies_at_step"]))
        settings = job["train"]
        values = {
            "compute": img2img.Compute(**settings["compute"]),
            "intervals": img2img.Intervals(**settings["intervals"]),
        }
        img2img.train("srgan", host=host, **settings | values)
    except Exception as raised:
        error = raised
    answer = {"error": type(error).__name__ if error else "", "message": str(error or ""), "warnings": warnings}
    Path(job["answer"]).write_text(json.dumps(answer))
    os._exit(0)


def die_at_change(count: int) -> None:
    """Kill this process just before it changes a file system for the n-th time."""
    left = count

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in CHANGES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


class WorkerKiller:
    """Kills the processes that read data when a step is logged."""

    def __init__(self, step: int) -> None:
        from img2img import hookimpl

        self.at = step
        type(self).training_stepped = hookimpl(type(self).training_stepped)  # type: ignore[method-assign]

    def training_stepped(self, step: int) -> None:
        if step == self.at:
            for worker in multiprocessing.active_children():
                worker.kill()


if __name__ == "__main__":
    serve()
