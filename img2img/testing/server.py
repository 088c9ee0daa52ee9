"""Lends a check its processes: each promise is checked in one of its own, and what ends that one is found out.

    python -P -m img2img.testing.server SETTINGS

The program reads requests from its input, a line of JSON each, and prints an answer to each. It never imports the
plugin itself where it can fork: each request is served by a fork, which starts in a moment with torch loaded.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from img2img.testing.endings import how_it_ended, read_stack
from img2img.testing.lines import describe, line_of_stack

Answer = dict[str, Any]

MARGIN = 2.0
"""Seconds after the time of a promise before its process is ended; meanwhile Python writes down where it is."""
GRACE = 30.0
"""Seconds after that in which Python may still do so."""
LONGEST_IMPORT = 120.0
"""Seconds for the import of the plugin, which a time for each promise does not shorten."""


def main(settings: dict[str, Any]) -> None:
    """Serve one check until the input ends, and remove its folder.

    Args:
        settings: `name`, `options`, `data`, `limit`, `folder`, `path` and `forks`, as `Checker` makes them.
    """
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what a plugin prints must not get among the answers
    sys.path[:] = [str(Path(entry).absolute()) for entry in settings["path"] or sys.path]
    server = Server(Path(settings["folder"]), requests, answers, settings["forks"])
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, lambda number, frame: server.leave())
    server.serve(settings)


@dataclass
class Server:
    """The processes of one check."""

    folder: Path
    requests: int
    answers: int
    forks: bool
    seconds: float = LONGEST_IMPORT
    """The longest time for the current request."""
    found: dict[int, Any] = field(default_factory=dict)
    """What each subject has found out."""
    child: int = 0
    """The process that serves the current request."""
    foreign: list[str] = field(default_factory=list)
    left: bytes = b""
    writer: int = -1
    stack: Any = None
    """The file in which this process writes down where it is when it crashes or takes too long."""

    def serve(self, settings: dict[str, Any]) -> None:
        """Answer each request."""
        from img2img.errors import PluginError

        try:
            runner = _runner(settings)
        except PluginError as error:
            self._answer({"refused": str(error)})
            self.leave()
        _settle()
        while (request := self._request()) is not None:
            self.seconds = request.get("seconds", LONGEST_IMPORT)
            act = partial(_serve, runner, request, self.found, self.begin)
            answer = self.apart(act) if self.forks else self.here(act)
            if self.forks and "subjects" in answer:
                foreign = answer["foreign"]
                weighed = self.apart(partial(runner.weigh, foreign))
                answer["memory"] = weighed.get("memory", 0)
                if weighed.get("quiet"):
                    from img2img.testing.runner import import_quietly

                    import_quietly(foreign)
                    _settle()
            if "found" in answer:
                self.found[request["subject"]] = answer.pop("found")
            self._answer(answer)
        self.leave()

    def begin(self) -> None:
        """Let the time of a promise begin, once the plugin is imported."""
        if self.forks:
            os.write(self.writer, b" ")
        faulthandler.dump_traceback_later(self.seconds, file=self.stack)

    def here(self, act: Callable[[], Answer]) -> Answer:
        """Do something in this process, which may end by it; the check starts another one then."""
        return self._run(act, self.folder / "stack")

    def apart(self, act: Callable[[], Answer]) -> Answer:
        """Do something in a fork, and return its answer, or how it ended without one."""
        stack = Path(mkdtemp(dir=self.folder)) / "stack"
        reader, writer = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            self._child(act, stack, writer)
        os.close(writer)
        data, status = self._wait(reader)
        os.close(reader)
        if status is None and not data.strip():
            _await_stack(stack)
        self._end_child(wait=status is None)
        if data.endswith(b"\n"):
            answer: Answer = json.loads(data)
            return answer
        return {"ended": how_it_ended(status, self.seconds) + line_of_stack(read_stack(stack))}

    def leave(self) -> None:
        """End all processes and remove the folder."""
        self._end_child()
        shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)

    def _child(self, act: Callable[[], Answer], stack: Path, writer: int) -> None:
        leave = os._exit
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.close(self.requests)
            os.close(self.answers)
            own = os.getpid()
            self.writer = writer
            answer = json.dumps(self._run(act, stack))
            if os.getpid() == own:  # and no fork of the plugin's
                with os.fdopen(writer, "w", closefd=False) as file:
                    file.write(answer + "\n")
            leave(0)
        finally:
            leave(70)

    def _run(self, act: Callable[[], Answer], stack: Path) -> Answer:
        """Do something that may take for ever or crash; the file `stack` then tells where it was."""
        from img2img.errors import PluginError
        from img2img.testing.watch import noting_exits

        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who presses Ctrl-C ends the check, which ends this
        with stack.open("w") as file:

            def note(text: str) -> None:
                file.write(text)
                file.flush()

            self.stack = file
            faulthandler.enable(file)
            faulthandler.dump_traceback_later(LONGEST_IMPORT, file=file)
            try:
                with noting_exits(note):
                    return act()
            except PluginError as error:
                return {"refused": str(error)}
            except BaseException as error:  # what a plugin raises where no promise is checked
                return {"refused": describe(error)}
            finally:
                faulthandler.cancel_dump_traceback_later()
                faulthandler.disable()

    def _wait(self, reader: int) -> tuple[bytes, int | None]:
        """Return what a child answers, and its status where it has ended without an answer; leave if the check has."""
        data, deadline = b"", time.monotonic() + LONGEST_IMPORT + MARGIN
        while time.monotonic() < deadline:
            ready, _, _ = select.select([reader, *([] if self.left else [self.requests])], [], [], 0.1)
            if self.requests in ready:  # the next request comes after the answer, so that this is the end
                self.left = os.read(self.requests, 1)
                if not self.left:
                    self.leave()
            if reader in ready:
                chunk = os.read(reader, 1 << 16)
                if not data and chunk[:1] == b" ":
                    deadline = time.monotonic() + self.seconds + MARGIN
                data += chunk
                if data.endswith(b"\n"):
                    return data, None
                if not chunk:
                    return data, self._status(deadline)
            else:
                ended, status = os.waitpid(self.child, os.WNOHANG)
                if ended:  # and a process of its own holds the pipe
                    self.child = -self.child
                    return data, status
        return data, None

    def _status(self, deadline: float) -> int | None:
        while time.monotonic() < deadline:
            ended, status = os.waitpid(self.child, os.WNOHANG)
            if ended:
                self.child = -self.child
                return status
            time.sleep(0.01)
        return None

    def _end_child(self, *, wait: bool = True) -> None:
        """End the child and all that it has started."""
        child, self.child = self.child, 0
        if not child:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(abs(child), signal.SIGKILL)
        if child > 0 and wait:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def _request(self) -> Any:
        data, self.left = self.left, b""
        while not data.endswith(b"\n"):
            chunk = os.read(self.requests, 1 << 16)
            if not chunk:
                return None
            data += chunk
        return json.loads(data)

    def _answer(self, answer: Answer) -> None:
        data = json.dumps(answer).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self.answers, data) :]
        except BrokenPipeError:
            self.leave()


def _runner(settings: dict[str, Any]) -> Any:
    """Find the plugins; torch and what else the checks need is loaded by this."""
    import torch

    from img2img.host.host import PluginHost
    from img2img.testing.promise import Materials
    from img2img.testing.runner import Runner, find_plugins, import_ahead

    import_ahead()
    torch.set_num_threads(1)
    host = PluginHost.discover(strict=True, limit=settings["limit"])
    plugins = find_plugins(host, settings["name"])
    data = Path(settings["data"]) if settings["data"] else None
    return Runner(host, plugins, Materials(Path(settings["folder"]), host, settings["options"], data))


def _await_stack(path: Path) -> None:
    """Wait until a process that takes too long has written down where it is, which a busy machine delays."""
    deadline = time.monotonic() + GRACE
    outermost = (f"in {Server._run.__name__}\n", "  ...\n")  # long stacks are cut off
    while time.monotonic() < deadline and not any(frame in read_stack(path) for frame in outermost):
        time.sleep(0.1)


def _settle() -> None:
    """Keep the collector of garbage off what there is, since each fork would have to copy what it touches."""
    gc.collect()
    gc.freeze()


def _serve(runner: Any, request: dict[str, Any], found: dict[int, Any], begin: Callable[[], None]) -> Answer:
    if "stack" in request:
        return {"line": line_of_stack(request["stack"])}
    if "subject" not in request:
        return dict(runner.list())
    subject = request["subject"]
    runner.load()
    begin()
    return dict(runner.hold(subject, request["promise"], request["outcomes"], found.get(subject, {})))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
