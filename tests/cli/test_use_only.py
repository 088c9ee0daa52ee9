"""The commands `train` and `models`, of a family whose models are only used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

SHARPER = """
    import img2img

    class Options(img2img.ModelConfig):
        side: int = 3

    class Sharper(img2img.ModelFamily):
        name, summary, config_class = "sharper", "makes photos sharper", Options

        def build_generator(self, config):
            from torch import nn
            return nn.Conv2d(3, 3, config.side, padding=config.side // 2)

        def translator(self, config, generator):
            return img2img.Translator(generator)

    @img2img.hookimpl
    def register_models(register):
        register(Sharper())
"""


def test_the_command_train_refuses_it_and_models_shows_its_options(
    install: Callable[..., str], program: Any, tmp_path: Path
) -> None:
    install("img2img-sharper", SHARPER, families="sharper")
    refused = program("train", "sharper", tmp_path, "--run", tmp_path / "run")
    assert refused.status == 2
    assert "cyclegan, pix2pix, srgan, stargan" in refused.err
    shown = program("models", "sharper")
    assert shown.out == "family sharper (for use only: it has no training):\n  side=3  (integer)  \n"
    assert list(json.loads(program("models", "sharper", "--json").out)["properties"]) == ["side"]
