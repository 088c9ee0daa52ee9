"""This module keeps the runtime and its dependencies at their versions when plugins are installed.

Other plugins were written and models were trained with these versions, and the runtime was tested with them; a plugin
that needs other versions belongs in an environment of its own.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from img2img.errors import PluginError
from img2img.host.declarations import DISTRIBUTION

STRANGER = "img2img"
"""A package of PyPI by somebody else that has the name of the program's import package."""

OPENCV = "opencv-python"
OPENCV_WHEELS = (OPENCV, "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
"""Wheels with the same files; if two are installed, the later one has overwritten the earlier."""


@dataclass(frozen=True)
class Limits:
    """The packages that an installation must not change or add."""

    kept: dict[str, str]
    """Name to version of each package that stays as it is."""
    barred: frozenset[str]
    """Packages that must not be installed, in any version."""
    opencv: str
    """The installed wheel of OpenCV."""

    @classmethod
    def of_this_environment(cls) -> Limits:
        """Read the limits from the installed packages.

        Raises:
            PluginError: The runtime is not installed.
        """
        kept = _needs_of(DISTRIBUTION)
        if not kept:
            raise PluginError(f"{DISTRIBUTION} itself is not installed here; do that first, with pip")
        wheels = {wheel: version for name in OPENCV_WHEELS for wheel, version in _needs_of(name).items()}
        opencv = next((name for name in OPENCV_WHEELS if name in wheels), OPENCV)
        barred = frozenset({STRANGER, *OPENCV_WHEELS} - {OPENCV, *wheels})
        # Another wheel of OpenCV counts as the one that the runtime requires.
        return cls({OPENCV: wheels.get(opencv, "0")} | kept | wheels, barred, opencv)

    @property
    def names(self) -> set[str]:
        """The names of all packages that have limits."""
        return {*self.kept, *self.barred}

    @contextmanager
    def options(self, *, uv: bool) -> Iterator[tuple[list[str], dict[str, str]]]:
        """Yield the options for pip or uv that apply the limits, and the environment variables to run it with.

        Where another wheel of OpenCV is installed than the one that the runtime requires, pip takes that one for
        installed too.
        """
        lines = [f"{name}=={version}" for name, version in self.kept.items()] + [f"{name}<0" for name in self.barred]
        options, environment = [], dict(os.environ)
        with TemporaryDirectory(prefix="img2img-") as folder:
            options += ["--constraint", _write(folder, "constraints.txt", *lines)]
            if self.opencv != OPENCV and uv:
                options += ["--override", _write(folder, "overrides.txt", f"{OPENCV}; python_version < '0'")]
            elif self.opencv != OPENCV:
                words = ("Metadata-Version: 2.1", f"Name: {OPENCV}", f"Version: {self.kept[OPENCV]}")
                _write(folder, f"{OPENCV.replace('-', '_')}-{self.kept[OPENCV]}.dist-info/METADATA", *words)
                environment["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))
            yield options, environment


def canonical(name: str) -> str:
    """Return the canonical spelling of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distribution_of(name: str) -> str:
    """Return the distribution that a requirement, a path or a URL names; empty where only pip can find out."""
    path = Path(name.partition("[")[0])
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        return canonical(tomllib.loads((path / "pyproject.toml").read_text("utf-8"))["project"]["name"])
    if archive := re.match(r"([\w.-]+?)-\d[^/]*\.(whl|tar\.gz|zip)$", path.name):
        return canonical(archive[1])
    requirement = re.match(r"([A-Za-z0-9][\w.-]*)\s*($|[\[<>=!~;@(])", name)
    return canonical(requirement[1]) if requirement else ""


def _write(folder: str, name: str, *lines: str) -> str:
    path = Path(folder, name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


def _needs_of(root: str) -> dict[str, str]:
    """Return name and version of a distribution and of all its dependencies that are installed, at any depth."""
    found: dict[str, str] = {}
    names = [root]
    while names:
        name = canonical(names.pop())
        with suppress(PackageNotFoundError):  # it may be needed only on another system
            dist = distribution(name)
            if name not in found:
                found[name] = dist.version
                needs = [need for need in dist.requires or () if "extra" not in need.partition(";")[2]]
                names += [re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needs]
    return found
