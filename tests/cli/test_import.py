"""`img2img import`, and the use of a checkpoint as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from img2img import PluginHost
from img2img.models.file import read_info


@pytest.fixture
def checkpoint(tmp_path: Path, host: PluginHost) -> Path:
    """Of CycleGAN's PyTorch code, as DataParallel leaves it."""
    family = host.family("cyclegan")
    config = family.config_class.parse({"width": 4, "blocks": 2, "upsampling": "transposed"})
    weights = family.build_generator(config).state_dict()
    torch.save({f"module.{name}": tensor for name, tensor in weights.items()}, tmp_path / "latest_net_G.pth")
    return tmp_path / "latest_net_G.pth"


def test_a_model_file_is_made_of_a_checkpoint(checkpoint: Path, program: Any, tmp_path: Path) -> None:
    target = tmp_path / "horse.safetensors"
    done = program("import", checkpoint, "-o", target, "--trained-on", "horses", "--license", "CC0-1.0")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "recognised  resnet_2blocks of the PyTorch code of CycleGAN and pix2pix",
        "family      cyclegan, ×1",
        "assumed     padding=reflect: reflected and replicated borders leave no trace",
        str(target),
    ]
    info = read_info(target)
    assert (info.family, info.license) == ("cyclegan", "CC0-1.0")
    assert info.trained_on.startswith("horses; imported from latest_net_G.pth (SHA-256 ")


def test_what_is_given_is_not_assumed(checkpoint: Path, program: Any) -> None:
    done = program("import", checkpoint, "--option", "padding=replicate")
    assert done.status == 0
    assert "assumed" not in done.out
    assert '"padding":"replicate"' in read_info(checkpoint.with_suffix(".safetensors")).config


def test_what_stands_under_the_name_is_kept(checkpoint: Path, program: Any) -> None:
    target = checkpoint.with_suffix(".safetensors")
    target.write_text("precious")
    done = program("import", checkpoint)
    assert (done.status, done.out) == (2, "")
    assert "exists already; give another name with -o" in done.err
    assert target.read_text() == "precious"


def test_a_model_file_is_not_imported(models: Path, program: Any, tmp_path: Path) -> None:
    done = program("import", models / "tiny.safetensors", "-o", tmp_path / "again.safetensors")
    assert done.status == 2
    assert "is a model file already; use it as it is" in done.err


@pytest.mark.parametrize(
    ("option", "message"),
    [("paddign=zero", "did you mean 'padding'"), ("width=8", "do not fit its config"), ("padding", "is no option")],
)
def test_an_option_that_cannot_be_is_refused(option: str, message: str, checkpoint: Path, program: Any) -> None:
    done = program("import", checkpoint, "--option", option)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert not checkpoint.with_suffix(".safetensors").exists()


def test_a_checkpoint_is_inspected_and_translates_as_it_is(
    checkpoint: Path, photos: Path, program: Any, tmp_path: Path
) -> None:
    done = program("inspect", checkpoint)
    assert (done.status, done.err) == (0, "")
    assert "family         cyclegan\n" in done.out
    assert "of CycleGAN and pix2pix; assumed: padding=reflect: reflected" in done.out
    assert "  blocks = 2\n" in done.out
    assert program("translate", checkpoint, photos, tmp_path / "direct").status == 0
    assert program("import", checkpoint).status == 0
    assert program("translate", checkpoint.with_suffix(".safetensors"), photos, tmp_path / "imported").status == 0
    for name in ("a.png", "below/c.png"):
        assert (tmp_path / "direct" / name).read_bytes() == (tmp_path / "imported" / name).read_bytes()
