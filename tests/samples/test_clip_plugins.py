"""The examples of plugins for clips: installed from their folders, trained for a few steps, and used on a clip."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import img2img
from img2img.host.declarations import Plugin
from img2img.media import open_clip

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "samples" / "images"
CPU = img2img.Compute("cpu")


def host_with(name: str, monkeypatch: pytest.MonkeyPatch) -> img2img.PluginHost:
    monkeypatch.syspath_prepend(str(ROOT / "samples" / "plugins" / f"img2img-{name}"))
    host = img2img.PluginHost.discover()
    host.register(__import__(f"img2img_{name}"), Plugin(name, f"img2img-{name}", "0.1.0"))
    return host


@pytest.mark.slow
@pytest.mark.parametrize(("name", "times"), [("doubler", 2), ("recurrent", 1)])
def test_a_model_is_trained_and_translates_a_clip(
    name: str, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = host_with(name, monkeypatch)
    np.save(tmp_path / "clip.npy", np.random.default_rng(0).integers(0, 255, (7, 24, 32, 3), np.uint8))
    options = {**host.family(name).small, "steps": 2}
    img2img.train(name, str(PICTURES), tmp_path / "run", options, compute=CPU, host=host)
    video = img2img.VideoOptions(fps=Fraction(10 * times))
    report = img2img.translate(
        tmp_path / "clip.npy", tmp_path / "out.mkv", model=tmp_path / "run" / "run.safetensors", compute=CPU,
        video=video, host=host,
    )  # fmt: skip
    assert [item.status for item in report.items] == ["done"]
    clip = open_clip(tmp_path / "out.mkv")
    assert (len([*clip.frames()]), clip.info.rate) == (7 * times, 10 * times)
    clip.close()


@pytest.mark.parametrize("name", ["doubler", "recurrent"])
def test_an_example_is_as_short_as_its_readme_says(name: str) -> None:
    project = ROOT / "samples" / "plugins" / f"img2img-{name}"
    assert sum(len(path.read_text("utf-8").splitlines()) for path in project.rglob("*.py")) <= 250
    assert "less than 250 lines" in (project / "README.md").read_text("utf-8").replace("\n", " ")
