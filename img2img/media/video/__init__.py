"""Video in and out: frames with their times, and everything else that a file holds.

What needs PyAV is loaded when it is first used.
"""

from __future__ import annotations

from img2img.media.clip.frames import Clip, ClipInfo, Frame
from img2img.media.video.options import VideoOptions

__all__ = ["Clip", "ClipInfo", "Frame", "VideoOptions"]
