"""`img2img plugins`, and how the program lists and runs what plugins bring."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Install = Callable[..., str]
BUILT_IN = ["cyclegan", "pix2pix", "srgan", "stargan"]

COMMAND = """
    import click, img2img

    @click.command("greet")
    @click.argument("name")
    def greet(name):
        "Say hello to NAME."
        if name == "nobody":
            raise img2img.ConfigError("nobody is there; name somebody")
        click.echo(f"hello {name}")

    @img2img.hookimpl
    def register_commands(register):
        register(greet)
"""


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than any plugin here needs, on a busy machine too."""
    monkeypatch.setattr("img2img.host.trial.LONGEST_IMPORT", 300.0)


def lines(program: Any, *words: str) -> list[str]:
    """What `img2img plugins` says, without its columns."""
    return [" ".join(line.split()) for line in program("plugins", *words).out.splitlines()]


def rows(program: Any, *before: str) -> dict[str, Any]:
    listed = json.loads(program(*before, "plugins", "--json").out)
    return {row["name"]: row for row in listed}


def test_plugins_are_listed_with_what_they_provide(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    done = program("plugins")
    assert (done.status, done.err) == (0, "")
    assert any(line.startswith("srgan img2img-runtime") and "ok families: srgan" in line for line in lines(program))
    assert {"families": ["srgan"]} in [row["provides"] for row in rows(program).values()]


def test_the_import_times_are_told_where_they_are_asked_for(program: Any, install: Install) -> None:
    install("img2img-slow", "import time\ntime.sleep(0.3)", COMMAND, commands="greet")
    began = time.perf_counter()
    (line,) = [line for line in lines(program, "--timing") if line.startswith("slow")]
    assert 300 <= int(line.split(" ms")[0].split()[-1]) <= 1000 * (time.perf_counter() - began) + 1
    began = time.perf_counter()
    assert 0.3 <= rows(program)["slow"]["seconds"] <= time.perf_counter() - began


@pytest.mark.parametrize("way", ["option", "variable"])
def test_plugins_that_are_not_named_are_blocked(way: str, program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "variable":
        monkeypatch.setenv("IMG2IMG_PLUGINS", "srgan,pix2pix")
    found = rows(program, *(["--plugins", "srgan,pix2pix"] if way == "option" else []))
    assert [found[name]["state"] for name in BUILT_IN] == ["blocked", "ok", "ok", "blocked"]


def test_the_option_wins_over_the_variable(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMG2IMG_PLUGINS", "srgan")
    assert rows(program, "--plugins", "cyclegan")["cyclegan"]["state"] == "ok"


@pytest.mark.parametrize(
    ("code", "declared", "state"),
    [
        ("import no_such_module", {}, "broken: ModuleNotFoundError: No module named 'no_such_module'"),
        ("import os; os._exit(9)", {}, "broken: its import ends the process, with status 9"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", {}, "broken: its import ends the process, with"),
        ("print('hello')\nimport no_such_module", {}, "broken: ModuleNotFoundError"),
        ("", {"contract": "2"}, "incompatible: needs contract 2"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_listed_with_its_reason_and_breaks_no_command(
    code: str, declared: dict[str, str], state: str, program: Any, install: Install
) -> None:
    install("img2img-bad", code, families="bad", **declared)
    install("img2img-good", COMMAND, commands="greet")
    assert program("plugins").status == 0
    assert any(line.startswith(f"bad img2img-bad 1.0 {state}") for line in lines(program))
    assert "good img2img-good 1.0 ok commands: greet" in lines(program)
    assert [program(*words).status for words in (["models"], ["--help"], ["greet", "you"])] == [0, 0, 0]


def test_a_plugin_that_hangs_counts_as_broken_after_a_while(
    program: Any, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("img2img.host.trial.LONGEST_IMPORT", 2.0)
    install("img2img-bad", "import time\ntime.sleep(600)", families="bad")
    assert "bad img2img-bad 1.0 broken: its import takes longer than 2 s" in lines(program)


def test_slow_plugins_are_imported_side_by_side(program: Any, install: Install) -> None:
    """Each waits for all to have begun, which never comes to be where one is imported after the other."""
    wait = """
        import time
        from pathlib import Path

        Path(__file__).with_suffix(".begun").touch()
        deadline = time.monotonic() + 30
        while len([*Path(__file__).parent.glob("*.begun")]) < 4:
            assert time.monotonic() < deadline, "the others have not begun"
            time.sleep(0.01)
    """
    for name in "abcd":
        install(f"img2img-{name}", wait, COMMAND.replace("greet", name), commands=name)
    assert [row["state"] for name, row in rows(program).items() if name in "abcd"] == ["ok"] * 4


def test_a_command_of_a_plugin_is_listed_with_its_package_and_not_imported(program: Any, install: Install) -> None:
    install("img2img-bad", "import no_such_module", commands="greet")
    listed = program("--help").out.split("Commands of plugins:")[1]
    assert "greet" in listed
    assert "(img2img-bad) all about bad" in listed
    done = program("greet", "you")
    assert (done.status, done.out) == (2, "")
    assert "no plugin provides the command 'greet'" in done.err
    assert "ModuleNotFoundError" in done.err


def test_a_command_of_a_plugin_runs_as_any(program: Any, install: Install) -> None:
    install("img2img-polite", COMMAND, commands="greet")
    assert program("greet", "you")[:2] == (0, "hello you\n")
    assert "Say hello to NAME." in program("greet", "--help").out
    done = program("greet", "nobody")
    assert (done.status, done.err) == (2, "error: nobody is there; name somebody\n")
    assert program("--plugins", "srgan", "greet", "you").status == 2


def test_no_plugin_takes_the_name_of_a_command_of_the_program(program: Any, install: Install) -> None:
    install("img2img-rude", COMMAND.replace('"greet"', '"models"'), commands="models")
    assert "Model files:" in program("models").out
    assert "(img2img-rude)" not in program("--help").out
    assert "the name 'models' is that of a command of the program" in rows(program)["rude"]["problem"]


@pytest.mark.parametrize(("ending", "status"), [("return 3", 0), ("raise SystemExit(0)", 3), ("1 / 0", 3)])
def test_what_a_command_returns_is_no_status_and_what_it_raises_is_one(
    ending: str, status: int, program: Any, install: Install
) -> None:
    install("img2img-odd", COMMAND.replace('click.echo(f"hello {name}")', ending), commands="greet")
    assert program("greet", "you").status == status


def test_listing_plugins_runs_nothing_of_the_working_directory(
    program: Any, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("img2img-polite", COMMAND, commands="greet")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "json.py").write_text("open('seen', 'w').close()\nraise ImportError")
    monkeypatch.chdir(tmp_path / "here")
    assert rows(program)["polite"]["state"] == "ok"
    assert not Path("seen").exists()


def test_a_plugin_that_leaves_a_process_behind_holds_nobody_up(program: Any, install: Install, tmp_path: Path) -> None:
    left, over = tmp_path / "left", tmp_path / "over"
    fork = f"""
        import os, pathlib, time
        if process := os.fork():
            pathlib.Path({str(left)!r}).write_text(str(process))
        else:
            time.sleep(60)
            pathlib.Path({str(over)!r}).touch()
            os._exit(0)
    """
    install("img2img-bad", fork, COMMAND, commands="greet")
    try:
        assert rows(program)["bad"]["state"] == "ok"
        assert not over.exists(), "it was waited for"
    finally:
        os.kill(int(left.read_text()), signal.SIGKILL)


def test_families_of_strangers_are_listed_in_the_words_of_their_packages(program: Any, install: Install) -> None:
    install("img2img-foo", "import no_such_module", families="foo")
    listed = program("models")
    assert listed.status == 0
    assert "  foo                  (img2img-foo) all about foo\n" in listed.out
    assert json.loads(program("models", "--json").out)["families"]["foo"] == "(img2img-foo) all about foo"
