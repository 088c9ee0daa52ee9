"""This module carries closed captions (CEA-608 and 708) from the frames of a source to those of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.packet import PacketSideData, packet_sidedata_type_from_literal

from img2img.media.video.side_data import side_data

if TYPE_CHECKING:
    from img2img.media.image.images import Pixels

MOST_CAPTIONS = 3 * 31
"""Bytes of captions that a frame carries at most."""

_STORING = ("libx264", "libx265", "h264_nvenc", "hevc_nvenc")
"""Encoders that store captions."""


def captions_of(frame: av.VideoFrame | None) -> bytes:
    """Return the captions that come with a frame; none where the frame is lost."""
    return b"" if frame is None else side_data(frame, "A53_CC") or b""


def lost_captions(encoder: str) -> str:
    """Return a note for captions that an encoder does not store; empty where it stores them."""
    return "" if encoder in _STORING else f"left out: closed captions (CEA-608/708); {encoder} cannot store them"


def captioned(pixels: Pixels, captions: bytes) -> av.VideoFrame:
    """Return a frame of RGB, (H, W, 3) of uint8 or uint16, that carries captions."""
    name = "rgb48le" if pixels.dtype == np.uint16 else "rgb24"
    pixels = np.ascontiguousarray(pixels)
    if not captions:
        return av.VideoFrame.from_ndarray(pixels, format=name)
    # PyAV cannot attach captions to a frame; FFmpeg's decoder of raw pictures takes them from a packet.
    codec: Any = av.CodecContext.create("rawvideo", "r")
    codec.height, codec.width = pixels.shape[:2]
    codec.pix_fmt = name
    packet = av.Packet(pixels.tobytes())
    make: Any = PacketSideData  # its stubs lack the arguments
    data = make(packet_sidedata_type_from_literal("a53_cc"), len(captions))
    data.update(captions)
    packet.set_sidedata(data)
    (frame,) = codec.decode(packet)
    return frame
