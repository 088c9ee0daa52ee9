"""The models that are shipped keep the rule of bfloat16, and give grey photographs the right colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import img2img
from img2img.media import decode_image, read_file

SAMPLES = Path(__file__).parents[2] / "samples"
MODELS = sorted((SAMPLES / "models").glob("*.safetensors"))
CROP = 96


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_bundled_model_in_bf16_is_within_a_level_of_float32_on_average(
    model: Path, host: img2img.PluginHost, device: str
) -> None:
    exact, fast = (img2img.load_model(model, device=device, precision=name, host=host) for name in ("fp32", "bf16"))
    labels = [condition.choices[-1] for condition in exact.translator.traits.conditions.values()]
    conditions = dict(zip(exact.translator.traits.conditions, labels, strict=True))
    for path in sorted((SAMPLES / "images").glob("*.png")):
        picture = decode_image(read_file(path), path.name).pixels
        top, left = (size // 2 - CROP // 2 for size in picture.shape[:2])
        crop = np.ascontiguousarray(picture[top : top + CROP, left : left + CROP, :3])
        wanted, found = (np.int16(each(crop, **conditions)) for each in (exact, fast))
        assert np.abs(wanted - found).mean() < 1, path.name


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_bundled_model_makes_the_same_of_a_grey_photo_however_it_is_stored(
    model: Path, host: img2img.PluginHost, device: str
) -> None:
    loaded = img2img.load_model(model, device=device, precision="fp32", host=host)
    conditions = {name: condition.choices[-1] for name, condition in loaded.translator.traits.conditions.items()}
    grey = decode_image(read_file(SAMPLES / "images" / "garden.png"), "garden.png").pixels[:64, :64, 1:2]
    in_one, in_three = loaded(grey, **conditions), loaded(np.repeat(grey, 3, axis=2), **conditions)
    keeps = loaded.info.family == "srgan"
    assert in_one.shape[2] == (1 if keeps else 3)
    if loaded.translator.traits.channels_in == 3:
        assert (in_one == in_three).all()
    if loaded.info.path.stem == "tones":
        assert in_one[..., 0].mean() > in_one[..., 2].mean() + 20
