"""Loads torch once and then forks one program after another, each a process of its own: the script behind `conftest`.

Reads orders from stdin and answers each, one JSON object a line: {"argv": …} starts a program and answers its pid;
{"wait": pid, "timeout": seconds} answers its exit status, negative for a signal, null (and kills it) after the timeout.
"""

from __future__ import annotations

import codecs
import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from typing import Any, NoReturn

import img2img.cli.translate  # this and the next, so that the forks find them loaded
import img2img.config
import img2img.media.image.decode
import img2img.media.image.encode
import img2img.translation.job

NOBODY = 65534


def start(order: dict[str, Any]) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        become(order)
    return pid


def become(order: dict[str, Any]) -> NoReturn:
    """Turn this fork into the program as a shell would have started it."""
    os.setsid()
    os.chdir(order["cwd"])
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(order["out"], flags), 1)
    terminal = order["err"].startswith("/dev/")  # becomes that of the new session
    os.dup2(os.open(order["err"], os.O_RDWR if terminal else flags), 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN if number in order["ignored"] else signal.SIG_DFL)
    if order["largest_file"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_file"], order["largest_file"]))
    if order["as_nobody"] and os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    sys.argv = ["img2img", *order["argv"]]
    try:
        img2img.cli.main()
    except SystemExit as ended:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(int(ended.code or 0))  # Python's own end, with torch loaded, takes longer than all the rest
    raise AssertionError("the program returned")


def wait(pid: int, timeout: float) -> int | None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


if __name__ == "__main__":
    codecs.lookup("ascii")  # which nobody might not be allowed to load
    for line in sys.stdin:
        asked = json.loads(line)
        answer = wait(asked["wait"], asked["timeout"]) if "wait" in asked else start(asked)
        print(json.dumps(answer), flush=True)
