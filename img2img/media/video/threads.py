"""How a decoder may share out its work: such that what it says of damage depends on the file alone.

FFmpeg can decode several frames at once, or several slices of a frame. Either may lose what it knows of damage:

- H.264, frames at once: a picture may be given out before the thread that decodes it has marked it as damaged. On a
  busy machine the mark is lost.
- H.264, slices at once: errors are not gathered from all slices, and nothing is concealed.
- VP8, VP9, MPEG-4 and FFV1, frames at once: errors are lost, or what follows the damage looks different each time.
- VP8, one thread: it reports fewer errors than with slices at once, even where there is but one slice.

So the number of threads is fixed and never that of the processor's cores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.video.stream import VideoStream

_THREADS = 4
_FRAMES_AT_ONCE = {"hevc", "libdav1d"}
"""Decoders that may work on several frames at once: all they know of damage is known before a frame comes out."""
_ONE_THREAD = {"h264"}


def share_out(stream: VideoStream, blames_packets: bool) -> None:
    """Set the threads of a stream's decoder, before anything is decoded.

    Args:
        stream: The stream.
        blames_packets: Whether it must be known which packet an error is about, which frames at once hide.
    """
    codec = stream.codec_context
    stream.thread_type = "FRAME" if codec.name in _FRAMES_AT_ONCE and not blames_packets else "SLICE"
    codec.thread_count = 1 if codec.name in _ONE_THREAD else _THREADS
