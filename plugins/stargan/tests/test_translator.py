"""What a label does, and what is said about one that does not exist."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from img2img_stargan.config import StarGANConfig
from img2img_stargan.family import StarGAN

import img2img
from img2img.nn.sizes import translate_any_size

SEASONS = ("autumn", "spring", "summer", "winter")


@pytest.fixture
def translator(family: StarGAN) -> img2img.Translator:
    return made(family, SEASONS)


def made(family: StarGAN, classes: tuple[str, ...]) -> img2img.Translator:
    config = StarGANConfig.parse({"classes": classes, "width": 8, "blocks": 1})
    return family.translator(config, family.build_generator(config).eval())


def parse(translator: img2img.Translator, name: str) -> torch.Tensor:
    return translator.traits.conditions["label"].row(name)


def test_a_label_is_one_at_the_place_of_its_class(translator: img2img.Translator) -> None:
    assert parse(translator, "autumn").tolist() == [1, 0, 0, 0]
    assert parse(translator, "summer").tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wintr", "no such class (did you mean 'winter'?); choose among: 'autumn', 'spring', 'summer', 'winter'"),
        ("", "there is no such class; choose among: 'autumn', 'spring', 'summer', 'winter'"),
        ("2", "choose among: 'autumn'"),
    ],
)
def test_an_unknown_label_is_refused_with_the_classes(name: str, said: str, translator: img2img.Translator) -> None:
    with pytest.raises(ValueError, match="no such class") as refused:
        parse(translator, name)
    assert said in str(refused.value)


def test_of_a_thousand_classes_a_few_are_named(family: StarGAN) -> None:
    translator = made(family, tuple(f"class {number}" for number in range(1000)))
    assert translator.traits.conditions["label"].description.endswith("'class 19', …")
    with pytest.raises(ValueError, match=r"did you mean 'class 999'.*'class 19', …"):
        parse(translator, "klass 999")


def test_the_label_is_required_and_described(translator: img2img.Translator) -> None:
    condition = translator.traits.conditions["label"]
    assert condition.required
    assert "'winter'" in condition.description


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (19, 30)], ids=str)
def test_images_of_any_size_keep_it(size: tuple[int, int], translator: img2img.Translator) -> None:
    images = translate_any_size(translator, torch.rand(1, 3, *size), label=parse(translator, "winter")[None])
    assert images.shape == (1, 3, *size)
    assert 0 <= images.min() <= images.max() <= 1


def test_images_of_a_batch_with_different_labels_do_not_meet(translator: img2img.Translator) -> None:
    images, labels = torch.rand(4, 3, 16, 20), torch.eye(4)
    together = translator(images, label=labels)
    for image, label, result in zip(images, labels, together, strict=True):
        torch.testing.assert_close(translator(image[None], label=label[None])[0], result, rtol=0, atol=1e-5)
    assert torch.pdist(translator(images[:1].expand(4, -1, -1, -1), label=labels).flatten(1)).min() > 0.1


def test_a_generator_is_built_without_memory_on_the_meta_device(family: StarGAN) -> None:
    config = StarGANConfig.parse({"classes": SEASONS, "width": 256, "blocks": 32})
    with torch.device("meta"):
        generator = family.build_generator(config)
    assert all(parameter.is_meta for parameter in generator.parameters())


def test_importing_the_family_imports_no_torch() -> None:
    program = "import sys, img2img_stargan.family as f; f.StarGAN().config_class; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_translator_declares_what_its_network_needs(translator: img2img.Translator) -> None:
    assert (translator.traits.multiple_of, translator.traits.minimum_size, translator.traits.scale) == (4, 16, 1)
    assert translator.traits.tiling == "never"
