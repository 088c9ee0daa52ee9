"""What every test shares: one thread, a clean environment, the plugins, a tiny model, the optional real data."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

os.environ.setdefault("OMP_NUM_THREADS", "1")  # also for the programs that tests start

import pytest
import torch

from img2img import ModelConfig, PluginHost
from img2img.models.file import save_model

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cpu", help="where the tests run networks: cpu, cuda, …")


@pytest.fixture(autouse=True)
def _leaves_no_trace() -> Iterator[None]:
    folder, variables = Path.cwd(), _own_variables()
    yield
    left, found = Path.cwd(), _own_variables()
    os.chdir(folder)
    assert left == folder, "the test changed the working directory; use monkeypatch.chdir"
    assert found == variables, "the test left environment variables behind; use monkeypatch.setenv"


@pytest.fixture(autouse=True)
def _stays_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program, where a test runs it in this process, not fork on account of plugins."""
    monkeypatch.setattr("img2img.cli.supervise", lambda plugins: None)


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """Where to run networks."""
    return str(request.config.getoption("--device"))


@pytest.fixture
def data() -> Path:
    """The folder of real photographs and clips that is no part of the repository."""
    folder = Path(os.environ.get("IMG2IMG_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"needs the real data: {folder} is absent, and IMG2IMG_TEST_DATA does not say where they are")
    return folder


@pytest.fixture
def host() -> PluginHost:
    """The installed plugins; an observer that raises is an error."""
    return PluginHost.discover(strict=True)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Install a distribution of one module, a stranger's, before ours on `sys.path`; returns the module."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr("img2img.host.trial.refuse_deadly", lambda plugins: None)  # it would start a process for each
    before = set(sys.modules)

    def install(
        distribution: str, *code: str, entry: str = "", metadata: bool = True, contract: str = "", **declared: str
    ) -> str:
        """Write a module and its metadata; `families="a b"` declares that it provides these."""
        module, name = distribution.replace("-", "_"), distribution.removeprefix("img2img-")
        (site / f"{module}.py").write_text("\n".join(map(dedent, code)), "utf-8")
        info = site / f"{module}-1.0.dist-info"
        info.mkdir()
        groups = {"img2img": [name], **{f"img2img.{kind}": names.split() for kind, names in declared.items()}}
        groups |= {"img2img.contract": [contract]} if contract else {}
        lines = [
            "\n".join([f"[{group}]", *(f"{name} = {entry or module}" for name in names)])
            for group, names in groups.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")
        if metadata:
            about = f"Name: {distribution}\nVersion: 1.0\nSummary: all about {name}\n"
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\n{about}", "utf-8")
        importlib.invalidate_caches()
        return module

    yield install
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(site)):
            del sys.modules[name]


@pytest.fixture
def tiny_config(host: PluginHost) -> ModelConfig:
    """A super-resolution ×2 that runs at once."""
    return host.family("srgan").config_class.parse({"scale": 2, "width": 8, "depth": 1})


@pytest.fixture
def tiny_model(host: PluginHost, tiny_config: ModelConfig, tmp_path: Path) -> Path:
    """A model file of `tiny_config`, always with the same weights."""
    torch.manual_seed(0)
    path = tmp_path / "tiny.safetensors"
    save_model(path, host.family("srgan").build_generator(tiny_config), tiny_config, family="srgan", scale=2, step=7)
    return path


def _own_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("IMG2IMG_")}
