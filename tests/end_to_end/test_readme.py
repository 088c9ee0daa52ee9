"""The README's commands and its Python, as they stand there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ img2img (.*)$", README, re.MULTILINE)
FEW = "-o width=8 -o crop=32 -o batch_size=2 -o discriminator_width=4"
SHORTER = {
    "srgan": f"{FEW} -o depth=1 -o pretrain_steps=2 -o gan_steps=1",
    "cyclegan": f"{FEW} -o blocks=1 -o constant_steps=1 -o decay_steps=1 -o resize=32",
    "pix2pix": f"{FEW} -o depth=5 -o constant_steps=1 -o decay_steps=1 -o resize=32",
    "stargan": f"{FEW} -o blocks=1 -o constant_steps=1 -o decay_steps=1 -o resize=32 -o discriminator_layers=3",
}
PAGES = ["README.md", "samples/README.md", "plugins/README.md"]
PAGES += sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("plugins/*/README.md"))
PICTURES = ROOT / "samples" / "images"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the README speaks of: `samples`, one's own photos, and data sets as they are unpacked."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "samples").symlink_to(ROOT / "samples")
    sets = ["photos", "horse2zebra/trainA", "horse2zebra/trainB", "horse2zebra/testA", "horse2zebra/testB"]
    for images in (*sets, "facades/train", "facades/val", "seasons/summer", "seasons/winter"):
        (folder / images).mkdir(parents=True)
        for name in ("street", "garden"):
            (folder / images / f"{name}.png").write_bytes((PICTURES / f"{name}.png").read_bytes())
    return folder


@pytest.mark.slow
def test_every_command_of_the_readme_works(workplace: Path) -> None:
    """In their order, since some need what others made; trainings with fewer steps and a smaller network."""
    assert len(COMMANDS) > 5
    for command in COMMANDS:
        words = shlex.split(command)
        words += shlex.split(SHORTER[words[1]]) if words[0] == "train" else []
        done = subprocess.run([sys.executable, "-m", "img2img", *words], cwd=workplace, capture_output=True, text=True)
        assert done.returncode == 0, f"img2img {command}\n{done.stderr}"
    for made in (
        "out/pictures/street.png",
        "out/street.png",
        "out/jpeg/street.jpg",
        "out/report.json",
        "out/mine/garden.png",
        "out/zebras/garden.png",
        "out/winter/garden.png",
    ):
        assert (workplace / made).stat().st_size > 0, made


def test_the_python_of_the_readme_works(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {"image": np.zeros((12, 10, 3), np.uint8)}
    exec(code, names)
    assert names["result"].shape == (48, 40, 3)
    assert (workplace / "out" / "python" / "street.png").exists()


@pytest.mark.parametrize("page", PAGES)
def test_links_between_the_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    prose = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", prose)
    assert [target for target in targets if not (path.parent / target).exists()] == []
