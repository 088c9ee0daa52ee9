"""This module opens video files by their content, and refuses formats that refer to other files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
from av.stream import Disposition

from img2img.errors import VideoError
from img2img.media.video.ending import boxes

if TYPE_CHECKING:
    from io import BufferedReader

    from av.container import InputContainer
    from av.video.stream import VideoStream

# Playlists (hls, dash, concat, sdp, …) are not among them: they make FFmpeg open the files and addresses they name.
_FORMATS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "m4v", "h264", "hevc", "av1", "obu", "ivf", "flv", "asf",
    "ogg", "nut", "mxf", "dv", "rm", "wtv", "gxf", "yuv4mpegpipe", "apng", "mjpeg",
)  # fmt: skip

_BUFFER = 1 << 20


@contextmanager
def open_container(path: Path, *, raw: bool = False) -> Iterator[InputContainer]:
    """Open a video file for reading.

    Args:
        path: The file.
        raw: Whether packets come as they are stored, without being cut into pictures.

    Raises:
        VideoError: The file is missing, forbidden, cut off before its index, or no video file.
    """
    with ExitStack() as stack:
        try:
            if not path.is_file():
                raise VideoError(f"{path}: this is not a regular file; give the path of a video file")
            if not path.stat().st_size:
                raise VideoError(f"{path}: the file is empty (0 bytes); copy it again from where it came from")
            # FFmpeg gets a file object, since a name could make it choose a protocol or guess the format.
            file = stack.enter_context(path.open("rb"))
            container = stack.enter_context(_open(file, raw))
        except av.error.FFmpegError as error:
            raise VideoError(f"{path}: {_why_not(path)} ({reason(error)})") from error
        except OSError as error:
            raise VideoError(f"{path}: cannot be read: {error.strerror}; check the path and its permissions") from error
        yield container


def main_video(container: InputContainer, path: Path) -> VideoStream:
    """Return the video stream that a player would show.

    Raises:
        VideoError: The file holds no video; a cover picture does not count as one.
    """
    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not pictures:
        found = ", ".join(f"{s.type} ({s.codec_context.name})" for s in container.streams if s.codec_context)
        raise VideoError(f"{path}: it holds no video, only {found or 'nothing'}; give a file with a picture")
    streams = [s for s in pictures if s.codec_context]
    if not streams:
        raise VideoError(
            f"{path}: its picture is stored in a codec that is not known here; convert it to H.264 with the "
            "program that made it"
        )
    return next((s for s in streams if s.disposition & Disposition.default), streams[0])


def reason(error: BaseException) -> str:
    """Return FFmpeg's words for an error."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _open(file: BufferedReader, raw: bool) -> InputContainer:
    is_png = file.peek(8).startswith(b"\x89PNG")  # FFmpeg takes it for one image where a long profile comes first
    options = {"format_whitelist": ",".join(_FORMATS), "protocol_whitelist": ""}  # so that no file opens another
    return av.open(
        file,
        "r",
        format="apng" if is_png else None,
        options=options | ({"fflags": "+noparse+nofillin"} if raw else {}),
        metadata_errors="replace",
        buffer_size=_BUFFER,
    )


def _why_not(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(64)
        if head[4:8] in (b"ftyp", b"mdat", b"moov", b"wide", b"free", b"skip", b"pnot"):
            if any(kind == b"moov" for kind, _ in boxes(file, path.stat().st_size)):
                return "its index (moov), or what follows it, is damaged or cut off; copy it again, or repair it"
            return "its index (moov) is missing: the recording or the copy was cut off; copy it again, or repair it"
    if head.startswith((b"#EXTM3U", b"ffconcat", b"v=0")):
        return "this is a playlist, which may name any file or address; give the video files themselves"
    return f"this is no video in a known format (it begins with {head[:8]!r}); give a video file"
