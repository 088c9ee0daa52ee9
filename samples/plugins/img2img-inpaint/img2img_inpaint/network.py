"""This module holds the network of `inpaint` and its translator."""

import torch
from torch import nn

import img2img


class Painter(nn.Module):
    """Looks twice as far with each convolution, and then half as far again; leaves what is not marked as it is."""

    def __init__(self, width, reach):
        super().__init__()
        distances = [2**level for level in range(reach)]
        distances += distances[-2::-1]
        self.halo = sum(distances) + 2
        layers = [nn.Conv2d(4, width, 3, padding=1), nn.ReLU()]
        for distance in distances:
            layers += [nn.Conv2d(width, width, 3, padding=distance, dilation=distance), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, images, mask):
        known = images * (1 - mask)
        return known + mask * torch.sigmoid(self.layers(torch.cat([known, mask], 1)))


class MaskTranslator(img2img.Translator):
    def __call__(self, images, mask):
        return self.generator(images, mask)
