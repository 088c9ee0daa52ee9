"""What a plugin does to the process when it is imported or called, and how the program comes out of it."""

from __future__ import annotations

import locale
import os
import random
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from img2img import PluginHost
from img2img.host import trial
from img2img.host.kinds import FILTERS
from img2img.host.surroundings import look

from .strangers import FAMILY, Install, loaded, plugin_of, step

SETTINGS = {
    "the working directory": "import os\nos.chdir('/')",
    "the umask": "import os\nos.umask(0o777)",
    "the signal handlers": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "sys.stdin, sys.stdout or sys.stderr": "import io, sys\nsys.stdout = io.StringIO()",
    "sys.excepthook": "import sys\nsys.excepthook = None",
    "the limit of recursion": "import sys\nsys.setrecursionlimit(5000)",
    "torch's default dtype": "import torch\ntorch.set_default_dtype(torch.float64)",
    "torch's default device": "import torch\ntorch.set_default_device('meta')",
    "torch's gradient mode": "import torch\ntorch.set_grad_enabled(False)",
    "torch's number of threads": "import torch\ntorch.set_num_threads(torch.get_num_threads() + 1)",
    "torch's precision of float32 products": "import torch\ntorch.set_float32_matmul_precision('medium')",
    "torch's deterministic algorithms": "import torch\ntorch.use_deterministic_algorithms(True)",
    "cudnn.benchmark": "import torch\ntorch.backends.cudnn.benchmark = True",
    "numpy's treatment of errors": "import numpy\nnumpy.seterr(all='raise')",
}
SILENT = {
    "a variable": "import os\nos.environ['PATH'] = ''",
    "a variable that goes": "import os\ndel os.environ['PATH']",
    "sys.path": "import sys\nsys.path.clear()",
    "filters of warnings": "import warnings\nwarnings.simplefilter('error')",
    "chance": "import random, numpy, torch\nrandom.seed(1)\nnumpy.random.seed(1)\ntorch.manual_seed(1)",
}
DEADLY = {"calls os._exit": "import os\nos._exit(0)", "aborts": "import os\nos.abort()"}
TEXTLESS = """
    class Bad(Exception):
        def __str__(self):
            raise ValueError("no text")
    raise Bad
"""


