"""One folder of images a class."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from img2img.contract.data import Sample
from img2img.datasets import Geometry, Labelled, class_names, labelled, to_tensor
from img2img.errors import DataError
from img2img.media import decode_image, read_file

Draw = Callable[..., Path]

WHOLE = Geometry(resize=0, crop=16, flip=True)


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def equal(a: Sample, b: Sample) -> bool:
    return (
        torch.equal(a.source, b.source)
        and torch.equal(a.target, b.target)
        and all(torch.equal(a.condition[name], b.condition[name]) for name in ("label", "source_label"))
    )


def labels(sample: Sample) -> tuple[int, int]:
    return int(sample.condition["source_label"].argmax()), int(sample.condition["label"].argmax())


@pytest.mark.parametrize("parent", ["", "train"])
def test_classes_are_the_folders_with_images_in_alphabetical_order(parent: str, tmp_path: Path, draw: Draw) -> None:
    for name in ("winter", "autumn/leaves", "summer", ".thumbnails"):
        draw(tmp_path / parent / name / "1.png")
    draw(tmp_path / parent / "cover.png")
    (tmp_path / parent / "spring").mkdir()
    assert class_names(tmp_path) == ("autumn", "summer", "winter")


@pytest.mark.parametrize(("names", "found"), [(["cats"], "holds cats"), ([], "holds no class")])
def test_fewer_than_two_classes_are_refused_with_the_layout(
    names: list[str], found: str, tmp_path: Path, draw: Draw
) -> None:
    for name in names:
        draw(tmp_path / name / "1.png")
    with pytest.raises(DataError, match=rf"{found}, but two or more classes .*CLASS/… or train/CLASS/… with val/CLASS"):
        class_names(tmp_path)


def test_what_is_no_folder_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere is not a folder"):
        class_names(tmp_path / "nowhere")


def test_a_class_without_a_folder_is_named_with_those_there_are(tmp_path: Path, draw: Draw) -> None:
    for name in ("cats", "dogs"):
        draw(tmp_path / name / "1.png")
    with pytest.raises(DataError, match=r"no folder with images of birds; add it, or choose among: cats, dogs"):
        labelled(tmp_path, ["cats", "birds"], geometry=WHOLE, split="train")


def test_a_single_class_asked_for_is_refused(tmp_path: Path, draw: Draw) -> None:
    for name in ("cats", "dogs"):
        draw(tmp_path / name / "1.png")
    with pytest.raises(DataError, match=r"asked for is cats, but two or more classes are needed"):
        labelled(tmp_path, ["cats"], geometry=WHOLE, split="train")


@pytest.mark.parametrize("held_out", ["val", "test"])
def test_validation_has_folders_of_its_own_where_they_are(held_out: str, tmp_path: Path, draw: Draw) -> None:
    paths = {
        part: [[draw(tmp_path / part / name / f"{part}.png")] for name in ("cats", "dogs")]
        for part in ("train", held_out)
    }
    assert labelled(tmp_path, ["cats", "dogs"], geometry=WHOLE, split="train").images == paths["train"]
    assert labelled(tmp_path, ["cats", "dogs"], geometry=WHOLE, split="validation").images == paths[held_out]


@pytest.mark.parametrize("parent", ["", "train"])
def test_each_class_holds_some_out_otherwise(parent: str, tmp_path: Path, draw: Draw) -> None:
    paths = [[draw(tmp_path / parent / name / f"{index}.png") for index in range(4)] for name in ("cats", "dogs")]
    train, validation = (
        labelled(tmp_path, ["cats", "dogs"], geometry=WHOLE, split=split).images
        for split in ("train", "validation")  # type: ignore[arg-type]
    )
    assert [sorted(a + b) for a, b in zip(train, validation, strict=True)] == paths
    assert [len(images) for images in validation] == [1, 1]


def test_labels_stand_in_the_order_of_the_classes_asked_for(tmp_path: Path, draw: Draw) -> None:
    paths = {name: draw(tmp_path / name / "1.png") for name in ("a", "b", "c")}
    assert labelled(tmp_path, ["c", "a"], geometry=WHOLE, split="train").images == [[paths["c"]], [paths["a"]]]


@pytest.fixture
def data(tmp_path: Path, draw: Draw) -> Labelled:
    """Three classes with one, two and three images, all different."""
    return Labelled(
        [
            [draw(tmp_path / f"{label}{index}.png", 20, 24, seed=10 * label + index) for index in range(label + 1)]
            for label in range(3)
        ],
        WHOLE,
    )


def test_every_image_of_every_class_is_a_source(data: Labelled) -> None:
    assert len(data) == 6
    samples = [data.sample(index, chance(index)) for index in range(6)]
    assert [sample.name for sample in samples] == ["00.png", "10.png", "11.png", "20.png", "21.png", "22.png"]
    assert [labels(sample)[0] for sample in samples] == [0, 1, 1, 2, 2, 2]


def test_labels_are_one_hot_floats(data: Labelled) -> None:
    for condition in data.sample(0, chance(0)).condition.values():
        assert condition.shape == (3,)
        assert condition.dtype == torch.float32
        assert sorted(condition.tolist()) == [0, 0, 1]


def test_any_other_class_may_be_the_target_and_never_the_own(data: Labelled) -> None:
    for index in range(6):
        drawn = {labels(data.sample(index, chance(seed))) for seed in range(30)}
        own = labels(data.sample(index, None))[0]
        assert drawn == {(own, other) for other in range(3) if other != own}


def test_a_target_is_any_image_of_the_class_it_is_labelled_with(tmp_path: Path, draw: Draw) -> None:
    images = [[draw(tmp_path / f"{label}{index}.png", 16, 16, seed=3 * label + index) for index in range(3)]
              for label in range(2)]  # fmt: skip
    data = Labelled(images, Geometry(0, 16, flip=False))
    targets = {tuple(data.sample(0, chance(seed)).target[0, 0, :4].tolist()) for seed in range(40)}
    expected = {tuple(to_tensor(decode_image(read_file(path), path).pixels)[0, 0, :4].tolist()) for path in images[1]}
    assert targets == expected


def test_validation_goes_through_the_other_classes_and_their_images_in_turn(data: Labelled) -> None:
    for index in range(6):
        sample = data.sample(index, None)
        own, other = labels(sample)
        assert other == (own + 1 + index % 2) % 3
        path = data.images[other][index % len(data.images[other])]
        assert torch.equal(sample.target, to_tensor(decode_image(read_file(path), path).pixels))
        assert sample.source.shape == (3, 20, 24)
        assert equal(sample, data.sample(index, None))


def test_the_same_chance_gives_the_same_sample_also_after_pickling(data: Labelled) -> None:
    sample = data.sample(4, chance(1))
    assert equal(sample, pickle.loads(pickle.dumps(data)).sample(4, chance(1)))
    assert not equal(sample, data.sample(4, chance(2)))
    assert sample.source.shape == sample.target.shape == (3, 16, 16)


def test_source_and_target_are_cropped_apart(tmp_path: Path, draw: Draw) -> None:
    path = draw(tmp_path / "a.png")
    samples = [Labelled([[path], [path]], WHOLE).sample(0, chance(seed)) for seed in range(5)]
    assert not any(torch.equal(sample.source, sample.target) for sample in samples)
