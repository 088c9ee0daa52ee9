"""Promises of importers, which open files of other programs as models."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import torch

from img2img.contract.importers import Importer
from img2img.errors import ModelFileError
from img2img.host.kinds import IMPORTERS
from img2img.testing.promise import Materials, Subject, keep, keep_name_and_summary, promise, promises_of


class ImporterSubject(Subject):
    """An importer that is held to promises."""

    def __init__(self, importer: Importer, folder: Path) -> None:
        super().__init__(f"importer {importer.name}")
        self.importer, self.folder = importer, folder


def subject_of(importer: Importer, materials: Materials) -> ImporterSubject:
    """Make an importer the subject of promises."""
    return ImporterSubject(importer, materials.folder)


@promise()
def it_has_a_name_and_a_summary_of_one_line(subject: ImporterSubject) -> None:
    keep_name_and_summary(IMPORTERS, subject.importer)


@promise()
def what_is_none_of_its_files_is_refused(subject: ImporterSubject) -> None:
    for suffix in subject.importer.suffixes:
        path = subject.folder / f"noise{suffix}"
        path.write_bytes(b"\x89 no model of anybody's \x00\xff" * 20)
        with suppress(ModelFileError):
            subject.importer.about(path, None)
        try:
            if not subject.importer.claims(path, None):
                continue
            subject.importer.open(path, None)
        except ModelFileError as error:
            keep(path.name in str(error), f"of {path.name}, which is noise, it says without naming it: {error}")
            continue
        keep(False, f"it opened {path.name}, which is noise")


@promise()
def a_table_of_tensors_of_nobody_is_not_claimed(subject: ImporterSubject) -> None:
    weights = {"of.nobody.weight": torch.zeros(3, 5), "of.nobody.bias": torch.zeros(3)}
    for suffix in subject.importer.suffixes:
        path = subject.folder / f"nobody{suffix}"
        with suppress(ModelFileError):
            keep(not subject.importer.claims(path, weights), f"it claims {path.name}, whose two tensors are of nobody")


PROMISES = promises_of(__name__)
