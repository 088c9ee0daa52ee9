"""This module holds the network of `adain` and its translator."""

import torch
from torch import nn

import img2img


class Stylist(nn.Module):
    """Encodes photo and style, gives the photo's features the statistics of the style's, and decodes them."""

    def __init__(self, width):
        super().__init__()
        wide = 4 * width
        self.encoder = nn.Sequential(
            *(nn.Conv2d(3, width, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.ReLU()),
            *(nn.Conv2d(2 * width, wide, 3, stride=2, padding=1), nn.ReLU()),
            nn.Conv2d(wide, wide, 3, padding=1),
        )
        self.decoder = nn.Sequential(
            *(nn.Conv2d(wide, wide, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2)),
            *(nn.Conv2d(wide, 2 * width, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2)),
            *(nn.Conv2d(2 * width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 3, 3, padding=1)),
        )

    def forward(self, images, style):
        content = self.encoder(images).float()
        (own_std, own_mean), (std, mean) = statistics(content), statistics(self.encoder(style).float())
        return torch.sigmoid(self.decoder((content - own_mean) / own_std * std + mean))


class StyleTranslator(img2img.Translator):
    def __call__(self, images, style):
        return self.generator(images, style)


def statistics(features):
    """Return the standard deviation and the mean of each channel, (N, C, 1, 1)."""
    variance, mean = torch.var_mean(features, (2, 3), correction=0, keepdim=True)
    return (variance + 1e-5).sqrt(), mean
