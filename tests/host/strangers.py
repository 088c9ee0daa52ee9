"""Plugins of strangers, as text to install, and how to look at what came of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from img2img import PluginHost
from img2img.host.declarations import Plugin

Install = Callable[..., str]
BUILT_IN = ["cyclegan", "pix2pix", "srgan", "stargan"]

FAMILY = """
    import img2img

    class {name}(img2img.ModelFamily):
        name, summary = "{name}", "does nothing"
        config_class = training_class = dataset = build_generator = trainer = translator = None

    @img2img.hookimpl
    def register_models(register):
        register({name}())
"""

OBSERVER = """
    import img2img
    SEEN = []

    @img2img.hookimpl
    def training_stepped(step):
        SEEN.append(step)
"""

COMMAND = """
    import click, img2img

    @click.command("greet")
    def greet():
        "Say hello."
        click.echo("hello")

    @img2img.hookimpl
    def register_commands(register):
        register(greet)
"""


def loaded() -> PluginHost:
    """The installed plugins, each imported."""
    host = PluginHost.discover()
    host.load_all()
    return host


def step(host: PluginHost, number: int) -> None:
    host.notify("training_stepped", run=SimpleNamespace(folder=Path()), step=number, losses={})


def plugin_of(host: PluginHost, name: str) -> Plugin:
    (plugin,) = [plugin for plugin in host.plugins if plugin.name == name]
    return plugin
