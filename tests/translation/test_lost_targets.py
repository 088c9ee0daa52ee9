"""Targets that are gone when their job ends have failed, whatever was said of them before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from img2img import PluginHost, hookimpl
from img2img.translation.report import Report

Again = Callable[..., Report]

LOSSES: dict[str, Callable[[Path], object]] = {
    "removed": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "replaced by a folder": lambda path: (path.unlink(), path.mkdir()),
    "replaced by a link to nothing": lambda path: (path.unlink(), path.symlink_to("nothing")),
}


class Loser:
    """Loses the targets of the given hook."""

    def __init__(self, hook: str, lose: Callable[[Path], object]) -> None:
        self.hook, self.lose = hook, lose

    @hookimpl
    def batch_translated(self, items: Any) -> None:
        if self.hook == "batch_translated":
            self.lose(items[0].target)

    @hookimpl
    def translation_finished(self, report: Any) -> None:
        if self.hook == "translation_finished":
            self.lose(report.items[0].target)


@pytest.mark.parametrize("way", LOSSES)
def test_a_target_that_is_lost_has_failed(way: str, again: Again, host: PluginHost) -> None:
    host.add_observer(Loser("translation_finished", LOSSES[way]))
    (lost,) = [item for item in again().items if item.status == "failed"]
    assert "it was there, and a plugin or another program has removed or emptied it" in lost.reason


def test_items_that_are_lost_on_the_way_stand_as_failed_in_the_report(
    again: Again, host: PluginHost, tmp_path: Path
) -> None:
    host.add_observer(Loser("batch_translated", Path.unlink))
    report = again(report=tmp_path / "report.json")
    assert (report.counts["failed"], report.counts["done"]) == (7, 0)
    assert '"failed": 7' in (tmp_path / "report.json").read_text()
