"""The exit status is decided outside of the process in which strangers' plugins run: a plugin's command, in programs
of their own, ends in every way there is."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from img2img.cli.supervision import supervise
from img2img.host.declarations import Plugin

Install = Callable[..., str]
Start = Callable[..., "subprocess.Popen[str]"]

WORK = """
    import click, img2img

    @click.command("work")
    @click.argument("code")
    def work(code):
        "Execute CODE."
        exec(code, {"__name__": "work"})

    @img2img.hookimpl
    def register_commands(register):
        register(work)
"""
LISTEN = """
import os, signal, time
got = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: got.append(number))
print("ready", os.getpid(), flush=True)
until = time.monotonic() + 120
while not got and time.monotonic() < until:
    time.sleep(0.01)
time.sleep(1)
print(*map(int, got), flush=True)
"""
SLEEP = "import os, time\nprint('ready', os.getpid(), flush=True)\ntime.sleep(120)"

DEATHS = {
    "os._exit(0)": ("import os; os._exit(0)", "ended itself with status 0"),
    "os._exit(0) in a thread": (
        "import os, threading, time; threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(60)",
        "ended itself with status 0",
    ),
    "another program": (
        "import os, sys; os.execv(sys.executable, [sys.executable, '-c', ''])",
        "ended itself with status 0",
    ),
    "SIGKILL": ("import os; os.kill(os.getpid(), 9)", "was killed by signal 9 (SIGKILL)"),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "was killed by signal 11 (SIGSEGV)"),
    "an abort": ("import os; os.abort()", "was killed by signal 6 (SIGABRT)"),
    "a fork that goes on, and an end": ("import os; os.fork() and os._exit(0)", "ended itself with status 0"),
}
ENDINGS = {
    "nothing": ("", 0),
    "click's Exit": ("import click; raise click.exceptions.Exit(5)", 5),
    "a usage error": ("import img2img; raise img2img.UsageError('no')", 2),
    "an error that says 0": ("import img2img; raise type('E', (img2img.Img2ImgError,), {'exit_code': 0})('no')", 3),
    "an error of click that says 0": (
        "import click; raise type('E', (click.ClickException,), {'exit_code': 0})('')",
        3,
    ),
    "sys.exit(0)": ("import sys; sys.exit(0)", 3),
    "no Exception": ("raise type('Panic', (BaseException,), {})", 3),
    "a replaced sys.exit": ("import sys; sys.exit = print; 1 / 0", 3),
    "a late os._exit(0)": ("import atexit, os; atexit.register(os._exit, 0); 1 / 0", 3),
    "Ctrl-C that nobody pressed": ("raise KeyboardInterrupt", 130),
}


@pytest.fixture(autouse=True)
def _nothing_is_ignored() -> Iterator[None]:
    """Let programs heed all signals, also where the tests were started by `nohup` or in the background."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def start(install: Install, tmp_path: Path) -> Start:
    install("img2img-hard", WORK, commands="work")
    variables = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}

    def start(code: str, **options: object) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "img2img", "work", code]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(words, env=variables, text=True, **streams)

    return start


def worker(running: subprocess.Popen[str]) -> int:
    """The number of the process that does the work, when it is at it."""
    assert running.stdout
    word, number = running.stdout.readline().split()
    assert word == "ready"
    return int(number)


def test_work_that_dies_ends_with_3_and_a_message_that_names_the_plugins(start: Start) -> None:
    for running, (_, how) in [(start(code), (code, how)) for code, how in DEATHS.values()]:
        _, said = running.communicate(timeout=300)
        assert running.returncode == 3
        assert f"error: the process that did the work {how}" in said
        assert "hard (img2img-hard 1.0)" in said
        assert "--plugins" in said


def test_work_that_ends_by_itself_has_the_status_that_it_says(start: Start) -> None:
    running = {way: start(code) for way, (code, _) in ENDINGS.items()}
    said = {way: process.communicate(timeout=300)[1] for way, process in running.items()}
    assert {way: process.returncode for way, process in running.items()} == {w: s for w, (_, s) in ENDINGS.items()}
    assert not any("the process that did the work" in text for text in said.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_work_once_whoever_of_the_two_processes_it_was_sent_to(number: int, start: Start) -> None:
    alone, both = start(LISTEN, process_group=0), start(LISTEN, process_group=0)
    assert worker(alone) != alone.pid
    os.kill(alone.pid, number)
    worker(both)
    os.killpg(both.pid, number)
    for running in (alone, both):
        assert (running.communicate(timeout=300), running.returncode) == ((f"{int(number)}\n", ""), 0)


def test_a_second_signal_to_the_program_alone_reaches_the_work_too(start: Start) -> None:
    code = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: print('got', 0, flush=True))\n" + SLEEP
    running = start(code)
    worker(running)
    assert running.stdout
    for _ in range(3):
        running.terminate()
        assert running.stdout.readline() == "got 0\n"
    running.kill()
    running.communicate(timeout=60)


def test_a_signal_that_ends_the_work_ends_the_program_as_if_there_were_one_process(start: Start) -> None:
    running = start(SLEEP)
    worker(running)
    os.kill(running.pid, signal.SIGTERM)
    assert running.communicate(timeout=300) == ("", "")
    assert running.returncode == -signal.SIGTERM


def test_ctrl_c_on_a_terminal_reaches_the_work_once(start: Start) -> None:
    master, slave = pty.openpty()

    def own_terminal() -> None:
        os.setsid()
        os.close(os.open(os.ttyname(slave), os.O_RDWR))

    running = start(LISTEN, stdin=slave, preexec_fn=own_terminal)
    worker(running)
    os.write(master, b"\x03")
    assert (running.communicate(timeout=300), running.returncode) == (("2\n", ""), 0)
    os.close(slave)
    os.close(master)


def test_work_does_not_outlive_a_program_that_is_killed(start: Start) -> None:
    running = start(SLEEP)
    worker(running)
    running.kill()
    running.communicate(timeout=60)  # until both have closed their output


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's table of processes")
def test_a_program_that_is_stopped_and_goes_on_takes_its_work_along(start: Start) -> None:
    def state(process: int) -> str:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]

    def wait_until(stopped: bool) -> None:
        deadline = time.monotonic() + 60
        while {state(process) == "T" for process in processes} != {stopped}:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    running = start(SLEEP, process_group=0)
    processes = (running.pid, worker(running))
    for _ in range(2):
        os.kill(running.pid, signal.SIGTSTP)
        wait_until(stopped=True)
        os.kill(running.pid, signal.SIGCONT)
        wait_until(stopped=False)
    running.terminate()
    running.communicate(timeout=60)


def test_nothing_is_forked_for_built_in_and_blocked_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    plugins = [Plugin("srgan", "img2img-runtime", "1"), Plugin("other", "img2img-other", "1", state="blocked")]
    supervise(plugins)
