"""Promises of the generator: building it, moving it, and keeping it in a model file."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from img2img.models.file import load_generator, read_info, save_model
from img2img.testing.family import FamilySubject, difference, random_images
from img2img.testing.fresh import python
from img2img.testing.promise import Skipped, keep, promise
from img2img.testing.promises.config import its_options_make_a_config
from img2img.testing.promises.training import a_trainer_is_made
from img2img.testing.promises.use import the_same_image_gives_the_same_result


@promise(its_options_make_a_config)
def the_same_seed_builds_the_same_generator(subject: FamilySubject) -> None:
    networks = []
    for _ in range(2):
        torch.manual_seed(7)
        networks.append(subject.family.build_generator(subject.config).state_dict())
    _same_weights(networks[0], networks[1], "built twice with torch.manual_seed(7)")


@promise(the_same_image_gives_the_same_result)
def the_generator_survives_moves_between_types(subject: FamilySubject) -> None:
    translator = subject.translator()
    images = random_images(translator, 24, 31)
    before = subject.translate(translator, images)
    translator.generator.to(torch.float64).to(torch.float32)
    distance = difference(before, subject.translate(translator, images))
    keep(distance <= 1e-5, f"moved to float64 and back, it returns something else, by {distance:.2g}")


@promise(the_same_image_gives_the_same_result)
def a_model_file_gives_the_generator_back(subject: FamilySubject) -> None:
    generator = subject.generator(lively=True)
    family, config, loaded = load_generator(read_info(save(subject, generator)), subject.host)
    keep(config == subject.config, f"saved was {subject.config!r}, and loaded {config!r}")
    _same_weights(generator.state_dict(), loaded.state_dict(), "saved and loaded")
    before, after = (family.translator(config, network) for network in (generator, loaded))
    images = random_images(before, 24, 31)
    distance = difference(subject.translate(before, images), subject.translate(after, images))
    keep(distance == 0, f"the loaded one returns something else, by {distance:.2g}; is all that matters a weight?")


@promise(a_model_file_gives_the_generator_back, a_trainer_is_made)
def a_model_file_is_used_without_the_code_of_the_training(subject: FamilySubject) -> None:
    kind = type(subject.family)
    trainer = type(subject.trainer()[0]).__module__
    if "<locals>" in kind.__qualname__ or kind.__module__ == "__main__":
        raise Skipped("the family's class stands in no module that another process could import")
    if trainer == kind.__module__:
        raise Skipped("family and trainer are in one module")
    translator = subject.translator()
    path = save(subject, translator.generator)
    images = random_images(translator, 24, 31)
    arguments = {"images": images, **subject.conditions(translator, images)}
    written = {name: tensor.contiguous() for name, tensor in arguments.items()}
    save_file(written, path.with_name("arguments.safetensors"))
    words = (kind.__module__, kind.__qualname__, str(path.parent), trainer)
    error = python(f"from img2img.testing.fresh import use_model_file; use_model_file(*{words!r})")
    keep(not error, f"in a fresh process, where {trainer} cannot be imported:\n{error}")
    found = load_file(path.with_name("result.safetensors"))["result"]
    distance = difference(subject.translate(translator, images), found)
    keep(distance <= 1e-4, f"a fresh process makes something else of the same image, by {distance:.2g}")


@promise(its_options_make_a_config)
def it_can_be_listed_without_loading_torch(subject: FamilySubject) -> str | None:
    module = type(subject.family).__module__
    if module == "__main__":
        raise Skipped("the family's class stands in no module that another process could import")
    if not python(f"import sys, {module}; sys.exit('torch' in sys.modules)"):
        return None
    return f"{module} imports torch, which takes a second or more each time that families are listed"


def save(subject: FamilySubject, generator: nn.Module) -> Path:
    """Write a model file into the subject's folder."""
    path = subject.folder / "model.safetensors"
    save_model(path, generator, subject.config, family=subject.family.name)
    return path


def _same_weights(first: dict[str, Tensor], second: dict[str, Tensor], how: str) -> None:
    different = sorted(first.keys() ^ second.keys())
    keep(not different, f"{how}, the generators have not the same tensors: {', '.join(different[:5])}")
    different = [name for name, tensor in first.items() if not torch.equal(tensor, second[name])]
    keep(not different, f"{how}, the generators differ in {', '.join(different[:5])}")
