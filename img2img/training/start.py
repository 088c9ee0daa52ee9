"""A start from the weights of another model."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from img2img.contract.trainers import Trainer
from img2img.errors import ConfigError, UsageError
from img2img.host.host import PluginHost
from img2img.models.store import find_model, open_model
from img2img.training.run import Run

log = logging.getLogger(__name__)


def start_from(model: str, run: Run, trainer: Trainer, host: PluginHost) -> None:
    """Give the generator of a model's direction its weights.

    Args:
        model: Model file or checkpoint, by path or name.
        run: The run, whose config is compared with the model's; weights may fit and yet mean something else.
        trainer: The trainer of the generator.
        host: Plugins that may open it.

    Raises:
        UsageError: The trainer has no such direction, the network is another one, or it sees images as no training's
            does.
    """
    info, translator = open_model(find_model(model), host)
    own = trainer.generators().get(info.direction)
    try:
        if own is None:
            raise RuntimeError(f"the run has no direction {info.direction!r}")
        own.load_state_dict(translator.generator.state_dict())
    except RuntimeError as error:
        raise UsageError(f"{info.path} is not of this run's network: {error}") from error
    options, own_options = json.loads(info.config), run.config.model_dump(mode="json")
    changed = {name: value for name, value in options.items() if own_options.get(name, value) != value}
    if changed:
        _compare(model, changed, run)


def _compare(model: str, changed: Mapping[str, Any], run: Run) -> None:
    made_with = ", ".join(f"{name}={value}" for name, value in changed.items())
    try:
        type(run.config).parse({**run.config.model_dump(), **changed})
    except ConfigError as error:
        raise UsageError(f"{model} was made with {made_with}, with which no training goes on: {error}") from error
    log.warning("%s was made with %s, and this run is not: its weights may mean something else", model, made_with)
