"""The program as a whole: how it starts, what it lists, how it ends."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pytest

from img2img import PluginHost, cli, hookimpl
from img2img.cli.progress import TranslationProgress
from img2img.host import declarations

COMMANDS = ["translate", "live", "train", "models", "inspect", "import", "evaluate", "plugins"]
COMMANDS += ["install", "uninstall", "new-plugin", "check-plugin"]
HEAVY = {"torch", "cv2", "av", "kornia", "PIL", "safetensors"}


def start(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=600, **options)


@pytest.mark.parametrize(
    "words", ["--help", "plugins", "plugins --json", "--version", "translate --help", "train --help"]
)
def test_what_needs_no_network_imports_nothing_heavy(words: str) -> None:
    program = f"import sys, atexit; sys.argv[1:] = {words.split()}\nfrom img2img.cli import main\n"
    watch = "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\nmain()"
    done = start("-c", program + watch)
    assert done.returncode == 0
    assert done.stdout
    assert not HEAVY & set(done.stderr.split())


def test_help_and_plugins_answer_at_once() -> None:
    """Measured in work, in starts of a bare interpreter; to import torch is more than a hundred of them."""

    def work(*words: str) -> float:
        """Seconds of the processor."""
        seconds = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            start(*words, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        return min(seconds)

    bare = work("-c", "pass")
    assert work("-m", "img2img", "--help") < 40 * bare
    assert work("-m", "img2img", "plugins") < 80 * bare


def test_python_m_img2img_is_the_same_program() -> None:
    script = Path(sys.executable).with_name("img2img")
    if not script.exists():
        pytest.skip("the program is not installed beside this Python")
    for words in (["--help"], ["translate", "--help"], ["nonsense"]):
        ours = start("-m", "img2img", *words)
        theirs = subprocess.run([script, *words], capture_output=True, text=True, timeout=600)
        assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)


def test_every_command_is_listed_and_explains_itself(program: Any) -> None:
    listed = program("--help").out
    for name in COMMANDS:
        done = program(name, "--help")
        assert (done.status, done.err) == (0, "")
        assert f"Usage: img2img {name}" in done.out
        assert f"\n  {name} " in listed


def test_the_summaries_in_the_list_are_those_of_the_commands(program: Any) -> None:
    assert list(cli._COMMANDS) == COMMANDS
    assert set(COMMANDS) == declarations.OWN_COMMANDS
    for name in COMMANDS:
        command = cli.cli.get_command(click.Context(cli.cli), name)
        assert command is not None
        assert command.help
        assert cli._COMMANDS[name].split()[0] == command.help.split()[0]


def test_help_tells_what_each_exit_status_means(program: Any) -> None:
    table = program("-h").out.split("Exit status:")[1]
    assert [line.split()[0] for line in table.strip().splitlines()] == ["0", "1", "2", "3", "130"]


def test_the_version_is_that_of_the_distribution(program: Any) -> None:
    assert program("--version").out == f"img2img, version {version('img2img-runtime')}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "Usage: img2img"),
        ("tranlsate", "No such command 'tranlsate'"),
        ("--nonsense", "No such option"),
        ("translate", "Missing argument 'MODEL'"),
        ("translate tiny", "Missing argument 'SOURCE'"),
        ("translate tiny in out more", "unexpected extra argument"),
        ("models nonsense", "no plugin provides the family 'nonsense'"),
        ("inspect nonsense", "there is no model 'nonsense'"),
        ("train srgan nowhere --run run", "does not exist"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_message_on_stderr(words: str, message: str, program: Any) -> None:
    done = program(*words.split())
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["plugins", "--help", "--version"])
def test_a_reader_that_goes_away_ends_the_program_quietly(command: str, models: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "img2img", command], stdout=writer, stderr=subprocess.PIPE, timeout=600
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("words", ["--help", "--version", "plugins", "models", "models srgan", "translate --help"])
def test_an_output_that_cannot_be_written_is_an_error_and_no_traceback(words: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "img2img", *words.split()]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=600)
    assert done.returncode == 3
    assert done.stderr == "error: the output cannot be written: No space left on device; send it to another place\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_wrong_usage_has_its_status_also_where_nothing_can_be_written_to_stderr() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "img2img", "nothing"], stderr=full, timeout=600)
    assert done.returncode == 2


def test_a_bug_ends_the_program_with_3_and_not_with_what_means_that_the_rest_is_done(
    program: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(PluginHost, "discover", lambda **options: 1 / 0)
    assert program("plugins").status == 3
    assert "ZeroDivisionError" in caplog.text


def test_an_observer_that_raises_ends_the_program_only_where_plugins_are_strict(
    program: Any, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(TranslationProgress):
        @hookimpl
        def batch_translated(self) -> None:
            raise ZeroDivisionError

    monkeypatch.setattr("img2img.cli.translate.TranslationProgress", Failing)
    assert program("--strict-plugins", "translate", "tiny", photos, tmp_path / "strict").status == 3
    assert program("translate", "tiny", photos, tmp_path / "lenient").status == 0
