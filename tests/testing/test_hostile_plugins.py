"""Hostile plugins: whatever they do to the process that checks them, a promise is broken, and their line is named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from img2img.errors import PluginError
from img2img.testing.checker import Checker
from img2img.testing.outcome import Outcome
from img2img.testing.project import installed_as

from .hostile import AT_IMPORT, DEADLY, LEAVING, write_project

PATIENCE = 300
"""Seconds after which a test gives up waiting, even on a busy machine."""
SHAPE = "frames keep their shape and type"
RUNNING, PRINTED = "nothing is left running", "nothing is printed to the standard output"
SETTINGS, REPLACED = "no setting of the process is left changed", "no function of others is replaced"
FILES, MEMORY = "no file is left in the working directory", "its import takes little memory"

ENDINGS = {
    "leaves": "it ends the process, with status 0 (img2img_hostile.py, line {}: os._exit(0))",
    "crashes": "it crashes: the process was ended by SIGSEGV (img2img_hostile.py, line {}: ctypes.string_at(0))",
    "interrupts": "KeyboardInterrupt (img2img_hostile.py, line {}: raise KeyboardInterrupt)",
    "quits": "SystemExit: 0 (img2img_hostile.py, line {}: sys.exit(0))",
    "panics": "Panic: at line 3 (img2img_hostile.py, line {}: raise type(",
    "kills": "it crashes: the process was ended by SIGKILL",
    "aborts": "it crashes: the process was ended by SIGABRT (img2img_hostile.py, line {}: os.abort())",
    "forks": "it ends the process, with status 0 (img2img_hostile.py, line {}: os.fork() and os._exit(0))",
    "closes": "it ends the process, with status 0",
    "raises": "ValueError: cannot reshape array of size 3 into shape (2,2) (img2img_hostile.py, line {}: numpy.zeros",
    "loops": "it takes longer than 2 s (img2img_hostile.py, line {}: while True: pass)",
}
LEFT = {
    "threads": (RUNNING, "the thread 'reader' is left running, when 'what is none of its files is refused'"),
    "processes": (RUNNING, "-c import time; time.sleep(60)' is left running"),
    "prints": (PRINTED, "'loading\\nfrom below' is printed"),
    "writes": (FILES, "the file cache.bin is left"),
    "dtype": (SETTINGS, "torch's default dtype is changed"),
    "torch_threads": (SETTINGS, "torch's number of threads is changed"),
    "gradients": (SETTINGS, "torch's gradient mode is changed"),
    "folder": (SETTINGS, "the working directory is changed"),
    "language": (SETTINGS, "the locale is changed"),
    "signal_handlers": (SETTINGS, "the signal handlers is changed"),
    "warning_filters": (SETTINGS, "the filters of warnings is changed"),
    "environment": (SETTINGS, "the environment variables is changed"),
    "path": (SETTINGS, "sys.path is changed"),
    "python_seed": (SETTINGS, "the random numbers of random is changed"),
    "numpy_seed": (SETTINGS, "the random numbers of numpy.random is changed"),
    "torch_seed": (SETTINGS, "the random numbers of torch, by a seed is changed"),
    "patches_core": (REPLACED, "img2img.nn.sizes.fitting, by <lambda> (img2img_hostile.py, line "),
    "patches_torch": (REPLACED, "torch.nn.modules.module.Module.eval, by <lambda> (img2img_hostile.py, line "),
    "patches_builtins": (REPLACED, "builtins.open, by <lambda> (img2img_hostile.py, line "),
}
IMPORTED = {
    RUNNING: "the thread 'importing' is left running, when it is imported",
    PRINTED: "'hello from the import' is printed; log it instead, by logging, when it is imported",
    SETTINGS: "torch's default dtype is changed, when it is imported",
    REPLACED: "img2img.nn.sizes.translate_any_size, by forged (img2img_hostile.py, line ",
    FILES: "the file left.txt is left, when it is imported",
    MEMORY: "MiB, without the modules of others that it imports, and at most 64 MiB",
}
AT_ONCE = {
    "os._exit(0)": "it ends the process, with status 0 (img2img_hostile.py, line 8: os._exit(0))",
    "raise KeyboardInterrupt": "KeyboardInterrupt (img2img_hostile.py, line 8: raise KeyboardInterrupt)",
    "ctypes.string_at(0)": "it crashes: the process was ended by SIGSEGV (img2img_hostile.py, line 8: ctypes",
}


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checker]:
    """The check of the whole plugin, with one process that lends its forks to all tests."""
    with ExitStack() as stack:
        root = write_project(tmp_path_factory.mktemp("hostile"), AT_IMPORT)
        variables = stack.enter_context(installed_as(root))
        yield stack.enter_context(Checker("hostile", variables=variables))


def outcome(checker: Checker, title: str, sentence: str) -> Outcome:
    (check,) = [
        check for one in checker.subjects if one.title == title for check in one.checks if check.sentence == sentence
    ]
    return checker.outcome(check)


@pytest.mark.parametrize("name", DEADLY)
def test_a_method_that_ends_the_process_breaks_the_promise_and_its_line_is_shown(
    name: str, checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome(checker, f"filter {name}", "it works with the defaults of its options")
    if name == "loops":
        monkeypatch.setattr(checker, "seconds", 2.0)
    found = outcome(checker, f"filter {name}", SHAPE)
    assert found.state == "broken"
    said, _, rest = ENDINGS[name].partition("{}")
    assert found.detail.startswith(said)
    assert rest in found.detail
    assert outcome(checker, f"filter {name}", "the same frames give the same results").state == "skipped"


@pytest.mark.parametrize("name", LEAVING)
def test_what_a_method_leaves_behind_is_found_and_named(name: str, checker: Checker) -> None:
    promise, said = LEFT[name]
    found = outcome(checker, f"importer {name}", promise)
    assert found.state == "broken"
    assert said in found.detail
    assert outcome(checker, f"importer {name}", "what is none of its files is refused").state == "ok"


@pytest.mark.parametrize("promise", IMPORTED)
def test_what_the_import_leaves_behind_is_found_and_named(promise: str, checker: Checker) -> None:
    found = outcome(checker, "plugin hostile", promise)
    assert found.state == "broken"
    assert IMPORTED[promise] in found.detail


def test_a_thing_that_leaves_nothing_behind_is_not_blamed_for_the_others(checker: Checker) -> None:
    for promise in (RUNNING, PRINTED, REPLACED, FILES):
        assert outcome(checker, "importer dtype", promise).state == "ok"


@pytest.mark.parametrize("code", AT_ONCE)
def test_an_import_that_ends_the_process_is_refused_with_its_line(code: str, tmp_path: Path) -> None:
    with (
        installed_as(write_project(tmp_path, code + "\n")) as variables,
        pytest.raises(PluginError) as raised,
    ):
        Checker("hostile", variables=variables)
    assert AT_ONCE[code] in str(raised.value)


def test_without_forks_a_process_that_ends_is_replaced_and_named(tmp_path: Path) -> None:
    project = write_project(tmp_path, deadly={"leaves": "os._exit(0)", "stays": "pass"})
    with (
        installed_as(project) as variables,
        Checker("hostile", variables=variables, forks=False) as checker,
    ):
        found = outcome(checker, "filter leaves", SHAPE)
        assert found.state == "broken"
        assert "it ends the process, with status 0 (img2img_hostile.py, line" in found.detail
        assert outcome(checker, "filter stays", SHAPE).state == "ok"


@pytest.mark.parametrize("number", ["SIGINT", "SIGKILL"])
def test_a_check_that_is_stopped_leaves_no_process_and_no_folder(number: str, tmp_path: Path) -> None:
    (tmp_path / "temp").mkdir()
    marker = tmp_path / "running"
    project = write_project(
        tmp_path / "project", deadly={"waits": f"open({str(marker)!r}, 'w').close(); time.sleep(99)"}
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "img2img", "check-plugin", str(project)],
        env={**os.environ, "TMPDIR": str(tmp_path / "temp")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a test in the background ignores it
    )
    try:
        _until(lambda: marker.exists() or process.poll() is not None)
        process.send_signal(getattr(signal, number))
        assert process.wait(PATIENCE) == (130 if number == "SIGINT" else -signal.SIGKILL)
        _until(lambda: not [*(tmp_path / "temp").glob("img2img-check-*")])  # whoever lent the forks removes them
        _until(lambda: not _running(tmp_path / "temp"))
    finally:
        process.kill()


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _running(folder: Path) -> list[Path]:
    """Return the processes that have the folder in their environment or command."""
    processes = (path.parent for path in Path("/proc").glob("[0-9]*/cmdline"))
    return [path for path in processes if str(folder).encode() in _read(path / "cmdline") + _read(path / "environ")]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
