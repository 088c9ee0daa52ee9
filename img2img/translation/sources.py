"""A source of frames is decided when a job is planned, and opened when its clip is translated."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from img2img.errors import UsageError, VideoError
from img2img.host.kinds import SOURCES
from img2img.media.clip.opening import open_clip, open_images
from img2img.media.clip.part import Part, guarded
from img2img.text import printable
from img2img.translation.journal import digest, digest_file, stamp

if TYPE_CHECKING:
    from img2img.host.host import PluginHost
    from img2img.media.video import Clip, VideoOptions


@dataclass(frozen=True)
class Source(ABC):
    """A source says where the frames of a clip come from.

    Attributes:
        path: The path of the file or the folder; for an address that a plugin reads, the text that the user typed.
    """

    path: Path
    address = ""
    """`NAME:ADDRESS` as the user typed it, where the source is no file; otherwise empty."""

    @property
    def name(self) -> str:
        """Return the name that messages use for the source."""
        return printable(self.address or self.path)

    @abstractmethod
    def open(self, options: VideoOptions, max_pixels: int, host: PluginHost) -> Clip:
        """Open the part of the clip that the options choose.

        Raises:
            UsageError: An option that is needed is missing, such as the rate of images.
            VideoError: The clip cannot be read, or its frames have more than `max_pixels`.
        """

    def digest(self) -> str:
        """Return the SHA-256 of the whole source, by which a later job sees that it has not changed.

        Raises:
            VideoError: The clip cannot be read.
        """
        try:
            return self._digest()
        except OSError as error:
            raise VideoError(
                f"{error.filename}: cannot be read: {error.strerror}; check the path and its permissions"
            ) from error

    def stamp(self) -> object:
        """Return a value that stays equal until somebody changes or replaces the source, which is not read for it."""
        return [stamp(path) for path in self._files()]

    def check_unchanged(self, stamp: object, sha256: str) -> None:
        """Refuse a source that has changed since the `stamp` was taken and its SHA-256 computed.

        Raises:
            VideoError: The source has changed, or is gone.
        """
        if self.stamp() != stamp and self.digest() != sha256:
            raise VideoError(
                f"{self.name}: it was changed or replaced while it was translated; wait until nothing writes to it any "
                "more, and translate it again"
            )

    def _files(self) -> Sequence[Path]:
        return [self.path]

    def _digest(self) -> str:
        return digest_file(self.path)


class ClipFile(Source):
    """The clip is a video or an animation in a file."""

    def open(self, options: VideoOptions, max_pixels: int, host: PluginHost) -> Clip:
        """Open the file with the reader of its format."""
        return open_clip(self.path, options.start, options.end, max_pixels)


@dataclass(frozen=True)
class ImageSequence(Source):
    """The clip consists of images of a folder, in the order of showing."""

    images: tuple[Path, ...]

    def open(self, options: VideoOptions, max_pixels: int, host: PluginHost) -> Clip:
        """Open the images as a clip."""
        return open_images(self.images, options.fps, max_pixels)

    def _files(self) -> Sequence[Path]:
        return self.images

    def _digest(self) -> str:
        return digest("".join(map(digest_file, self.images)).encode())


@dataclass(frozen=True)
class PluginSource(Source):
    """The clip is in a file, or at an address, that a plugin reads.

    Attributes:
        kind: Name of the plugin's source.
        address: `NAME:ADDRESS` as the user typed it; empty for a file.
    """

    kind: str
    address: str = ""

    def open(self, options: VideoOptions, max_pixels: int, host: PluginHost) -> Clip:
        """Open the file or the address with the plugin's reader."""
        source = host.find(SOURCES, self.kind)
        if source.endless and options.end is None:
            raise UsageError(f"{self.name} never ends; give --end, such as --end 10")
        place = self.address.removeprefix(f"{self.kind}:") if self.address else str(self.path)
        clip = guarded(self.name, lambda: source.open(place, options.fps))
        return Part(clip, self.name, options.start, options.end, max_pixels)

    def _files(self) -> Sequence[Path]:
        return [] if self.address or not self.path.is_file() else [self.path]

    def _digest(self) -> str:
        return super()._digest() if self._files() else secrets.token_hex(32)  # it may show something else next time
