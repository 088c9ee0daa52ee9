"""The promises of the contract, a module for each part; a new module takes its place in the lists here."""

from __future__ import annotations

from img2img.testing.promise import promises_of
from img2img.testing.promises import (
    commands,
    conditions,
    config,
    data,
    export,
    filters,
    importers,
    manners,
    network,
    package,
    reach,
    training,
    use,
)

FAMILY = promises_of(config, network, use, reach, conditions, data, training, export, manners)
"""What a model family promises."""
FILTER = promises_of(filters)
IMPORTER = promises_of(importers)
COMMAND = promises_of(commands)
PACKAGE = promises_of(package)
"""What a plugin promises as a package."""
