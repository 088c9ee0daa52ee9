"""This package reads and writes video files: frames with their times, sound, subtitles and the rest of a file.

Importing it does not import PyAV; its modules do.
"""

from __future__ import annotations

from img2img.media.clip.frames import Clip, ClipInfo, Frame, TracksOf
from img2img.media.video.options import VideoOptions

__all__ = ["Clip", "ClipInfo", "Frame", "TracksOf", "VideoOptions"]
