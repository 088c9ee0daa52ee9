"""The network that sees a frame, and what it made of and kept from the frame before."""

import torch
from torch import nn
from torch.nn.functional import relu


class Cell(nn.Module):
    """Takes the noise from a frame (N, 3, H, W); the second result goes into the next call, and None into the first."""

    def __init__(self, width, depth):
        super().__init__()
        self.width = width
        self.first = nn.Conv2d(6 + width, width, 3, padding=1)
        self.layers = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth - 1))
        self.noise = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, frame, kept=None):
        if kept is None:
            kept = torch.cat([frame, frame.new_zeros(len(frame), self.width, *frame.shape[2:])], 1)
        hidden = relu(self.first(torch.cat([frame, kept], 1)))
        for layer in self.layers:
            hidden = hidden + relu(layer(hidden))
        result = frame - self.noise(hidden)
        return result, torch.cat([result, hidden.tanh()], 1)
