"""This plugin reads pictures from zip files, from web addresses and from tables, and writes zip files."""

from __future__ import annotations

from collections.abc import Callable

import img2img


@img2img.hookimpl
def register_album_sources(register: Callable[[img2img.AlbumSource], None]) -> None:
    """Register the sources `zip`, `http`, `https` and `table`."""
    from .archive import ZipSource
    from .table import TableSource
    from .web import HttpSource, HttpsSource

    register(ZipSource())
    register(HttpSource())
    register(HttpsSource())
    register(TableSource())


@img2img.hookimpl
def register_album_targets(register: Callable[[img2img.AlbumTarget], None]) -> None:
    """Register the target `zip`."""
    from .archive import ZipTarget

    register(ZipTarget())