def seen() -> dict[str, Any]:
    chance = (random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state().tolist())  # type: ignore[union-attr,index]
    filters = [entry for entry in warnings.filters if entry[0] == "error"]
    return {**look(), "PATH": os.environ["PATH"], "sys.path": list(sys.path), "chance": chance, "filters": filters}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_that_an_import_changes_is_put_back_and_the_plugin_named(
    setting: str, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("img2img-rude", SETTINGS[setting], FAMILY.format(name="rude"))
    host, before = PluginHost.discover(), seen()
    host.load_all()
    assert seen() == before
    assert plugin_of(host, "rude").state == "ok"
    assert f"the plugin rude (img2img-rude 1.0) changed {setting} when it was imported" in caplog.text


@pytest.mark.parametrize("change", SILENT)
def test_what_libraries_change_too_is_put_back_without_a_word(
    change: str, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("img2img-rude", SILENT[change], FAMILY.format(name="rude"))
    host, before = PluginHost.discover(), seen()
    host.load_all()
    assert seen() == before
    assert not caplog.text


def test_the_locale_is_put_back(install: Install) -> None:
    before = locale.setlocale(locale.LC_ALL)
    other = "C" if before != "C" else "C.UTF-8"
    install("img2img-rude", f"import locale\nlocale.setlocale(locale.LC_ALL, {other!r})", FAMILY.format(name="rude"))
    loaded()
    assert locale.setlocale(locale.LC_ALL) == before


def test_variables_and_paths_that_a_plugin_adds_stay(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    code = "import os, sys\nos.environ['ADDED_BY_A_PLUGIN'] = '1'\nsys.path.insert(0, 'beside')"
    install("img2img-kind", code, FAMILY.format(name="kind"))
    loaded()
    assert os.environ.pop("ADDED_BY_A_PLUGIN") == "1"
    assert sys.path[-1] == "beside"  # where it hides no other module


def test_a_plugin_that_fails_after_it_changed_settings_leaves_none_changed(install: Install) -> None:
    install("img2img-rude", "import os\nos.chdir('/')\n1 / 0")
    before = seen()
    loaded()
    assert seen() == before


def test_an_observer_that_changes_settings_or_chance_is_named_once_and_changes_nothing(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    body = "import img2img, os, torch\n@img2img.hookimpl\ndef training_stepped(step):\n"
    install("img2img-rude", body + "    os.chdir('/')\n    torch.manual_seed(step)")
    host, before = PluginHost.discover(), seen()
    step(host, 1)
    step(host, 2)
    assert seen() == before
    assert caplog.text.count("the observer img2img-rude:rude changed the working directory in training_stepped") == 1


@pytest.mark.parametrize("way", DEADLY)
def test_an_undeclared_plugin_that_ends_the_process_is_broken_and_ends_no_command(
    way: str, install: Install, tmp_path: Path
) -> None:
    install("img2img-deadly", DEADLY[way])
    variables = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "img2img", "models", "grain"], env=variables, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0
    assert "strength=" in done.stdout
    assert "the plugin deadly (img2img-deadly 1.0) is not used: its import ends the process" in done.stderr
    assert "--plugins" in done.stderr


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The names of the plugins that were tried in processes of their own, each time."""
    asked: list[str] = []
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    outcomes = trial._outcomes
    monkeypatch.setattr(
        trial, "_outcomes", lambda limit, seconds: [asked.append(limit or ""), outcomes(limit, seconds)][1]
    )
    return asked


def test_a_version_of_an_undeclared_plugin_is_tried_once(
    install: Install, tries: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    module = install("img2img-plain", "import click")
    for _ in range(2):
        PluginHost.discover().names(FILTERS)
    assert tries == ["plain"]
    (tmp_path / "site" / f"{module}.py").write_text("import click, img2img", "utf-8")
    PluginHost.discover().names(FILTERS)
    assert tries == ["plain", "plain"]


def test_help_imports_no_plugin_that_declares_nothing(install: Install, tmp_path: Path) -> None:
    install("img2img-deadly", "import os\nos._exit(7)")
    variables = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "img2img", "--help"], env=variables, capture_output=True, text=True, timeout=600
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "cache").exists()


def test_an_exception_without_text_is_a_reason_like_any_other(install: Install) -> None:
    install("img2img-bad", TEXTLESS)
    assert plugin_of(loaded(), "bad").problem == "Bad: (Bad has no text: its __str__ raises ValueError)"


def test_sigint_is_handled_as_before_after_an_import(install: Install) -> None:
    install("img2img-rude", "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)", FAMILY.format(name="rude"))
    before = signal.getsignal(signal.SIGINT)
    loaded()
    assert signal.getsignal(signal.SIGINT) is before


SLOW = "import time\ntime.sleep(1.1)"


def test_a_slow_plugin_that_declares_nothing_is_named_with_what_it_costs(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("img2img-slow", SLOW, FAMILY.format(name="slow"))
    install("img2img-honest", SLOW, FAMILY.format(name="honest"), families="honest")
    host = PluginHost.discover()
    assert {"slow", "honest"} < {*host.families}
    (record,) = caplog.records
    assert "the plugin slow (img2img-slow 1.0) declares nothing" in record.getMessage()
    assert "--plugins" in record.getMessage()


def test_an_observer_whose_import_ends_the_process_is_passed_over(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    install("img2img-deadly", "import os\nos._exit(0)", observers="deadly")
    host = PluginHost.discover()
    step(host, 1)
    assert "its import ends the process" in plugin_of(host, "deadly").problem


def test_streams_that_an_observer_closes_are_open_again_afterwards(install: Install) -> None:
    body = "import img2img, os\n@img2img.hookimpl\ndef training_stepped():\n    os.close(1)\n    os.close(2)"
    install("img2img-rude", body)
    before = [os.fstat(number).st_ino for number in range(3)]
    step(PluginHost.discover(), 1)
    assert [os.fstat(number).st_ino for number in range(3)] == before
