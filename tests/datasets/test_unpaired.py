"""Two kinds of images that do not correspond, in the folders people have them in."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from img2img.contract.data import Sample
from img2img.contract.families import Split
from img2img.datasets import Geometry, Unpaired, to_tensor, unpaired
from img2img.errors import DataError
from img2img.media import decode_image, read_file

Draw = Callable[..., Path]

WHOLE = Geometry(resize=0, crop=16, flip=True)

BESIDE = [("{}A", "{}B"), ("{}_A", "{}_B"), ("{}_label", "{}_img")]
BELOW = [("A/{}", "B/{}"), ("source/{}", "target/{}")]


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def equal(a: Sample, b: Sample) -> bool:
    return torch.equal(a.source, b.source) and torch.equal(a.target, b.target) and a.name == b.name


def read(root: Path, split: Split, source: str = "", target: str = "") -> tuple[list[str], list[str]]:
    """The sources and targets of a part, as paths in the root."""
    data = unpaired(root, geometry=WHOLE, split=split, source=source, target=target)
    sources, targets = ([str(path.relative_to(root)) for path in paths] for paths in (data.sources, data.targets))
    return sources, targets


@pytest.mark.parametrize("held_out", ["val", "test"])
@pytest.mark.parametrize(("source", "target"), BESIDE + BELOW)
def test_a_known_layout_is_read_with_its_own_validation(
    source: str, target: str, held_out: str, tmp_path: Path, draw: Draw
) -> None:
    for part in ("train", held_out):
        for folder in (source, target):
            draw(tmp_path / folder.format(part) / f"{part}.png")
    for split, part in (("train", "train"), ("validation", held_out)):
        expected = [f"{source.format(part)}/{part}.png"], [f"{target.format(part)}/{part}.png"]
        assert read(tmp_path, split) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("source", "target"), [*BESIDE, *BELOW, ("A", "B"), ("source", "target")])
def test_without_a_folder_for_validation_each_domain_holds_some_out(
    source: str, target: str, tmp_path: Path, draw: Draw
) -> None:
    for index in range(4):
        draw(tmp_path / source.format("train") / f"{index}.png")
        draw(tmp_path / target.format("train") / "below" / f"{index}.png")
    train, validation = read(tmp_path, "train"), read(tmp_path, "validation")
    assert [len(paths) for paths in (*train, *validation)] == [3, 3, 1, 1]
    assert not {*train[0], *train[1]} & {*validation[0], *validation[1]}


def test_a_domain_without_validation_images_does_not_cost_the_other_one_its_own(tmp_path: Path, draw: Draw) -> None:
    for name in ("trainA/1", "trainA/2", "testA/3", "trainB/4", "trainB/5"):
        draw(tmp_path / f"{name}.png")
    assert read(tmp_path, "train") == (["trainA/1.png", "trainA/2.png"], ["trainB/4.png"])
    assert read(tmp_path, "validation") == (["testA/3.png"], ["trainB/5.png"])


def test_test_images_stay_unseen_where_there_are_others_for_validation(tmp_path: Path, draw: Draw) -> None:
    for part in ("train", "val", "test"):
        for domain in "AB":
            draw(tmp_path / f"{part}{domain}" / "1.png")
    assert read(tmp_path, "validation") == (["valA/1.png"], ["valB/1.png"])


def test_named_folders_come_before_any_layout(tmp_path: Path, draw: Draw) -> None:
    for name in ("trainA/1", "trainB/1", "photos/train/1", "photos/val/2", "paintings/3"):
        draw(tmp_path / f"{name}.png")
    named = {"source": "photos", "target": "paintings"}
    assert read(tmp_path, "train", **named) == (["photos/train/1.png"], ["paintings/3.png"])
    assert read(tmp_path, "validation", **named) == (["photos/val/2.png"], ["paintings/3.png"])


def test_a_single_image_a_domain_is_in_both_parts(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "trainA" / "1.png")
    draw(tmp_path / "trainB" / "2.png")
    assert read(tmp_path, "train") == read(tmp_path, "validation") == (["trainA/1.png"], ["trainB/2.png"])


def test_an_unknown_layout_is_told_what_is_there_and_what_could_be(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "cats" / "1.png")
    draw(tmp_path / "trainA" / "1.png")  # and no trainB
    with pytest.raises(DataError, match=r"holds cats, trainA\).*-o source=FOLDER -o target=FOLDER") as caught:
        unpaired(tmp_path, geometry=WHOLE, split="train")
    for folder in ("trainA/ and trainB/", "testA/", "train_A/", "train_label/ and train_img/", "A/ and B/", "source/"):
        assert folder in str(caught.value)
    assert "half" not in str(caught.value)


def test_an_empty_folder_is_said_to_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="it holds nothing"):
        unpaired(tmp_path, geometry=WHOLE, split="train")


def test_what_is_no_folder_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere is not a folder"):
        unpaired(tmp_path / "nowhere", geometry=WHOLE, split="train")


def test_a_named_folder_that_is_not_there_is_named(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "photos" / "1.png")
    with pytest.raises(DataError, match=r"no folder .*paintings; -o target=FOLDER names a folder inside of"):
        unpaired(tmp_path, geometry=WHOLE, split="train", source="photos", target="paintings")


@pytest.mark.parametrize(("given", "lacking"), [("source", "target"), ("target", "source")])
def test_one_named_folder_asks_for_the_other(given: str, lacking: str, tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "photos" / "1.png")
    with pytest.raises(DataError, match=rf"go together; add -o {lacking}=FOLDER"):
        unpaired(tmp_path, geometry=WHOLE, split="train", **{given: "photos"})  # type: ignore[arg-type]


@pytest.fixture
def data(tmp_path: Path, draw: Draw) -> Unpaired:
    """Two sources and five targets, all different."""
    sources = [draw(tmp_path / f"s{index}.png", 20, 24, seed=index) for index in range(2)]
    targets = [draw(tmp_path / f"t{index}.png", 20, 24, seed=10 + index) for index in range(5)]
    return Unpaired(sources, targets, WHOLE)


def test_there_are_as_many_items_as_images_of_the_more_numerous_kind(data: Unpaired) -> None:
    assert len(data) == len(Unpaired(data.targets, data.sources, WHOLE)) == 5


def test_sources_come_in_turn_and_name_the_sample(data: Unpaired) -> None:
    assert [data.sample(index, chance(index)).name for index in range(5)] == [
        "s0.png", "s1.png", "s0.png", "s1.png", "s0.png",
    ]  # fmt: skip


def test_any_target_may_come_with_a_source(tmp_path: Path, draw: Draw) -> None:
    source = draw(tmp_path / "s.png", 16, 16)
    targets = [draw(tmp_path / f"t{index}.png", 16, 16, seed=index) for index in range(4)]
    data = Unpaired([source], targets, Geometry(0, 16, flip=False))
    means = {round(float(data.sample(0, chance(seed)).target.mean()), 6) for seed in range(60)}
    assert len(means) == 4


def test_whole_images_are_those_of_the_files_in_turn(data: Unpaired) -> None:
    for index in range(5):
        sample = data.sample(index, None)
        for image, paths in ((sample.source, data.sources), (sample.target, data.targets)):
            path = paths[index % len(paths)]
            assert torch.equal(image, to_tensor(decode_image(read_file(path), path).pixels))


def test_the_same_chance_gives_the_same_sample_and_another_another(data: Unpaired) -> None:
    assert equal(data.sample(3, chance(1)), data.sample(3, chance(1)))
    assert not equal(data.sample(3, chance(1)), data.sample(3, chance(2)))


def test_source_and_target_are_cropped_apart(tmp_path: Path, draw: Draw) -> None:
    path = draw(tmp_path / "a.png", 40, 40)
    samples = [Unpaired([path], [path], WHOLE).sample(0, chance(seed)) for seed in range(5)]
    assert not any(torch.equal(sample.source, sample.target) for sample in samples)
    assert all(sample.source.shape == sample.target.shape == (3, 16, 16) for sample in samples)


def test_it_survives_pickling(data: Unpaired) -> None:
    assert equal(pickle.loads(pickle.dumps(data)).sample(3, chance(1)), data.sample(3, chance(1)))
