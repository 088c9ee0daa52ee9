"""Evaluations of tiny models on files, against figures that are worked out beside them."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import Module

from img2img import Model
from img2img.datasets import to_tensor
from img2img.errors import DataError, Stopped, UsageError
from img2img.evaluation.evaluate import Known, evaluate
from img2img.evaluation.extractor import Extractor
from img2img.evaluation.features import frechet_distance, kernel_distance
from img2img.media import Image, decode_image, encode_image, read_file, write_file
from img2img.nn import metrics
from img2img.nn.distribution import sliced_wasserstein
from img2img.nn.resize import imresize

Write = Callable[..., Path]


def read(path: Path) -> np.ndarray:
    return decode_image(read_file(path), path).pixels


def decibel(image: np.ndarray, truth: np.ndarray, crop: int) -> float:
    """PSNR of 8-bit pixels."""
    inside = np.s_[crop : truth.shape[0] - crop, crop : truth.shape[1] - crop]
    return 10 * math.log10(255**2 / np.mean((image.astype(float)[inside] - truth.astype(float)[inside]) ** 2))


def luma(pixels: np.ndarray) -> np.ndarray:
    """ITU-R BT.601 in studio range."""
    return 16 + (pixels.astype(float) @ [65.481, 128.553, 24.966]) / 255


def reduced(truth: np.ndarray, scale: int) -> np.ndarray:
    made = imresize(torch.from_numpy(truth.astype(float)).permute(2, 0, 1), Fraction(1, scale))
    return made.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


@pytest.mark.parametrize("crop", [None, 0, 3])
def test_figures_with_a_truth_are_those_of_the_literature(doubling: Model, write: Write, crop: int | None) -> None:
    """Worked out in float64: on a truth that is cut to a multiple of the scale, cropped by the scale unless told."""
    path = write("photos/a.png", size=(31, 41))
    truth, border = read(path)[:30, :40], 2 if crop is None else crop
    source = reduced(truth, 2)
    doubled = imresize(torch.from_numpy(source.astype(float)).permute(2, 0, 1), 2).round().clamp(0, 255)
    results = {"model": doubling(source), "baseline": doubled.permute(1, 2, 0).numpy()}
    (image,) = evaluate(doubling, path.parent, Known(downscale=True), crop=crop).images
    for way, result in results.items():
        figures = image.figures[way]
        assert figures["psnr"] == pytest.approx(decibel(result, truth, border), abs=1e-3)
        assert figures["psnr_y"] == pytest.approx(decibel(luma(result), luma(truth), border), abs=1e-3)
        pair = [torch.from_numpy(pixels.astype(float)).permute(2, 0, 1)[None] / 255 for pixels in (result, truth)]
        assert figures["ssim"] == pytest.approx(metrics.ssim(*pair, border).item(), abs=1e-5)  # type: ignore[call-arg]
        assert figures["ssim_y"] == pytest.approx(metrics.ssim_y(*pair, border).item(), abs=1e-5)  # type: ignore[call-arg]


def test_sources_and_truths_in_two_folders_are_matched_by_name(doubling: Model, write: Write) -> None:
    """Below folders, whatever the suffix, and with the scale in the name, as DIV2K has it."""
    truths = [write(f"high/{name}", seed) for seed, name in enumerate(("a.png", "below/b.tif", "c.png", "d.png"))]
    for truth, name in zip(truths, ("a.png", "below/b.bmp", "cx2.png", "d_x2.png"), strict=True):
        write(f"low/{name}", int(truth.stem == "b"), size=(15, 20))
    found = evaluate(doubling, truths[0].parent.parent / "low", Known(truths[0].parent))
    assert [(image.name, image.reason) for image in found.images] == [
        ("a.png", ""), ("below/b.bmp", ""), ("cx2.png", ""), ("d_x2.png", "")
    ]  # fmt: skip
    assert found.totals("model")["psnr"].images == 4


def test_one_source_and_one_truth_may_have_any_names(restyling: Model, write: Write) -> None:
    found = evaluate(restyling, write("day.png"), Known(write("night.png", 1)))
    assert [image.reason for image in found.images] == [""]
    assert found.about["data"] | {"references": None} == {
        "sources": str(write("day.png")), "truths": str(write("night.png")), "references": None
    }  # fmt: skip


def test_what_does_not_fit_is_named_and_in_no_figure(doubling: Model, write: Write) -> None:
    for name, size in (("good", (15, 20)), ("small", (15, 20)), ("damaged", (15, 20)), ("alone", (15, 20))):
        low = write(f"low/{name}.png", size=size)
    for name, size in (("good", (31, 41)), ("small", (30, 39)), ("damaged", (30, 40)), ("left", (30, 40))):
        high = write(f"high/{name}.png", size=size)
    (low.parent / "damaged.png").write_bytes(low.read_bytes()[:200])
    found = evaluate(doubling, low.parent, Known(high.parent))
    reasons = {image.name: image.reason for image in found.images}
    assert reasons.pop("good.png") == ""
    assert "there is no truth of this name" in reasons["alone.png"]
    assert "there is no source of this name" in reasons["left.png"]
    assert "it is 39×30, and the result 40×30; a truth is 2 times as large as its source" in reasons["small.png"]
    assert "damaged.png: " in reasons["damaged.png"]
    assert found.totals("model")["psnr"].images == 1
    assert [image.name for image in found.failed] == sorted(reasons)


def test_an_image_of_which_the_crop_leaves_nothing_is_named(doubling: Model, write: Write) -> None:
    for name, size in (("small", (12, 40)), ("large", (14, 40))):
        path = write(f"photos/{name}.png", size=size)
    found = evaluate(doubling, path.parent, Known(downscale=True), crop=6)
    assert [image.name for image in found.judged] == ["large.png"]
    assert "small.png: of its result, 40×12, nothing is left when 6 pixels are cropped" in found.failed[0].reason


def test_a_network_that_fails_costs_the_image(restyling: Model, write: Write) -> None:
    restyling.translator.generator.register_forward_pre_hook(refuse_narrow)
    for name, size in (("narrow", (30, 20)), ("wide", (30, 40))):
        path = write(f"in/{name}.png", size=size)
    found = evaluate(restyling, path.parent, Known(path.parent))
    assert [image.name for image in found.judged] == ["wide.png"]
    assert found.failed[0].reason == f"{path.parent / 'narrow.png'}: the network failed: ValueError: too narrow"


def refuse_narrow(module: Module, inputs: tuple[Tensor]) -> None:
    if inputs[0].shape[3] < 30:
        raise ValueError("too narrow")


def test_where_the_size_stays_the_sources_themselves_stand_beside_the_results(restyling: Model, write: Write) -> None:
    source, truth = write("in/a.png"), write("out/a.png", seed=1)
    found = evaluate(restyling, source.parent, Known(truth.parent))
    assert found.ways == {"model": "cyclegan", "baseline": "identity"}
    assert found.about["protocol"]["crop"] == 0
    assert found.images[0].figures["baseline"]["psnr"] == pytest.approx(decibel(read(source), read(truth), 0), abs=1e-3)


def test_beside_a_model_that_colours_stands_the_grey_that_it_sees(
    make_model: Callable[..., Model], write: Write
) -> None:
    model, path = make_model("pix2pix", depth=4, task="colorize"), write("in/a.png", size=(32, 32))
    (image,) = evaluate(model, path.parent, Known(path.parent)).images
    grey = np.rint(read(path) @ [0.299, 0.587, 0.114])[..., None].repeat(3, 2)
    assert image.figures["baseline"]["psnr"] == pytest.approx(decibel(grey, read(path), 0), abs=1e-3)
    assert image.figures["baseline"]["psnr"] < 60


@pytest.mark.parametrize(("channels", "kind"), [(1, np.uint8), (2, np.uint8), (4, np.uint8), (3, np.uint16)])
def test_grey_alpha_and_16_bit_are_judged(doubling: Model, write: Write, channels: int, kind: type) -> None:
    low = write("low/a.png", size=(15, 20), channels=channels, kind=kind)
    high = write("high/a.png", channels=channels, kind=kind)
    (image,) = evaluate(doubling, low.parent, Known(high.parent)).images
    assert all(5 < image.figures[way]["psnr"] < 30 for way in ("model", "baseline"))


def test_ms_ssim_is_there_for_images_that_are_large_enough_and_a_note_says_so(restyling: Model, write: Write) -> None:
    sizes = {"a": (161, 170), "b": (160, 170)}
    for seed, folder in enumerate(("in", "out")):
        paths = [write(f"{folder}/{name}.png", seed, size) for name, size in sizes.items()]
    source, truth = paths[0].parent.parent / "in", paths[0].parent
    found = evaluate(restyling, source, Known(truth))
    assert ["ms_ssim" in image.figures["model"] for image in found.images] == [True, False]
    assert (found.totals("model")["ms_ssim"].images, found.totals("model")["ssim"].images) == (1, 2)
    assert found.notes[0].startswith("MS-SSIM is of 1 of 2 images")


def test_a_result_that_equals_its_truth_counts_as_100_decibel_and_a_note_says_so(
    restyling: Model, write: Write
) -> None:
    path = write("in/a.png")
    found = evaluate(restyling, path.parent, Known(path.parent))
    assert found.totals("baseline")["psnr"].value == pytest.approx(100)
    assert any("1 of 1 images of identity equal their truths" in note for note in found.notes)


def sets_of(restyling: Model, write: Write) -> tuple[list[Path], list[Path], dict[str, list[Tensor]]]:
    """Five sources, four images of reference, and what they become either way, with the references."""
    sources = [write(f"in/{seed}.png", seed, (64, 60)) for seed in range(5)]
    wanted = [write(f"wanted/{seed}.png", 10 + seed, (56, 70)) for seed in range(4)]
    images = {
        "baseline": [to_tensor(read(path)) for path in sources],
        "wanted": [to_tensor(read(path)) for path in wanted],
    }
    images["model"] = [to_tensor(restyling(read(path))) for path in sources]
    return sources, wanted, images


def test_beside_a_reference_stand_the_distances_of_the_sets(
    restyling: Model, write: Write, make_extractor: Callable[..., Path]
) -> None:
    sources, wanted, images = sets_of(restyling, write)
    file = make_extractor("N", 3, 16, 16)
    found = evaluate(restyling, sources[0].parent, Known(references=wanted[0].parent, extractor=file))
    extractor = Extractor(file, torch.device("cpu"))
    features = {name: torch.stack([extractor(image) for image in set_]) for name, set_ in images.items()}
    for way in ("model", "baseline"):
        totals = {name: total.value for name, total in found.totals(way).items()}
        levels = [totals[f"swd_level_{number}"] for number in range(1, 5)]
        assert levels == pytest.approx(sliced_wasserstein(images["wanted"], images[way]))
        assert totals["swd"] == pytest.approx(np.mean(levels))
        assert totals["fid"] == pytest.approx(frechet_distance(features[way], features["wanted"]))
        assert totals["kid"] == pytest.approx(kernel_distance(features[way], features["wanted"]))
        assert totals.keys() == {"swd", *(f"swd_level_{number}" for number in range(1, 5)), "fid", "kid"}
    assert found.about["data"]["references"] == {"folder": str(wanted[0].parent), "count": 4}


def test_the_same_images_have_no_fid(restyling: Model, write: Write, make_extractor: Callable[..., Path]) -> None:
    sources, _, _ = sets_of(restyling, write)
    known = Known(references=sources[0].parent, extractor=make_extractor("N", 3, 16, 16))
    found = evaluate(restyling, sources[0].parent, known)
    assert found.totals("baseline")["fid"].value == pytest.approx(0, abs=1e-9)
    assert found.totals("baseline")["kid"].value <= 0
    assert found.totals("model")["fid"].value > 0.01
    assert "FID of 5 images and 12 features is too high" in found.notes[0]


def test_a_single_image_has_no_fid_and_a_note_says_so(
    restyling: Model, write: Write, make_extractor: Callable[..., Path]
) -> None:
    sources, wanted, _ = sets_of(restyling, write)
    known = Known(references=wanted[0].parent, extractor=make_extractor("N", 3, 16, 16))
    found = evaluate(restyling, sources[0], known)
    assert "swd" in found.totals("model")
    assert "fid" not in found.totals("model")
    assert found.notes == ["FID and KID need two images on either side, and there are fewer"]


def test_a_damaged_image_of_reference_is_named_and_not_counted(restyling: Model, write: Write) -> None:
    sources, wanted, _ = sets_of(restyling, write)
    wanted[1].write_bytes(b"damaged")
    found = evaluate(restyling, sources[0].parent, Known(references=wanted[0].parent))
    assert [image.name for image in found.failed] == [str(wanted[1])]
    assert found.about["data"]["references"]["count"] == 3
    for path in wanted:
        path.write_bytes(b"damaged")
    with pytest.raises(DataError, match="no image of reference can be read"):
        evaluate(restyling, sources[0].parent, Known(references=wanted[0].parent))


def test_truths_and_references_go_together(restyling: Model, write: Write) -> None:
    sources, wanted, _ = sets_of(restyling, write)
    found = evaluate(restyling, sources[0].parent, Known(sources[0].parent, references=wanted[0].parent))
    assert {"psnr", "swd"} <= found.totals("model").keys()


def test_the_same_evaluation_gives_the_same_figures(restyling: Model, write: Write) -> None:
    sources, wanted, _ = sets_of(restyling, write)
    known = Known(sources[0].parent, references=wanted[0].parent)
    first, second = (evaluate(restyling, sources[0].parent, known) for _ in range(2))
    assert first == second


def test_conditions_steer_the_model(make_model: Callable[..., Model], write: Write) -> None:
    model, path = make_model("stargan", classes=["day", "night"], blocks=1), write("in/a.png", size=(32, 32))
    day, night = (
        evaluate(model, path.parent, Known(path.parent), conditions={"label": label}) for label in ("day", "night")
    )
    assert day.about["conditions"] == {"label": "day"}
    assert day.totals("model")["psnr"] != night.totals("model")["psnr"]
    with pytest.raises(UsageError, match="needs the condition 'label'"):
        evaluate(model, path.parent, Known(path.parent))


def test_a_wish_to_stop_is_heeded_before_the_next_image(restyling: Model, write: Write) -> None:
    for seed in range(3):
        path = write(f"in/{seed}.png", seed)
    seen: list[tuple[int, int]] = []
    with pytest.raises(Stopped, match="after 2 of 3 images"):
        evaluate(
            restyling, path.parent, Known(path.parent), watch=lambda *counts: seen.append(counts),
            stop=lambda: len(seen) == 2,
        )  # fmt: skip
    assert seen == [(1, 3), (2, 3)]


def test_a_grey_source_is_judged_by_the_colours_that_its_translation_has(
    restyling: Model, write: Write, tmp_path: Path
) -> None:
    grey = write("grey/a.png", channels=1)
    truth = restyling(np.repeat(read(grey), 3, axis=2))
    (tmp_path / "truth").mkdir()
    write_file(tmp_path / "truth/a.png", encode_image(Image(truth), ".png").data)
    (image,) = evaluate(restyling, grey.parent, Known(tmp_path / "truth")).images
    assert image.figures["model"]["psnr"] == pytest.approx(100)
