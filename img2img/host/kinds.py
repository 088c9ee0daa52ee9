"""This module describes each kind of extension by one object: its words, its hook, and the class of its contract.

All code that deals with every kind goes through `KINDS`: the metadata of packages, the plugin host, the lists of
`img2img models` and `img2img plugins`, and the promises that `img2img check-plugin` checks. Importing this module
imports none of the classes that it names.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from img2img.errors import PluginError

if TYPE_CHECKING:
    from click import Command

    from img2img.contract.albums import AlbumSource, AlbumTarget
    from img2img.contract.clips import ClipSource, ClipTarget
    from img2img.contract.families import ModelFamily
    from img2img.contract.filters import Filter
    from img2img.contract.importers import Importer

T = TypeVar("T")

LONGEST_NAME = 100
"""Characters of the longest name of an extension."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One kind of extension; a plugin passes a `T` to `register`: an object of the contract's class, or a subclass."""

    noun: str
    plural: str
    """The plural of `noun`; the entry points of the group `img2img.PLURAL` declare such extensions."""
    contract: str
    """The class of the contract, as `module:class`; it is imported when an extension is registered."""
    hook: str = ""
    """The hook that registers such extensions; empty for observers, which are plugins or objects themselves."""
    by_class: bool = False
    """Whether plugins register subclasses instead of objects."""
    name_pattern: str = r"[a-z][a-z0-9_-]*"
    has_summary: bool = True
    further: Callable[[T], None] = lambda thing: None
    """A further check; it raises a PluginError."""
    title: str = ""
    """The heading of their list in `img2img models`; empty where they are not listed there."""
    promises: str = ""
    """The module with the promises that check-plugin checks (PROMISES and `subject_of`); empty for none."""

    @property
    def takes(self) -> str:
        """The argument of `register`, in words: `a ModelFamily`, `a subclass of Filter`, `a click.Command`."""
        module, _, name = self.contract.partition(":")
        name = name if module.startswith("img2img.") else f"{module}.{name}"
        article = "a subclass of" if self.by_class else "an" if name[0] in "AEIOU" else "a"
        return f"{article} {name}"

    def check(self, thing: T) -> None:
        """Check that an extension is of this kind and has a name that users can type.

        Raises:
            PluginError: The extension breaks the contract; the message says how.
        """
        contract = resolve_name(self.contract)
        fits = isinstance(thing, type) and issubclass(thing, contract) if self.by_class else isinstance(thing, contract)
        if not fits:
            raise PluginError(f"register() takes {self.takes}, not {thing!r}")
        owner = thing.__name__ if isinstance(thing, type) else type(thing).__name__
        for attribute in ("name", "summary") if self.has_summary else ("name",):
            if not isinstance(getattr(thing, attribute, None), str):
                raise PluginError(f"{owner} has no {attribute}")
        self.check_name(name_of(thing))
        self.further(thing)

    def check_name(self, name: str) -> None:
        """Check that users can type the name of an extension of this kind.

        Raises:
            PluginError: They cannot.
        """
        if len(name) > LONGEST_NAME or not re.fullmatch(self.name_pattern, name):
            raise PluginError(
                f"{reprlib.repr(name)} is no name for a {self.noun}: use lower-case letters, digits and _"
            )


def name_of(thing: Any) -> str:
    """Return the name of an extension of any kind."""
    return str(thing.name)


def _check_options(filter_class: type[Filter]) -> None:
    from img2img.contract.filters import FilterOptions

    if not issubclass(filter_class.options_class, FilterOptions):
        raise PluginError(f"the options_class of {filter_class.__name__} is no subclass of FilterOptions")


def _check_suffixes(importer: Importer) -> None:
    if not importer.suffixes or not all(re.fullmatch(r"(\.[a-z0-9]+)+", suffix) for suffix in importer.suffixes):
        raise PluginError(f"the importer {importer.name!r} has no suffixes such as '.onnx'")


def _check_suffix(name: str, noun: str) -> None:
    from img2img.media.formats import OWN_NAMES

    if name in OWN_NAMES:
        raise PluginError(f"{name!r} is no name for a {noun}: img2img itself knows files with that suffix; use another")


_PROMISES = "img2img.testing.promises"

FAMILIES: Kind[ModelFamily[Any, Any]] = Kind(
    "family",
    "families",
    "img2img.contract.families:ModelFamily",
    "register_models",
    name_pattern=r"[a-z][a-z0-9_]*",
    title="Families",
    promises=f"{_PROMISES}.families",
)
COMMANDS: Kind[Command] = Kind(
    "command",
    "commands",
    "click:Command",
    "register_commands",
    has_summary=False,
    promises=f"{_PROMISES}.commands",
)
FILTERS: Kind[type[Filter]] = Kind(
    "filter",
    "filters",
    "img2img.contract.filters:Filter",
    "register_filters",
    by_class=True,
    further=_check_options,
    title="Filters",
    promises=f"{_PROMISES}.filters",
)
IMPORTERS: Kind[Importer] = Kind(
    "importer",
    "importers",
    "img2img.contract.importers:Importer",
    "register_importers",
    further=_check_suffixes,
    title="Models of other programs",
    promises=f"{_PROMISES}.importers",
)
SOURCES: Kind[ClipSource] = Kind(
    "source",
    "sources",
    "img2img.contract.clips:ClipSource",
    "register_sources",
    name_pattern=r"[a-z][a-z0-9]+",  # one letter would be a drive of Windows
    further=lambda source: _check_suffix(source.name, "source"),
    title="Clips are also read from",
    promises=f"{_PROMISES}.sources",
)
TARGETS: Kind[ClipTarget] = Kind(
    "target",
    "targets",
    "img2img.contract.clips:ClipTarget",
    "register_targets",
    name_pattern=r"[a-z0-9]+",
    further=lambda target: _check_suffix(target.name, "target"),
    title="Clips are also written to",
    promises=f"{_PROMISES}.targets",
)
ALBUM_SOURCES: Kind[AlbumSource] = Kind(
    "album source",
    "album_sources",
    "img2img.contract.albums:AlbumSource",
    "register_album_sources",
    name_pattern=r"[a-z][a-z0-9]+",  # one letter would be a drive of Windows
    further=lambda source: _check_suffix(source.name, "album source"),
    title="Albums (sets of named pictures) are read from",
    promises=f"{_PROMISES}.album_sources",
)
ALBUM_TARGETS: Kind[AlbumTarget] = Kind(
    "album target",
    "album_targets",
    "img2img.contract.albums:AlbumTarget",
    "register_album_targets",
    name_pattern=r"[a-z0-9]+",
    further=lambda target: _check_suffix(target.name, "album target"),
    title="Albums are written to",
    promises=f"{_PROMISES}.album_targets",
)
OBSERVERS: Kind[object] = Kind("observer", "observers", "builtins:object", promises=f"{_PROMISES}.observers")

KINDS: tuple[Kind[Any], ...] = (
    FAMILIES, COMMANDS, FILTERS, IMPORTERS, SOURCES, TARGETS, ALBUM_SOURCES, ALBUM_TARGETS, OBSERVERS,
)  # fmt: skip
"""Every kind, in the order in which they are listed."""
