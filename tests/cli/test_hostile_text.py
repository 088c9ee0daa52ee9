"""Whatever comes from outside reaches the terminal as harmless text: each command and option gets a hostile name."""

from __future__ import annotations

import csv
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import pytest

from img2img.cli import cli
from img2img.cli.messages import HarmlessFormatter
from img2img.errors import DataError, UsageError
from img2img.text import LONGEST, printable, text_of

Install = Callable[..., str]

EVIL = "x\x1b]0;owned\x07\x1b[2J\x1b[31mEVIL\r\x7f\x9b1A\u202e\u2066\u2028\udcff\nERROR: forged"
"""A name that sets the title, clears the screen, turns what follows around and forges a line."""
SHOWN = r"x\x1b]0;owned\x07\x1b[2J\x1b[31mEVIL\r\x7f\x9b1A\u202e\u2066\u2028\udcff\nERROR: forged"
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
LEGIBLE = "Ünïcödé 日本語 한국어 עברית العربية हिन्दी 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 a\u00a0b\u3000c ﷽"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Each command of the program and of the built-in plugins."""
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command


def calls() -> Iterator[list[str]]:
    """Each command with hostile arguments, and with each of its options besides."""
    yield [EVIL]
    yield [f"--{EVIL}"]
    yield ["--plugins", EVIL, "models", EVIL]
    for name, command in commands():
        arguments = [EVIL for parameter in command.params if isinstance(parameter, click.Argument)]
        needed = [
            word
            for parameter in command.params
            if isinstance(parameter, click.Option) and parameter.required
            for word in (parameter.opts[-1], f"{EVIL}.onnx")
        ]
        yield [name, *arguments, *needed]
        yield [name, *arguments, *needed, *arguments, EVIL]
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield [name, *arguments, *needed, parameter.opts[-1], *([] if parameter.is_flag else [EVIL])]


def check_harmless(*texts: str) -> None:
    for text in texts:
        assert not HARMFUL.search(text), ascii(text)
        assert "\nERROR: forged" not in text
        assert "Traceback" not in text


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, from which pip reaches nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path


@pytest.mark.parametrize("words", [*calls()], ids=lambda words: ascii(" ".join(words).replace(EVIL, "…")))
def test_no_command_and_no_option_shows_a_hostile_word_as_it_is(words: list[str], program: Any, home: Path) -> None:
    done = program(*words)
    check_harmless(done.out, done.err)
    assert done.status in (0, 1, 2)


def write_picture(path: Path, size: int = 16) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.full((size, size, 3), 99, np.uint8))[1])


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt", ".ckpt", ".onnx", ".pt2", ".png", ""])
@pytest.mark.parametrize("command", ["inspect", "import", "translate", "evaluate", "live"])
def test_a_damaged_model_of_a_hostile_name(command: str, suffix: str, program: Any, home: Path) -> None:
    Path(f"{EVIL}{suffix}").write_bytes(b"\x1b[2J\nERROR: forged" * 9)
    done = program(command, f"{EVIL}{suffix}", *{"translate": ("in", "out"), "evaluate": ("in",)}.get(command, ()))
    check_harmless(done.out, done.err)
    assert done.status == 2


def test_hostile_names_of_sources_and_targets(program: Any, home: Path) -> None:
    write_picture(home / EVIL / f"{EVIL}.png")
    (home / EVIL / f"bad{EVIL}.png").write_bytes(b"nonsense")
    (home / EVIL / f"bad{EVIL}.mp4").write_bytes(b"nonsense")
    done = program("translate", "tiny", EVIL, f"out{EVIL}", "--report", f"{EVIL}.json")
    check_harmless(done.out, done.err)
    assert done.status == 1
    assert f"bad{SHOWN}.png" in done.err
    assert f"out{SHOWN}" in done.err
    text = Path(f"{EVIL}.json").read_text("ascii")
    check_harmless(text)
    sources = [item["source"] for item in json.loads(text)["items"]]
    assert f"{EVIL}/{EVIL}.png" in sources


def test_hostile_names_in_an_evaluation_and_its_table(program: Any, home: Path) -> None:
    for name in (f"{EVIL}.png", "=1+1.png"):
        write_picture(home / "in" / name, 64)
        (home / "truth" / name).parent.mkdir(exist_ok=True)
        shutil.copy(home / "in" / name, home / "truth" / name)
    (home / "in" / f"bad{EVIL}.png").write_bytes(b"nonsense")
    words = ["evaluate", "tiny", "in", "--truth", "truth"]
    done = program(*words, "--csv", f"{EVIL}.csv")
    check_harmless(done.out, done.err)
    text = Path(f"{EVIL}.csv").read_text("utf-8")
    check_harmless(text)
    assert {row["image"] for row in csv.DictReader(text.splitlines())} >= {"'=1+1.png", f"{SHOWN}.png"}
    done = program(*words, "--json")
    check_harmless(done.out, done.err)
    assert f"{EVIL}.png" in [image["name"] for image in json.loads(done.out)["images"]]


def test_hostile_names_in_the_folder_of_models(program: Any, models: Path, tiny_model: Path) -> None:
    shutil.copy(tiny_model, models / f"{EVIL}.safetensors")
    (models / f"bad{EVIL}.safetensors").write_bytes(b"nonsense")
    for words in (["models"], ["inspect", EVIL], ["inspect", "no such model"]):
        done = program(*words)
        check_harmless(done.out, done.err)
        assert SHOWN in done.out + done.err
    for words in (["models", "--json"], ["inspect", EVIL, "--json"]):
        done = program(*words)
        check_harmless(done.out)
        assert json.dumps(EVIL)[1:-1].replace("\x7f", r"\u007f") in done.out
        json.loads(done.out)


@pytest.mark.parametrize("family", ["srgan", "pix2pix", "cyclegan", "stargan"])
def test_hostile_names_in_training_data(family: str, program: Any, home: Path) -> None:
    for folder in (EVIL, f"A/{EVIL}"):
        write_picture(home / "data" / folder / f"{EVIL}.png", 8)
    Path(f"{EVIL}.toml").write_bytes(b"\x1b[2J\nERROR: forged")
    for more in ([], ["--config", f"{EVIL}.toml"], ["-o", f"{EVIL}=1"], ["-o", f"crop={EVIL}"], ["--init", EVIL]):
        done = program("train", family, "data", "--run", EVIL, *more, "--device", "cpu")
        check_harmless(done.out, done.err)
        assert done.status in (2, 3)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["Name", "Version", "Summary"])
def test_hostile_metadata_of_a_plugin(place: str, program: Any, install: Install, home: Path) -> None:
    about = {"Name": "img2img-meta", "Version": "1.0", "Summary": "fine"}
    about[place] = EVIL.replace("\n", "\n ").replace("\u2028", "").replace("\r", "").encode("utf-8", "replace").decode()
    install("img2img-meta", "import click", families="meta", commands="greet")
    text = "\n".join(f"{name}: {value}" for name, value in about.items())
    (home / "site" / "img2img_meta-1.0.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\n{text}\n", "utf-8")
    for words in (["--help"], ["models"], ["plugins"], ["greet"], ["models", "meta"]):
        done = program(*words)
        check_harmless(done.out, done.err)
        assert done.status in (0, 2)
    for words in (["plugins", "--json"], ["models", "--json"]):
        done = program(*words)
        check_harmless(done.out)
        json.loads(done.out)


@pytest.mark.parametrize("kind", ["families", "commands", "filters", "sources", "targets", "importers", "observers"])
def test_hostile_names_of_what_a_plugin_declares(kind: str, program: Any, install: Install, home: Path) -> None:
    module = install("img2img-meta", "import click", **{kind: "good"})
    points = home / "site" / f"{module}-1.0.dist-info" / "entry_points.txt"
    name = EVIL.partition("\r")[0]
    points.write_text(f"[img2img]\n{name} = {module}\n[img2img.{kind}]\n{name} = {module}\n", "utf-8")
    for words in (["--help"], ["models"], ["plugins"], ["models", "nonsense"], ["plugins", "--json"]):
        done = program(*words)
        check_harmless(done.out, done.err)
        assert done.status in (0, 2)


@pytest.mark.slow
def test_metadata_of_a_hundred_megabytes_are_cut(program: Any, install: Install, home: Path) -> None:
    install("img2img-huge", "import click", commands="greet")
    about = home / "site" / "img2img_huge-1.0.dist-info" / "METADATA"
    about.write_text(f"Metadata-Version: 2.1\nName: img2img-huge\nVersion: 1\nSummary: {'long ' * 20_000_000}\n")
    done = program("--help")
    assert done.status == 0
    assert len(done.out) < 10_000


COMMAND = f"""
    import click, img2img, logging, sys, warnings

    @click.command("greet")
    def greet():
        evil = {EVIL!r}
        click.echo(evil)
        print(evil, file=sys.stderr)
        click.secho("coloured", fg="red")
        logging.getLogger("x").warning("about %s", evil)
        warnings.warn(evil)
        sys.stdout.close()
        raise ValueError(evil)

    @img2img.hookimpl
    def register_commands(register):
        register(greet)
