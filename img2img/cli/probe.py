"""This program imports plugins, each in a process of its own, and prints the outcome; `host/trial.py` runs it.

    python -m img2img.cli.probe PATHS SECONDS [LIMIT]

A plugin that hangs, crashes or ends its process harms no other, and slow plugins are imported side by side. Built-ins
are left out. The program prints a JSON list with a row for each plugin: its key, and the outcome of its import.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

from img2img.cli.messages import harmless_output
from img2img.host.declarations import Plugin
from img2img.host.host import PluginHost

DECIDED = ("key", "state", "problem", "provides", "seconds")
"""The attributes of a `Plugin` that stand in a row."""


def main(paths: list[str], seconds: float, limit: str | None = None) -> None:
    """Import all plugins but the built-ins, and print the outcome.

    Args:
        paths: The `sys.path` of the calling program.
        seconds: The longest time for all imports together.
        limit: Names of the plugins to use; None allows all.
    """
    sys.path[:] = paths
    answer = os.dup(1)
    os.dup2(2, 1)  # the output of a plugin's import must not get into the answer
    host = PluginHost.discover(limit=limit)
    strangers = [plugin for plugin in host.plugins if plugin.state == "ok" and not plugin.built_in]
    with harmless_output():
        rows = json.dumps(_probe(host, strangers, seconds, answer))
    with os.fdopen(answer, "w") as file:
        file.write(rows)
    os._exit(0)  # at once, since threads that a plugin started may wait for ever


def _probe(host: PluginHost, plugins: list[Plugin], seconds: float, answer: int) -> list[dict[str, Any]]:
    if "fork" not in multiprocessing.get_all_start_methods():  # on Windows, one after the other in this process
        return [_row(host, plugin) for plugin in plugins]
    context = multiprocessing.get_context("fork")
    started = []
    for plugin in plugins:
        reader, writer = context.Pipe(duplex=False)
        child = context.Process(target=_send, args=(host, plugin, writer, answer), daemon=True)
        child.start()
        writer.close()
        started.append((plugin, child, reader))
    deadline = time.monotonic() + seconds
    for plugin, child, reader in started:
        try:
            if not reader.poll(max(0, deadline - time.monotonic())):
                plugin.refuse("broken", f"its import takes longer than {seconds:g} s")
                continue
            for name, value in reader.recv().items():
                if name != "key":
                    setattr(plugin, name, value)
        except EOFError:
            child.join()
            plugin.refuse("broken", f"its import ends the process, with status {child.exitcode}")
        finally:
            child.kill()
    return [{name: getattr(plugin, name) for name in DECIDED} for plugin in plugins]


def _send(host: PluginHost, plugin: Plugin, pipe: Connection, answer: int) -> None:
    os.close(answer)  # else the caller would wait for the processes that the plugin starts
    pipe.send(_row(host, plugin))


def _row(host: PluginHost, plugin: Plugin) -> dict[str, Any]:
    host.load(plugin)
    return {name: getattr(plugin, name) for name in DECIDED}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:])
