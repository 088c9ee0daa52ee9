"""Promises of the translator: which sizes it takes, and what it returns."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction
from typing import get_args

import torch
from torch import Tensor

from img2img.contract.families import Translator
from img2img.contract.traits import Noise, Precision, Tiling, Traits
from img2img.errors import UsageError
from img2img.inference.device import Device
from img2img.nn.sizes import as_window, fitting
from img2img.testing.family import FamilySubject, difference, random_images
from img2img.testing.promise import Skipped, keep, promise
from img2img.testing.promises.config import its_options_make_a_config
from img2img.training.chance import random_state

SIZES = ((1, 1), (1, 8), (7, 2), (17, 31), (64, 48), (211, 317))
"""Heights and widths; the core pads them to sizes that the translator takes."""
WRONG_RANGES = {(-1, 1): "from_signed of img2img.nn.signed brings them to [0, 1]", (0, 255): "divide them by 255"}


@promise(its_options_make_a_config)
def the_translator_declares_what_can_be(subject: FamilySubject) -> None:
    translator = subject.translator()
    keep(isinstance(translator, Translator), f"translator() returned {type(translator).__name__}")
    traits = translator.traits
    keep(isinstance(traits, Traits), f"the translator's traits are {type(traits).__name__}, and no img2img.Traits")
    scale = traits.scale
    keep(isinstance(scale, int | Fraction) and scale > 0, f"scale={scale!r} is neither a whole number nor a Fraction")
    for name, least in (("multiple_of", 1), ("minimum_size", 1), ("halo", 0)):
        value = getattr(traits, name)
        keep(isinstance(value, int) and value >= least, f"{name}={value!r} is no whole number from {least} up")
    for name in ("channels_in", "channels_out"):
        keep(getattr(traits, name) in (1, 3), f"{name}={getattr(traits, name)!r} is neither 1 nor 3")
    window = traits.window
    pair = isinstance(window, tuple) and len(window) == 2 and all(isinstance(one, int) and one >= 0 for one in window)
    keep(pair, f"window={window!r} is no pair of whole numbers from 0 up, such as (1, 1)")
    several = traits.frames_out
    keep(isinstance(several, int) and several >= 1, f"frames_out={several!r} is no whole number from 1 up")
    keep(traits.tiling in get_args(Tiling), f"tiling={traits.tiling!r} is none of {', '.join(get_args(Tiling))}")
    keep(traits.tiling != "overlap" or traits.halo > 0, "tiling='overlap' needs a halo of 1 or more")
    known = get_args(Precision)
    odd = [name for name in traits.precisions if name not in known]
    keep(not odd, f"precisions={traits.precisions!r} holds other words than {', '.join(known)}")
    keep("fp32" in traits.precisions, f"precisions={traits.precisions!r} lacks fp32, in which 16-bit images are made")
    if traits.source is not None:
        _check_noise(traits)


def _check_noise(traits: Traits) -> None:
    """Go on if a translator that takes noise declares what can be, and nothing that concerns pictures."""
    noise = traits.source
    keep(isinstance(noise, Noise), f"source={noise!r} is no img2img.Noise")
    assert noise is not None
    sizes = (*noise.shape, noise.height, noise.width) if isinstance(noise.shape, tuple) else ()
    fits = len(sizes) > 2 and all(isinstance(size, int) and size > 0 for size in sizes)
    keep(fits, f"{noise} has no shape such as (512,), or no height and width in pixels")
    usual = replace(Traits(), source=noise, channels_out=traits.channels_out, precisions=traits.precisions)
    usual = replace(usual, conditions=traits.conditions)
    without = [field.name for field in fields(traits) if getattr(traits, field.name) != getattr(usual, field.name)]
    keep(not without, f"{', '.join(without)} of its traits mean nothing where the source is noise; leave them out")


@promise(the_translator_declares_what_can_be)
def the_result_has_the_declared_size(subject: FamilySubject) -> None:
    translator = subject.translator()
    traits = translator.traits
    if traits.source:
        _check_size_of_noise(subject, translator, traits.source)
        return
    least, more = fitting(1, traits), fitting(1, traits) + traits.multiple_of
    for height, width in ((least, least), (least, more), (more, least)):
        images = as_window(random_images(translator, height, width), traits)
        if traits.remembers:
            translator.begin()
        with torch.inference_mode():  # without the core, which would crop a result that is too large
            result = translator(images, **subject.conditions(translator, images))
        several = (traits.frames_out,) if traits.frames_out > 1 else ()
        promised = (1, *several, traits.channels_out, *(int(size * traits.scale) for size in (height, width)))
        found = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
        keep(
            found == promised,
            f"of an image of {width}×{height}, scale={traits.scale} and channels_out={traits.channels_out} "
            f"promise {promised}, and what it returned is {found}",
        )


def _check_size_of_noise(subject: FamilySubject, translator: Translator, noise: Noise) -> None:
    for count in (1, 3):
        result = subject.translate(translator, random_images(translator, 1, 1, count))
        promised = (count, translator.traits.channels_out, noise.height, noise.width)
        found = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
        keep(found == promised, f"of {count} × noise, {noise} promises {promised}, and what it returned is {found}")


@promise(the_result_has_the_declared_size)
def images_of_every_size_are_translated(subject: FamilySubject) -> None:
    translator = subject.translator()
    for height, width in SIZES[:1] if translator.traits.source else SIZES:
        result = subject.translate(translator, random_images(translator, height, width))
        keep(result.is_floating_point(), f"of {width}×{height} it makes {result.dtype}, no floating-point numbers")
        keep(bool(torch.isfinite(result).all()), f"of {width}×{height} it makes NaN or infinity")


@promise(images_of_every_size_are_translated)
def the_result_lies_between_0_and_1(subject: FamilySubject) -> None:
    """Overshoot is cut off by the core; a network whose range is another one shows it by weights beyond measure."""
    translator = subject.translator()
    for weights in translator.generator.parameters():
        weights.mul_(1000)
    result = subject.translate(translator, random_images(translator, 64, 48)).nan_to_num()
    lowest, highest = float(result.min()), float(result.max())
    for (low, high), remedy in WRONG_RANGES.items():
        tolerance = 0.02 * (high - low)
        wrong = abs(lowest - low) < tolerance and abs(highest - high) < tolerance
        keep(not wrong, f"its results seem to lie in [{low}, {high}], and images in [0, 1]: {remedy}")


@promise(images_of_every_size_are_translated)
def the_same_image_gives_the_same_result(subject: FamilySubject) -> None:
    translator = subject.translator()
    images = random_images(translator, 40, 33)
    first, second = (subject.translate(translator, images) for _ in range(2))
    keep(torch.equal(first, second), f"the results of two calls differ by {difference(first, second):.2g}")


@promise(the_same_image_gives_the_same_result)
def a_translation_draws_no_random_numbers(subject: FamilySubject) -> None:
    """Chance belongs into the source: a translator that draws some changes what others draw after it."""
    translator = subject.translator()
    images = random_images(translator, 40, 33)
    before = random_state()
    subject.translate(translator, images)
    after = random_state()
    drawn = [name for name in ("python", "numpy") if repr(before[name]) != repr(after[name])]
    drawn += [] if torch.equal(before["torch"], after["torch"]) else ["torch"]
    keep(not drawn, f"it draws random numbers of {', '.join(drawn)}; what is random comes with the source")


@promise(the_same_image_gives_the_same_result)
def nothing_in_a_batch_depends_on_its_neighbours(subject: FamilySubject) -> None:
    translator = subject.translator()
    images = random_images(translator, 40, 33, count=3)
    images[1] /= 4  # dark, so that the batch's statistics differ from each image's
    together = subject.translate(translator, images)
    alone = torch.cat([subject.translate(translator, image[None]) for image in images])
    distance = difference(together, alone)
    keep(distance <= 1e-3, f"an image gives another result among others than alone: they differ by {distance:.2g}")


@promise(the_same_image_gives_the_same_result)
def each_declared_precision_gives_nearly_what_fp32_gives(subject: FamilySubject) -> None:
    translator = subject.translator(lively=False)
    names = [name for name in translator.traits.precisions if name != "fp32" and _exists_here(name)]
    if not names:
        raise Skipped(f"of precisions={translator.traits.precisions!r}, there is none here beside fp32")
    images = random_images(translator, 40, 33)
    exact = subject.translate(translator, images)
    for name in names:
        with Device.pick("cpu", name).autocast():
            rounded = subject.translate(translator, images)
        distance = float((rounded.float() - exact).abs().mean())
        keep(
            distance <= 0.03,
            f"in {name}, its results differ from those of fp32 by {distance:.2g} on average: take {name} out of the "
            "precisions that its traits declare",
        )


@promise(the_same_image_gives_the_same_result)
def another_device_gives_nearly_the_same(subject: FamilySubject) -> None:
    device = torch.accelerator.current_accelerator(check_available=True)
    if device is None:
        raise Skipped("there is no other device here")
    translator = subject.translator()
    images = random_images(translator, 40, 33)
    here = subject.translate(translator, images)
    translator.generator.to(device)
    there = subject.translate(translator, images.to(device))
    keep(there.device.type == device.type, f"of an image on {device} it makes one on {there.device}")
    distance = float((there.cpu().float() - here).abs().mean())
    keep(distance <= 0.01, f"{device} gives another result than the CPU, by {distance:.2g} on average")


def _exists_here(precision: str) -> bool:
    try:
        Device.pick("cpu", precision)
    except UsageError:
        return False
    return True
