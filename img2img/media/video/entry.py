"""This module finds the key frame with which decoding begins, so that the frame at a chosen time can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av.error

from img2img.media.video.clock import Clock
from img2img.media.video.container import main_video, open_container

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer

_INDEXED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi")


def is_indexed(container: InputContainer) -> bool:
    """Return whether FFmpeg finds key frames of the format by an index; elsewhere it guesses, and may miss them."""
    return container.format.name in _INDEXED


def packets_before_key(path: Path, tick: int) -> int:
    """Return how many packets of the picture come before the last key frame that is shown at or before a time.

    The file is read up to that time, which costs far less than to decode it.

    Args:
        path: The file.
        tick: The time, in ticks of the video stream.
    """
    count = key = 0
    with open_container(path) as container:
        stream = main_video(container, path)
        try:
            for packet in Clock(container).packets([stream]):
                if packet.dts is not None and packet.dts > tick:
                    break
                if packet.is_keyframe and packet.pts is not None and packet.pts <= tick:
                    key = count
                count += bool(packet.size)
        except av.error.FFmpegError:  # what can be read before the damage is still shown
            pass
    return key
