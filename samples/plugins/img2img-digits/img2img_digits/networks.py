"""This module holds the generator and its translator, which make a picture of noise and a label."""

import torch
from torch import nn

import img2img
from img2img.nn.signed import from_signed


class Generator(nn.Module):
    """Doubles 4 × 4 pixels again and again; each layer is normalised for each picture by itself."""

    def __init__(self, classes, latent, width, doublings):
        super().__init__()
        self.widest = width * 2 ** min(doublings, 3)
        self.labels = nn.Embedding(classes, latent)
        self.first = nn.Linear(2 * latent, self.widest * 16)
        layers, channels = [], self.widest
        for level in reversed(range(doublings)):
            out = width * 2 ** min(level, 3)
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(channels, out, 3, padding=1)]
            layers += [nn.GroupNorm(1, out), nn.ReLU()]
            channels = out
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, 3, 3, padding=1), nn.Tanh())

    def forward(self, noise, label):
        """Make pictures (N, 3, H, W) in [-1, 1] of noise (N, latent) and the numbers of classes (N)."""
        start = self.first(torch.cat([noise, self.labels(label)], 1))
        return self.layers(start.unflatten(1, (self.widest, 4, 4)))


class LabelledNoise(img2img.Translator):
    def __call__(self, images, label):
        return from_signed(self.generator(images, label))
