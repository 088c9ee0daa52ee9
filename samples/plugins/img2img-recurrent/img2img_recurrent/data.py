"""Noisy clips, made of photos over which a camera drifts."""

import numpy as np
import torch
from torch.nn.functional import grid_sample

import img2img
from img2img.datasets import ImageCache, to_tensor


class Noisy:
    """The source is a clip with noise, (T, 3, H, W), the target the same without."""

    paired = True

    def __init__(self, paths, config):
        self.paths, self.config, self.images = paths, config, ImageCache()

    def __len__(self):
        return len(self.paths)

    def files(self):
        return self.paths

    def sample(self, index, rng):
        photo = to_tensor(self.images.read(self.paths[index]))
        size = photo.shape[1:] if rng is None else (self.config.crop, self.config.crop)
        chance = np.random.default_rng((0, index)) if rng is None else rng
        clean = self.drift(photo, size, chance)
        noise = torch.from_numpy(chance.normal(0, self.config.noise, clean.shape)).float()
        return img2img.Sample((clean + noise).clamp(0, 1), clean, name=self.paths[index].name)

    def drift(self, photo, size, chance):
        """Return (T, 3, *size): what is seen of (3, H, W) from frame to frame."""
        height, width = photo.shape[1:]
        corner = [chance.uniform(0, max(0, side - of)) for side, of in zip((height, width), size, strict=True)]
        speed = chance.uniform(-self.config.speed, self.config.speed, 2)
        times = torch.arange(self.config.frames)[:, None, None]
        rows = corner[0] + times * speed[0] + torch.arange(size[0])[:, None] + torch.zeros(size[1])
        columns = corner[1] + times * speed[1] + torch.arange(size[1]) + torch.zeros(size[0], 1)
        grid = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], -1).float()
        frames = photo.expand(self.config.frames, -1, -1, -1)
        return grid_sample(frames, grid, padding_mode="reflection", align_corners=False).clamp(0, 1)
