"""Promises of families, part by part; a new module of promises takes its place in the list here."""

from __future__ import annotations

from typing import Any

from img2img.contract.families import ModelFamily
from img2img.testing.family import FamilySubject
from img2img.testing.promise import Materials, promises_of
from img2img.testing.promises import conditions, config, data, export, manners, network, reach, time, training, use

PARTS = (config, network, use, reach, time, conditions, data, training, export, manners)
PROMISES = promises_of(*(part.__name__ for part in PARTS))


def subject_of(family: ModelFamily[Any, Any], materials: Materials) -> FamilySubject:
    """Make a family the subject of promises, in a folder of its own."""
    folder = materials.folder / f"family {family.name}"
    folder.mkdir(exist_ok=True)
    return FamilySubject(family, folder, materials.options, materials.data)
