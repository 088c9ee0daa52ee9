"""A target of frames is decided when a job is planned, and opened when the frames come."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from img2img.errors import UsageError
from img2img.host.kinds import TARGETS
from img2img.media import Folder, formats
from img2img.media.clip.animation import AnimationReader
from img2img.media.video import ClipInfo
from img2img.media.video.encoding import choose_encoding
from img2img.media.video.tracks import choose_tracks, holds_sound
from img2img.translation.sinks import AnimationSink, ImagesSink, Opaque, Sink, VideoSink, WriterSink

if TYPE_CHECKING:
    from collections.abc import Iterable

    from img2img.host.host import PluginHost
    from img2img.media.formats import Moving
    from img2img.media.video import Clip, VideoOptions
    from img2img.translation.place import Place

_USUAL = ClipInfo(64, 64, Fraction(1, 12800), Fraction(25))


@dataclass(frozen=True)
class Target(ABC):
    """A target says where the frames of a clip go.

    Attributes:
        path: The path of the file, or of the folder for numbered images.
    """

    path: Path
    is_folder: ClassVar[bool] = False
    """Whether the frames become files in a folder, which may exist already."""

    @abstractmethod
    def open(self, clip: Clip, info: ClipInfo, options: VideoOptions, host: PluginHost, place: Place) -> Sink:
        """Return the sink that takes the frames.

        Args:
            clip: The source.
            info: Size, rate and depth of the frames as they come out of the network.
            options: The user's options for clips.
            host: The plugins that write.
            place: The place of the target.

        Raises:
            UsageError: Such frames cannot be written to this target.
        """

    def prepare(self, *, replaces: bool) -> None:  # noqa: B027 - a file needs nothing
        """Make room for the frames in a folder.

        Args:
            replaces: Whether frames that exist there may be replaced.

        Raises:
            UsageError: There are frames already, which must not be replaced.
        """


class VideoFile(Target):
    """The clip becomes a video, which FFmpeg writes."""

    def open(self, clip: Clip, info: ClipInfo, options: VideoOptions, host: PluginHost, place: Place) -> Sink:
        """Return a sink that encodes a video."""
        encoding = choose_encoding(self.path.suffix.lower(), options, info)
        if info.tracks is None:
            return VideoSink(place, encoding, Opaque(options.ground))
        tracks = choose_tracks(info.tracks.file, encoding, drop_unsupported=options.drop_unsupported_streams)
        return VideoSink(place, encoding, Opaque(options.ground), tracks, info.tracks.begin, info.tracks.end)


@dataclass(frozen=True)
class AnimationFile(Target):
    """The clip becomes a file that holds moving pictures and no sound.

    Attributes:
        moving: How its format holds a clip.
    """

    moving: Moving

    def open(self, clip: Clip, info: ClipInfo, options: VideoOptions, host: PluginHost, place: Place) -> Sink:
        """Return a sink that writes an animation."""
        loops = clip.loops if isinstance(clip, AnimationReader) else 0
        writer = formats.load(self.moving.write)(self.path.suffix.lower(), info.time_base, loops, options.quality)
        return AnimationSink(place, writer, _silent(info))


@dataclass(frozen=True)
class NumberedImages(Target):
    """Each frame becomes an image in a folder, and its number the name.

    Attributes:
        suffix: The suffix of the images.
    """

    suffix: str
    is_folder: ClassVar[bool] = True

    def open(self, clip: Clip, info: ClipInfo, options: VideoOptions, host: PluginHost, place: Place) -> Sink:
        """Return a sink that writes images into the folder."""
        form = formats.of_suffix(self.suffix)
        opaque = None if form and form.still and form.still.alpha else Opaque(options.ground)
        return ImagesSink(place, self.suffix, options.quality, opaque, _silent(info))

    def prepare(self, *, replaces: bool) -> None:
        """Refuse a folder that holds numbered images, unless they may be replaced; remove leftovers of a killed job."""
        if not replaces and any(self.path.glob(f"[0-9]*{self.suffix}")):
            raise UsageError(
                f"there are numbered images in {self.path} already; replace them by --overwrite, or name another folder"
            )
        Folder(self.path).remove_leftovers(self.path)


@dataclass(frozen=True)
class PluginTarget(Target):
    """The clip becomes a file that a plugin writes.

    Attributes:
        kind: Name of the plugin's target.
    """

    kind: str

    def open(self, clip: Clip, info: ClipInfo, options: VideoOptions, host: PluginHost, place: Place) -> Sink:
        """Return a sink that hands the frames to the plugin."""
        kind = host.find(TARGETS, self.kind)
        return WriterSink(place, kind, info, Opaque(options.ground), () if kind.keeps_tracks else _silent(info))


def check_options(options: VideoOptions, targets: Iterable[Target]) -> None:
    """Refuse options that cannot be met, whatever the sources are.

    Args:
        options: The user's options for clips.
        targets: The targets of the clips.

    Raises:
        UsageError: The options contradict each other, or no encoder of that name can write such targets.
    """
    if options.fps is not None and options.fps <= 0:
        raise UsageError(f"{options.fps} frames a second cannot be shown; give more than 0")
    if (options.start or 0) < 0 or (options.end is not None and options.end <= (options.start or 0)):
        raise UsageError(f"nothing lies between start {options.start or 0} and end {options.end}; give start < end")
    for suffix in {target.path.suffix.lower() for target in targets if isinstance(target, VideoFile)}:
        choose_encoding(suffix, options, _USUAL)


def _silent(info: ClipInfo) -> tuple[str, ...]:
    has_sound = info.tracks is not None and holds_sound(info.tracks.file)
    return ("its sound and subtitles are not kept",) if has_sound else ()
