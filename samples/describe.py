"""Writes cards for models that were trained before there were any: `describe.py CONFIG DATA MODEL...`.

CONFIG and DATA are what the models were trained by and on; several MODELs are the directions of one training. They are
judged on the held-out images of DATA as a training judges them; weights and all else in the files stay as they are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import img2img
from img2img.config import read_toml
from img2img.media import write_file
from img2img.models.file import load_generator, read_info
from img2img.models.header import digest, split
from img2img.training.cards.cards import Cards
from img2img.training.ema import EMA
from img2img.training.engine import TrainingEngine
from img2img.training.health.log import HealthLog
from img2img.training.run import Run
from img2img.training.validation import Validation


def describe(options: Path, data: Path, models: list[Path]) -> None:
    host = img2img.PluginHost.discover()
    infos = {read_info(path).direction: read_info(path) for path in models}
    about = next(iter(infos.values()))
    family = host.family(about.family)
    config = family.configure(read_toml(options), data)
    run = Run(models[0].parent, about.family, config, data, step=about.step)
    trainer = family.trainer(config, TrainingEngine(run.device))
    held_out = family.dataset(data, config, "validation")
    generators = {direction: EMA(load_generator(info, host)[2], 0.0) for direction, info in infos.items()}
    judged = Validation(run, family, trainer, held_out).judge(generators)
    cards = Cards(run, host, trainer, family.dataset(data, config, "train"), held_out, HealthLog(run).load())
    for direction, info in infos.items():
        put(cards.card(direction, info.path, judged), info.path)
        cards.write(read_info(info.path), judged)


def put(card: str, model: Path) -> None:
    """Put a card into a model file."""
    header, weights = split(model.read_bytes(), model)
    header["__metadata__"]["card"] = card
    header["__metadata__"]["sha256"] = digest(header, weights)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    write_file(model, [len(text).to_bytes(8, "little"), text, bytes(weights)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    arguments = parser.parse_args()
    describe(arguments.config, arguments.data, arguments.models)
