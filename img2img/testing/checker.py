"""Has each promise of a plugin checked in a process of its own; this side never imports the plugin, and no torch."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from img2img.errors import PluginError
from img2img.testing.endings import how_it_ended, read_stack
from img2img.testing.outcome import Outcome, State
from img2img.testing.server import LONGEST_IMPORT, MARGIN

SECONDS = 600.0
"""The longest time for the check of one promise, which a slow machine or large networks may need."""
LIMIT = 64 << 20
"""The number of bytes that the import of a plugin may take beyond those of what it imports."""
FORKS = hasattr(os, "fork") and sys.platform != "darwin"  # whose frameworks do not survive a fork
WATCHES = {
    "running": ("nothing is left running", "{} is left running"),
    "printed": ("nothing is printed to the standard output", "{} is printed; log it instead, by logging"),
    "settings": ("no setting of the process is left changed", "{} is changed"),
    "replaced": ("no function of others is replaced", "{} is replaced"),
    "files": ("no file is left in the working directory", "the file {} is left"),
}
"""What is watched during all checks of a thing: the promise, and what is said where it is broken."""
MEMORY = "its import takes little memory"
GROUP = "process"


@dataclass
class Check:
    """A promise of one thing that is going to be checked."""

    subject: Checked
    group: str
    sentence: str
    rests_on: list[int] = field(default_factory=list)
    watch: str = ""
    """The key in `WATCHES`, or `memory`; empty for a promise of the thing's kind."""


@dataclass
class Checked:
    """One thing that a plugin provides, with what has come of its checks."""

    title: str
    number: int
    plugin: int | None
    """The number of the plugin if the thing is its package."""
    checks: list[Check] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    traces: dict[int, Mapping[str, list[str]]] = field(default_factory=dict)


