"""Importers: they open as models what other programs wrote."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from img2img.contract.importers import Importer
from img2img.errors import ModelFileError
from img2img.testing.promise import Subject, keep, promise


class ImporterSubject(Subject):
    """An importer."""

    def __init__(self, importer: Importer, folder: Path) -> None:
        super().__init__(f"importer {importer.name}")
        self.importer, self.folder = importer, folder


@promise()
def what_is_none_of_its_files_is_refused(subject: ImporterSubject) -> None:
    for suffix in subject.importer.suffixes:
        path = subject.folder / f"noise{suffix}"
        path.write_bytes(b"\x89 no model of anybody's \x00\xff" * 20)
        with suppress(ModelFileError):
            subject.importer.about(path)
        try:
            subject.importer.open(path)
        except ModelFileError as error:
            keep(path.name in str(error), f"of {path.name}, which is noise, it says without naming it: {error}")
            continue
        keep(False, f"it opened {path.name}, which is noise")
