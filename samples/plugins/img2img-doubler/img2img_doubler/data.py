"""Clips of three frames, made of photos: a view that moves, and a piece of another place that moves over it."""

import numpy as np
import torch
from torch.nn.functional import grid_sample

import img2img
from img2img.datasets import ImageCache, to_tensor

TIMES = (0, 0.5, 1)


class Moving:
    """The source is the first and the last frame, the target the first and the one between: (2, 3, H, W) each."""

    paired = True

    def __init__(self, paths, crop, speed):
        self.paths, self.crop, self.speed, self.images = paths, crop, speed, ImageCache()

    def __len__(self):
        return len(self.paths)

    def files(self):
        return self.paths

    def sample(self, index, rng):
        photo = to_tensor(self.images.read(self.paths[index]))
        size = photo.shape[1:] if rng is None else (self.crop, self.crop)
        chance = np.random.default_rng((0, index)) if rng is None else rng
        behind, before = (self.view(photo, size, chance) for _ in range(2))
        shape = self.view(blob(photo, chance), size, chance)
        frames = behind + (before - behind) * (shape > 0.5)
        return img2img.Sample(frames[[0, 2]], frames[:2], name=self.paths[index].name)

    def view(self, photo, size, chance):
        """Return (3, C, *size): what a camera sees of (C, H, W) that drifts, turns and zooms from frame to frame."""
        height, width = photo.shape[1:]
        y, x = (torch.arange(side) - side / 2 for side in size)
        centre = [
            chance.uniform(0, side) if side > of else side / 2 for side, of in zip((height, width), size, strict=True)
        ]
        (down, across), (turn, zoom) = chance.uniform(-self.speed, self.speed, 2), chance.normal(0, 0.01, 2)
        grids = []
        for time in TIMES:
            grow, angle = 1 + zoom * time, turn * time
            rows = centre[0] + down * time + grow * (y[:, None] * np.cos(angle) + x * np.sin(angle))
            columns = centre[1] + across * time + grow * (x * np.cos(angle) - y[:, None] * np.sin(angle))
            grids.append(torch.stack([2 * columns / width - 1, 2 * rows / height - 1], -1))
        grid = torch.stack(grids).float()
        return grid_sample(photo.expand(3, -1, -1, -1), grid, padding_mode="reflection", align_corners=False).clamp(
            0, 1
        )


def blob(photo, chance):
    """Draw an ellipse, (1, H, W), 1 inside and 0 outside."""
    height, width = photo.shape[1:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    (down, across), (high, wide) = chance.uniform(-1, 1, 2), chance.uniform(0.05, 0.4, 2)
    return (((y - down) / high).square() + ((x - across) / wide).square() < 1).float()[None]