class Checker:
    """Checks the plugins of one name; `close` ends its processes and removes its files.

    Args:
        name: The name of an installed plugin, or of a distribution, which may have several.
        options: Options of the families' trainings, which override those that the families themselves call `small`.
        data: Folder of training data; drawn pictures in a usual layout by default.
        limit: Names of the plugins that may be used, separated by commas; None means all.
        seconds: The longest time for the check of one promise.
        variables: Environment variables of the processes in which the plugin runs.
        forks: Whether each promise is checked in a fork; else in one process, which is replaced where it ends.

    Raises:
        PluginError: There is no such plugin, or it cannot be loaded.
    """

    def __init__(
        self,
        name: str,
        *,
        options: Mapping[str, Any] | None = None,
        data: str | Path | None = None,
        limit: str | None = None,
        seconds: float = SECONDS,
        variables: Mapping[str, str] | None = None,
        forks: bool = FORKS,
    ) -> None:
        self.seconds, self._variables = seconds, variables
        self._folder = TemporaryDirectory(prefix="img2img-check-", ignore_cleanup_errors=True)
        self._settings = {
            "name": name, "options": dict(options or {}), "data": data and str(Path(data).absolute()), "limit": limit,
            "folder": self._folder.name, "path": [] if variables else sys.path, "forks": forks,
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        try:
            listed = self._ask({})
            if "subjects" not in listed:
                raise PluginError(listed.get("refused") or f"the plugin {name} cannot be used; {listed['ended']}")
        except BaseException:
            self.close()
            raise
        self._imports, self._memory = listed["imports"], listed.get("memory", 0)
        self.subjects = [_checked(number, row) for number, row in enumerate(listed["subjects"])]

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the outcome of each check as soon as it is known."""
        for subject in self.subjects:
            for check in subject.checks:
                yield self.outcome(check)

    def outcome(self, check: Check) -> Outcome:
        """Return the outcome of a check, which is done only once."""
        subject = check.subject
        number = subject.checks.index(check)
        if number not in subject.outcomes:
            for other in check.rests_on:
                self.outcome(subject.checks[other])  # its time is counted for itself
            subject.outcomes[number] = self._watched(check) if check.watch else self._held(check, number)
        return subject.outcomes[number]

    def close(self) -> None:
        """End all processes of the check, and remove its files."""
        if self._process:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            self._process.kill()
            self._process.wait()
            self._close_pipes()
            self._process = None
        self._folder.cleanup()

    def _close_pipes(self) -> None:
        assert self._process
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what could not be sent any more
                assert pipe
                pipe.close()

    def _held(self, check: Check, number: int) -> Outcome:
        subject = check.subject
        known = {key: (outcome.state, outcome.detail) for key, outcome in subject.outcomes.items()}
        request = {"subject": subject.number, "promise": number, "outcomes": known, "seconds": self.seconds}
        answer = self._ask(request)
        if "outcome" not in answer:
            return _outcome(check, "broken", answer.get("refused") or answer["ended"])
        subject.traces[number] = answer["traces"]
        return Outcome(**answer["outcome"])

    def _watched(self, check: Check) -> Outcome:
        """Decide what was watched during the import of a package, or during the checks of anything else."""
        subject = check.subject
        if check.watch == "memory":
            detail = (
                f"it takes {self._memory >> 20} MiB, without the modules of others that it imports, and at most "
                f"{LIMIT >> 20} MiB are taken for granted; make large things when they are needed first"
            )
            return _outcome(check, "broken" if self._memory > LIMIT else "ok", detail if self._memory > LIMIT else "")
        places = {"it is imported": self._imports[subject.plugin]} if subject.plugin is not None else {}
        places |= {f"{subject.checks[key].sentence!r} is checked": traces for key, traces in subject.traces.items()}
        ignored = {what for traces in self._imports for what in traces["replaced"] if subject.plugin is None}
        found: dict[str, list[str]] = {}
        for place, traces in places.items():
            for what in traces[check.watch]:
                if what in ignored:  # it is reported of the import
                    continue
                found.setdefault(what, []).append(place)
        if not found:
            return _outcome(check, "ok", "")
        said = WATCHES[check.watch][1]
        lines = [f"{said.format(what)}, when {_in_words(where)}" for what, where in found.items()]
        return _outcome(check, "broken", "\n".join(lines[:5]))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a request, or how the process ended that was to give one."""
        if self._process is None or self._process.poll() is not None:
            self._start()
            if request and not self._settings["forks"]:
                self._ask({})  # its time is not that of the promise
        assert self._process
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        try:
            line = self._answers.get(timeout=self._patience(request))
        except queue.Empty:
            line = None
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        return {"ended": self._explain(late=line is None)}

    def _patience(self, request: Mapping[str, Any]) -> float | None:
        """Return how long an answer may take; a process that forks watches the time itself."""
        return None if self._settings["forks"] else request.get("seconds", LONGEST_IMPORT) + MARGIN

    def _explain(self, *, late: bool) -> str:
        """Return how the process ended that was to give an answer, and at which line of the plugin."""
        assert self._process
        if late:
            self._process.kill()
        code = self._process.wait()
        self._close_pipes()
        stack = read_stack(Path(self._folder.name, "stack"))
        status = None if late else -code if code < 0 else code << 8
        text = how_it_ended(status, self.seconds)
        return text + str(self._ask({"stack": stack}).get("line", "")) if stack else text

    def _start(self) -> None:
        """Start the process that checks, or that lends its forks for it, out of the reach of the terminal's Ctrl-C."""
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        folder = self._folder.name  # where what libraries and the plugin leave is removed
        self._process = process = subprocess.Popen(
            [sys.executable, "-P", "-m", "img2img.testing.server", json.dumps(self._settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**(self._variables or os.environ), "TMPDIR": folder, "TORCHINDUCTOR_CACHE_DIR": folder},
            **apart,
        )
        self._answers: queue.Queue[bytes] = queue.Queue()
        answers = self._answers

        def read() -> None:
            """Pass each answer on; an empty one is the end."""
            assert process.stdout
            for line in process.stdout:
                answers.put(line)
            answers.put(b"")

        threading.Thread(target=read, daemon=True).start()


def _checked(number: int, row: Mapping[str, Any]) -> Checked:
    subject = Checked(row["title"], number, row["plugin"])
    subject.checks = [Check(subject, group, sentence, rests_on) for group, sentence, rests_on in row["promises"]]
    before = [] if subject.plugin is not None else list(range(len(subject.checks)))
    subject.checks += [Check(subject, GROUP, sentence, before, key) for key, (sentence, _) in WATCHES.items()]
    if subject.plugin is not None:
        subject.checks.append(Check(subject, GROUP, MEMORY, watch="memory"))
    return subject


def _outcome(check: Check, state: State, detail: str) -> Outcome:
    return Outcome(check.subject.title, check.group, check.sentence, state, detail)


def _in_words(places: list[str]) -> str:
    more = len(places) - 1
    return f"{places[0]}{f', and at {more} other checks' if more else ''}"
