"""Builds the networks that the options choose."""

from __future__ import annotations

from torch import nn

from img2img.nn.patchgan import PatchGAN, PixelGAN
from img2img.nn.resnet import ResNetGenerator
from img2img.nn.unet import UNetGenerator

from .config import Pix2PixConfig, Pix2PixTraining
from .spaces import space_of


def build_generator(config: Pix2PixConfig) -> nn.Module:
    """Build the generator, from the encoded source to the encoded target, both in [-1, 1]."""
    space = space_of(config.task)
    if config.generator == "resnet":
        return ResNetGenerator(
            space.channels_in,
            space.channels_out,
            config.width,
            config.blocks,
            config.norm,
            upsampling=config.upsampling,
        )
    return UNetGenerator(
        space.channels_in,
        space.channels_out,
        config.width,
        config.depth,
        config.norm,
        config.dropout,
        config.test_statistics,
        config.test_dropout,
    )


def build_discriminator(config: Pix2PixTraining) -> nn.Module:
    """Build the discriminator, which judges source and target together, stacked along the channels."""
    space = space_of(config.task)
    channels = space.channels_in + space.channels_out
    if config.discriminator == "pixel":
        return PixelGAN(channels, config.discriminator_width, config.norm)
    return PatchGAN(channels, config.discriminator_width, config.discriminator_layers, config.norm)
