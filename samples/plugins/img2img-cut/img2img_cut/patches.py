"""Compares patches: a patch of the result is to be more like that of the source at its place than like any other."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy, normalize

FIRST_BLOCK = 12
"""Place of the first residual block among the layers of a generator that reduces by `blur`."""


class Patches(nn.Module):
    """Describes places of an image by what layers of the generator see there, each through a small network.

    Args:
        generator: The network whose layers look; it is not a part of this one.
        blocks: How many residual blocks it has.
        features: How many numbers describe a place.
    """

    def __init__(self, generator: nn.Module, blocks: int, features: int = 256):
        super().__init__()
        self.layers = sorted({0, 4, 8, FIRST_BLOCK, FIRST_BLOCK + blocks // 2})
        seen = look(generator, self.layers, torch.zeros(1, 3, 32, 32))
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(level.shape[1], features), nn.ReLU(), nn.Linear(features, features))
            for level in seen
        )

    def forward(self, levels: list[torch.Tensor], places: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return (N, P, features) for each layer, of length 1, at P places of what the layers saw."""
        chosen = (level.flatten(2)[:, :, place].mT for level, place in zip(levels, places, strict=True))
        return [normalize(head(rows), dim=2) for head, rows in zip(self.heads, chosen, strict=True)]


def look(generator: nn.Module, layers: list[int], images: torch.Tensor) -> list[torch.Tensor]:
    """Return what layers of the generator make of images in [-1, 1]."""
    found, features = [], images
    for number, layer in enumerate(generator.model[: layers[-1] + 1]):
        features = layer(features)
        if number in layers:
            found.append(features)
    return found


def choose(levels: list[torch.Tensor], count: int) -> list[torch.Tensor]:
    """Draw at most `count` different places on each level."""
    sizes = (level.shape[2] * level.shape[3] for level in levels)
    return [torch.randperm(size, device=levels[0].device)[:count] for size in sizes]


def contrast(queries: list[torch.Tensor], keys: list[torch.Tensor], temperature: float) -> torch.Tensor:
    """Return PatchNCE: the cross-entropy of finding for each place its own among all of the image (equation 3)."""
    losses = []
    for query, key in zip(queries, keys, strict=True):
        logits = (query.float() @ key.detach().float().mT / temperature).flatten(0, 1)
        own = torch.arange(query.shape[1], device=query.device).repeat(len(query))
        losses.append(cross_entropy(logits, own))
    return sum(losses) / len(losses)
