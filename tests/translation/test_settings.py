"""Which change of the settings makes a job do its targets again: files that filters read count by content."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import img2img
from img2img import PluginHost, hookimpl
from img2img.errors import UsageError
from img2img.host.declarations import Plugin
from img2img.translation.report import Report

Again = Callable[..., Report]


class MaskOptions(img2img.FilterOptions):
    file: Path | None = None
    name: str = ""
    more: tuple[Path, ...] = ()


class Mask(img2img.Filter):
    name, summary, options_class = "mask", "adds the first byte of a file", MaskOptions

    def after(self, source: Any, result: Any) -> Any:
        paths = [self.options.file or self.options.name or self.options.more[0]]
        return result + np.uint8(sum(Path(path).read_bytes()[0] for path in paths if os.path.isfile(path)))  # noqa: PTH113


class Plugins:
    @hookimpl
    def register_filters(self, register: Callable[[Any], None]) -> None:
        register(Mask)


@pytest.fixture(autouse=True)
def _mask(host: PluginHost, tmp_path: Path) -> None:
    host.register(Plugins(), Plugin("mask", "img2img-mask", "1"))
    (tmp_path / "m.jpg").write_bytes(b"\1first")


@pytest.mark.parametrize("option", ["file={}", "name={}", 'more=["{}"]'])
def test_a_filter_s_file_that_was_replaced_makes_the_targets_other_ones(
    option: str, again: Again, tmp_path: Path
) -> None:
    filters = [f"mask:{option.format(tmp_path / 'm.jpg')}"]
    assert again(filters=filters).counts["done"] == 7
    assert again(filters=filters).counts["skipped"] == 7
    (tmp_path / "m.jpg").write_bytes(b"\2other")
    with pytest.raises(UsageError, match="7 of 7 targets exist and were not made with this model and these settings"):
        again(filters=filters)
    assert again(filters=filters, overwrite=True).counts["done"] == 7
    (tmp_path / "m.jpg").touch()
    assert again(filters=filters).counts["skipped"] == 7


def test_a_file_in_a_filter_s_folder_counts_too(again: Again, tmp_path: Path) -> None:
    (tmp_path / "masks" / "deep").mkdir(parents=True)
    (tmp_path / "masks" / "deep" / "m.jpg").write_bytes(b"\1")
    filters = [f"mask:file={tmp_path / 'masks'}"]
    again(filters=filters)
    assert again(filters=filters).counts["skipped"] == 7
    (tmp_path / "masks" / "deep" / "m.jpg").write_bytes(b"\2")
    with pytest.raises(UsageError, match="were not made with this model and these settings"):
        again(filters=filters)


def test_a_text_that_names_no_file_is_a_text(again: Again) -> None:
    for text in ("x" * 5000, "a/b", "\\0"):
        filters = [f"mask:name='{text}'"]
        again(filters=filters, overwrite=True)
        assert again(filters=filters).counts["skipped"] == 7
