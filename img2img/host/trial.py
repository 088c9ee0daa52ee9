"""This module tries in other processes whether plugins can be imported: one that ends its process harms no other."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from img2img.errors import UsageError
from img2img.host.declarations import Plugin

LONGEST_LISTING = 20.0
"""Seconds for the imports of all plugins when they are only listed; one that is not done by then counts as broken."""
LONGEST_IMPORT = 120.0
"""Seconds before a plugin is refused that a command needs: on a busy machine, importing torch takes a minute."""

log = logging.getLogger(__name__)


def try_all(plugins: Sequence[Plugin], limit: str | None) -> None:
    """Import strangers' plugins in processes of their own, and set the state of each.

    Args:
        plugins: All plugins.
        limit: Names of the plugins that may be used, separated by commas; None means all.
    """
    if any(plugin.state == "ok" and not plugin.built_in for plugin in plugins):
        rows = _outcomes(limit, LONGEST_LISTING)
        for plugin in plugins:
            for name, value in rows.get(plugin.key, {}).items():
                setattr(plugin, name, value)


def refuse_deadly(plugins: Sequence[Plugin]) -> None:
    """Refuse the plugins whose import ends the process or takes for ever.

    A version of a plugin that did neither is noted in the user's cache, and not tried again.

    Args:
        plugins: Some that are about to be imported in this process.
    """
    unknown = [plugin for plugin in plugins if not _is_noted(plugin)]
    if not unknown or not sys.executable:
        return
    try:
        rows = _outcomes(",".join(plugin.name for plugin in unknown), LONGEST_IMPORT)
    except OSError as error:  # no other process may be started here
        log.info("plugins are imported without a trial: %s", error)
        return
    for plugin in unknown:
        row = rows.get(plugin.key, {})
        if row.get("state") == "broken" and row["seconds"] is None:
            plugin.refuse("broken", row["problem"])
            log.warning(
                "the plugin %s is not used: %s; remove it, or leave it out by --plugins", plugin, plugin.problem
            )
        else:
            _note(plugin)


def _outcomes(limit: str | None, seconds: float) -> dict[str, dict[str, Any]]:
    """Return what came of the imports: the key of each plugin to its changed attributes."""
    words = [sys.executable, "-P", "-m", "img2img.cli.probe", json.dumps(sys.path), str(seconds)]
    done = subprocess.run([*words, *([] if limit is None else [limit])], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise UsageError(
            f"the trial of the plugins ended with status {done.returncode}; use only some of them, by --plugins a,b,c"
        )
    return {row.pop("key"): row for row in json.loads(done.stdout)}


def _is_noted(plugin: Plugin) -> bool:
    place = _place(plugin)
    with suppress(OSError):
        return place.read_text("utf-8") == _fingerprint(plugin)
    return False


def _note(plugin: Plugin) -> None:
    place = _place(plugin)
    with suppress(OSError):  # without a cache, it is tried again the next time
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_fingerprint(plugin), "utf-8")


def _place(plugin: Plugin) -> Path:
    name = hashlib.sha256(f"{sys.prefix} {plugin.key}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return user_cache_path("img2img", appauthor=False) / "imports" / name


def _fingerprint(plugin: Plugin) -> str:
    """Describe a plugin by its version, that of Python, and the state of its file, which its author may change."""
    file = ""
    with suppress(Exception):  # finding may run code of others
        spec = find_spec(plugin.entry_point.module.partition(".")[0]) if plugin.entry_point else None
        if spec and spec.origin:
            status = Path(spec.origin).stat()
            file = f"{spec.origin} {status.st_mtime_ns} {status.st_size}"
    return json.dumps([plugin.version, sys.version, file])
