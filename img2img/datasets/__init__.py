"""Datasets read the known folder layouts, and say how source and target of a training relate."""

from __future__ import annotations

from img2img.datasets.conditions import ConditionFiles, Conditions, at_random, by_name
from img2img.datasets.files import hold_out, list_images
from img2img.datasets.geometry import Geometry
from img2img.datasets.labelled import Labelled, class_names, labelled
from img2img.datasets.made_pairs import MadePairs, MakeSource, made_pairs
from img2img.datasets.noise import NoiseAndPictures, noise_and_pictures
from img2img.datasets.paired import Paired, paired
from img2img.datasets.pixels import ImageCache, to_tensor
from img2img.datasets.super_resolution import Downscaled, PairedScales, super_resolution
from img2img.datasets.tasks import HOLE_COLOUR, edges, grey, holes
from img2img.datasets.unpaired import Unpaired, unpaired

__all__ = [
    "HOLE_COLOUR",
    "ConditionFiles",
    "Conditions",
    "Downscaled",
    "Geometry",
    "ImageCache",
    "Labelled",
    "MadePairs",
    "MakeSource",
    "NoiseAndPictures",
    "Paired",
    "PairedScales",
    "Unpaired",
    "at_random",
    "by_name",
    "class_names",
    "edges",
    "grey",
    "hold_out",
    "holes",
    "labelled",
    "list_images",
    "made_pairs",
    "noise_and_pictures",
    "paired",
    "super_resolution",
    "to_tensor",
    "unpaired",
]
