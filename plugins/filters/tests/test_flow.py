"""What moves is found, and what is hidden is known."""

from __future__ import annotations

import cv2
import numpy as np
from img2img_filters.flow import enlarge, flow, visible, warp

from .conftest import GROUND, HEIGHT, WIDTH, clip


def test_the_flow_says_where_a_pixel_was_and_warp_fetches_it_from_there() -> None:
    now, before = (np.ascontiguousarray(GROUND[:HEIGHT, left : left + WIDTH]) for left in (13, 10))
    motion = flow(*(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (now, before)))
    inner = np.s_[20:-20, 20:-20]
    assert np.median(np.abs(motion[inner] - [3, 0])) < 0.1
    assert cv2.PSNR(warp(before, motion)[inner], now[inner]) > 30
    assert np.median(np.abs(enlarge(motion, 2 * HEIGHT, 2 * WIDTH)[40:-40, 40:-40] - [6, 0])) < 0.2


def test_what_was_hidden_or_outside_is_not_visible() -> None:
    frames = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in clip(4)]
    seen = visible(flow(frames[3], frames[0]), flow(frames[0], frames[3]))
    assert not seen[:, -3:].any()
    assert seen[110:140, 10:170].mean() > 0.95
    behind = np.s_[60:80, 60 + 9 - 32 - 12 : 60 + 9 - 32 - 2]  # the ground that the disc has left
    assert seen[behind].mean() < 0.3