"""


def test_what_a_plugin_prints_itself_sends_no_codes(install: Install, tmp_path: Path) -> None:
    install("img2img-rude", COMMAND, commands="greet")
    done = subprocess.run(
        [sys.executable, "-m", "img2img", "greet"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")}, capture_output=True, timeout=600,
    )  # fmt: skip
    out, err = done.stdout.decode(), done.stderr.decode()
    assert not HARMFUL.search(out + err), ascii(out + err)
    assert f"WARNING: about {SHOWN}\n" in err
    assert done.returncode == 3
    assert "ValueError" in err
    assert "coloured" in out


def test_a_log_record_is_one_line_and_a_traceback_is_indented() -> None:
    try:
        raise ValueError(EVIL)
    except ValueError:
        info = sys.exc_info()
    formatter = HarmlessFormatter("%(levelname)s: %(message)s")
    record = logging.LogRecord("x", logging.WARNING, "", 1, "%s %d %.1f", (EVIL, 3, 0.25), None)
    assert formatter.format(record) == f"WARNING: {SHOWN} 3 0.2"
    record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", (), info)
    assert all(line.startswith("  ") for line in formatter.format(record).splitlines()[1:])
    record = logging.LogRecord("x", logging.WARNING, "", 1, "%s", (UsageError(EVIL, "second"),), None)
    assert formatter.format(record) == f"WARNING: {SHOWN}\nsecond"


def test_an_error_has_a_line_for_each_of_its_arguments_and_no_others() -> None:
    assert str(DataError(f"{EVIL} is no image", "remove it")) == f"{SHOWN} is no image\nremove it"


def test_letters_of_all_scripts_emoji_and_spaces_stay() -> None:
    assert printable(LEGIBLE) == LEGIBLE
    assert printable(Path(LEGIBLE)) == LEGIBLE


def test_an_object_whose_text_raises_or_is_endless_has_a_text_all_the_same() -> None:
    class BadError(Exception):
        def __str__(self) -> str:
            raise SystemExit

    assert "BadError has no text" in text_of(BadError())
    assert len(text_of("x" * 10**6)) <= LONGEST + 1
