"""The network: it estimates how far each pixel between two frames has moved, fetches it from both, and mixes."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import grid_sample, interpolate, relu

REACH = 16
"""Motion in pixels that the network says by 1."""


class Between(nn.Module):
    """(N, 2, 3, H, W), two frames, to (N, 2, 3, H, W): the first of them, and the frame between them."""

    def __init__(self, width):
        super().__init__()
        sizes = [width, width * 3 // 2, width * 2, width * 3]
        self.into = nn.Conv2d(6, width, 5, padding=2, stride=2)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, stride=2) for a, b in pairwise(sizes))
        self.same = nn.ModuleList(nn.Conv2d(size, size, 3, padding=1) for size in sizes[1:])
        self.up = nn.ModuleList(nn.Conv2d(b, a, 3, padding=1) for a, b in pairwise(sizes))
        self.last = nn.Conv2d(width, 8, 3, padding=1)
        nn.init.zeros_(self.last.weight)  # the training begins with the mean of both frames
        nn.init.zeros_(self.last.bias)

    def forward(self, frames):
        found = self.look(frames.flatten(1, 2)).float()
        first, last = (frames[:, n].float() for n in range(2))
        towards = [moved(frame, found[:, 2 * n : 2 * n + 2] * REACH) for n, frame in enumerate((first, last))]
        share = (found[:, 4:5]).sigmoid()
        between = share * towards[0] + (1 - share) * towards[1] + found[:, 5:8]
        return torch.stack([first, between], 1)

    def look(self, pair):
        level = relu(self.into(pair))
        levels = []
        for down, same in zip(self.down, self.same, strict=True):
            levels.append(level)
            level = relu(down(level))
            level = level + relu(same(level))
        for up, finer in zip(reversed(self.up), reversed(levels), strict=True):
            level = finer + relu(up(interpolate(level, size=finer.shape[2:], mode="bilinear")))
        return interpolate(self.last(level).float(), scale_factor=2, mode="bilinear")


def moved(image, motion):
    """Return (N, 3, H, W) whose pixels are fetched from where the motion (N, 2, H, W), across and down, points to."""
    height, width = image.shape[2:]
    x, y = torch.arange(width, device=image.device), torch.arange(height, device=image.device)
    across = (2 * (x + motion[:, 0]) + 1) / width - 1
    down = (2 * (y[:, None] + motion[:, 1]) + 1) / height - 1
    return grid_sample(image, torch.stack([across, down], -1), padding_mode="border", align_corners=False)
