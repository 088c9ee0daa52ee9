"""The card that a run writes: its facts against the data's, its worst results against figures taken once more."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from img2img_srgan.trainer import SRGANTrainer
from torch.nn.functional import interpolate

import img2img
from img2img.contract.data import Batch, Sample
from img2img.contract.trainers import Translate
from img2img.contract.traits import Condition, Traits
from img2img.datasets import Geometry, paired, super_resolution
from img2img.errors import Stopped
from img2img.media import decode_image, read_file
from img2img.models.card import Card, read_card
from img2img.models.file import read_info
from img2img.nn import metrics
from img2img.training.cards.cards import _describe
from img2img.training.cards.showcase import Showcase, UnlikeOthers, unlike_truth
from img2img.training.cards.thumbnails import Thumbnails

Settings = dict[str, Any]
HostWith = Callable[[type[SRGANTrainer]], img2img.PluginHost]


def card_of(model: Path) -> Card:
    card = read_card(read_info(model))
    assert card is not None
    return card


def hashed(paths: Iterable[Path]) -> str:
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(paths)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def test_the_card_counts_and_hashes_what_was_read(finished: Path, photos: Path) -> None:
    card = card_of(finished / "run.safetensors")
    held_out = {photos / shown.name for shown in card.worst}
    assert (card.training.files, card.validation.files) == (5, 1)
    assert card.training.sha256 == hashed(set(photos.iterdir()) - held_out)
    assert card.validation.sha256 == hashed(held_out)
    assert card.training.folder == photos.name


def test_no_path_of_the_machine_stands_in_a_card(finished: Path, photos: Path) -> None:
    text = (finished / "run.md").read_text() + card_of(finished / "run.safetensors").model_dump_json()
    assert str(photos.parent) not in text
    assert str(finished.parent) not in text


def test_the_worst_figure_is_that_of_the_model_file_itself(finished: Path, photos: Path) -> None:
    card = card_of(finished / "run.safetensors")
    ((name, figure),) = [(shown.name, shown.figure) for shown in card.worst]
    pixels = decode_image(read_file(photos / name), name).pixels
    (sample,) = [sample for sample in held_out(photos) if sample.name == name]
    result = img2img.load_model(str(finished / "run.safetensors"))(sample.source[None])
    assert pixels.shape[:2] == tuple(sample.target.shape[1:])
    psnr = metrics.psnr(metrics.to_8_bit(result), sample.target[None])
    assert figure == pytest.approx(float(psnr), abs=1e-3)


def held_out(photos: Path) -> list[Sample]:
    data = super_resolution(photos, scale=2, crop=16, split="validation")
    return [data.sample(index, None) for index in range(len(data))]


def test_each_model_file_has_the_card_of_its_own_step(finished: Path) -> None:
    assert card_of(finished / "run.safetensors").validated == 13
    assert card_of(finished / "run-pretrain.safetensors").validated == 7
    assert "| steps | 7 |" in (finished / "run-pretrain.md").read_text()


def test_the_markdown_shows_pictures_that_stand_beside_it(finished: Path) -> None:
    text = (finished / "run.md").read_text()
    for name in ("run-worst.jpg", "run-nearest.jpg"):
        assert f"]({name})" in text
        assert decode_image(read_file(finished / name), name).pixels.shape[1] in (512, 768)


def test_a_training_that_was_stopped_before_a_validation_keeps_what_the_card_told(settings: Settings) -> None:
    folder = Path(settings["run"])
    steps = iter(range(1, 100))
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings, stop=lambda: next(steps) == 4)
    before = card_of(folder / "run.safetensors")
    assert before.validated == 4
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings, resume=True, stop=lambda: True)
    after = card_of(folder / "run.safetensors")
    assert (after.validated, after.worst, after.figures) == (4, before.worst, before.figures)
    assert read_info(folder / "run.safetensors").step == 5
    assert "run-worst.jpg" in (folder / "run.md").read_text()


def test_warnings_of_the_runs_health_stand_in_its_card(settings: Settings) -> None:
    folder = Path(settings["run"])
    run = img2img.train("srgan", **settings | {"intervals": img2img.Intervals(6, 3, 2)}, stop=lambda: False)
    rows = (folder / "health.csv").read_text().splitlines()
    column = rows[0].split(",").index("diversity")
    spoilt = [row.split(",") for row in rows]
    for row in spoilt[1:]:
        row[column] = "0.1"
    (folder / "health.csv").write_text("\n".join(map(",".join, spoilt)) + "\n")
    (folder / "run.safetensors").unlink()
    img2img.train("srgan", **settings | {"intervals": img2img.Intervals(6, 3, 2)}, resume=True)
    (warning,) = card_of(run.model_path("forward")).warnings
    assert warning.startswith("step 10: collapse (forward)")


class Nameless(SRGANTrainer):
    def views(self, batch: img2img.Batch) -> Mapping[str, img2img.Batch]:
        raise KeyError("strength")


def test_a_family_that_cannot_show_its_results_trains_all_the_same(
    settings: Settings, host_with: HostWith, caplog: pytest.LogCaptureFixture
) -> None:
    host = host_with(Nameless)
    host.strict = False
    run = img2img.train("scripted", **settings, host=host)
    assert run.step == 13
    assert any("the model card can show no results: KeyError" in message for message in caplog.messages)
    assert card_of(run.model_path("forward")).figures["psnr_y"] > 5


class Parrot(SRGANTrainer):
    """Validates, and is shown, by images that it has learned by heart."""

    def validate(self, batches: Iterable[img2img.Batch], translate: Mapping[str, Translate]) -> dict[str, float]:
        return {"seen": float(sum(1 for _ in batches))}


def test_images_that_were_trained_on_are_found_among_the_training_images(
    settings: Settings, photos: Path, tmp_path: Path, host_with: HostWith
) -> None:
    """The held-out image is a copy of a training image, so that the result is nearest to that."""
    data = tmp_path / "data"
    shutil.copytree(photos, data)
    shown = held_out(data)[0].name
    twin = next(path for path in sorted(data.iterdir()) if path.name != shown)
    shutil.copy(twin, data / shown)
    run = img2img.train("scripted", **settings | {"data": str(data)}, host=host_with(Parrot))
    card = card_of(run.model_path("forward"))
    assert [likeness.nearest for likeness in card.nearest] == [twin.name]
    assert card.nearest_of == 5
    assert card.figures == {"seen": 1}


def test_a_result_without_truth_is_the_worse_the_less_it_is_of_its_kind() -> None:
    chance = torch.Generator().manual_seed(0)
    targets = [torch.rand(1, 3, 24, 24, generator=chance) for _ in range(4)]
    flat = torch.full((1, 3, 24, 24), 0.5)
    views = [Batch(flat, target, names=(f"{number}",)) for number, target in enumerate(targets)]
    showcase = Showcase(False, UnlikeOthers(views, {}), Traits())
    for view, result in zip(views, [targets[1], flat, 0.5 + targets[0] / 5, targets[2]], strict=True):
        showcase.add(view, result)
    assert [example.name for example in showcase.worst[:2]] == ["1", "2"]
    assert [example.name for example in showcase.first] == ["0", "1", "2", "3"]


def test_a_result_is_named_with_the_label_it_was_made_under() -> None:
    labels = {"night": [1.0, 0.0], "day": [0.0, 1.0]}
    condition = Condition("", lambda text: torch.tensor(labels[text]), choices=tuple(labels))
    image = torch.rand(1, 3, 8, 8)
    view = Batch(image, image, {"label": torch.tensor([[0.0, 1.0]])}, ("a.png",))
    showcase = Showcase(True, unlike_truth, Traits(conditions={"label": condition}))
    showcase.add(view, image)
    assert showcase.worst[0].name == "a.png, label=day"


def test_a_result_is_named_with_a_number_and_shown_beside_the_pictures_it_was_made_with() -> None:
    conditions = {
        "age": Condition("how old", kind="number"),
        "style": Condition("how", kind="image"),
        "mask": Condition("where", kind="map", channels=1),
    }
    image = torch.rand(1, 3, 8, 8)
    rows = {"age": torch.tensor([30.5]), "style": torch.rand(1, 3, 5, 9), "mask": torch.rand(1, 1, 8, 8)}
    showcase = Showcase(True, unlike_truth, Traits(conditions=conditions))
    showcase.add(Batch(image, image, rows, ("a.png",)), image)
    assert showcase.worst[0].name == "a.png, age=30.5"
    assert [*showcase.worst[0].tiles] == ["source", "style", "mask", "result", "truth"]


def test_targets_of_every_map_are_compared_with_a_result_and_those_of_its_own_label() -> None:
    conditions = {"mask": Condition("where", kind="map"), "label": Condition("which", choices=("a", "b"))}
    views = [
        Batch(
            torch.zeros(1, 3, 16, 16),
            torch.full((1, 3, 16, 16), brightness),
            {"mask": torch.rand(1, 3, 16, 16), "label": torch.tensor([label])},
        )
        for brightness, label in ((0.1, 0), (0.2, 0), (0.9, 1))
    ]
    assert len(UnlikeOthers(views, conditions).wanted) == 2


def test_the_card_names_the_model_that_a_training_began_with(settings: Settings, finished: Path) -> None:
    run = img2img.train("srgan", **settings, init=str(finished / "run.safetensors"))
    began_with = read_info(finished / "run.safetensors")
    assert card_of(run.model_path("forward")).started_from == (
        f"run.safetensors; SHA-256 {began_with.sha256}; trained on: waves; licence: CC0-1.0"
    )
    assert "started from the weights of run.safetensors" in (run.folder / "run.md").read_text()


def test_a_damaged_model_file_does_not_keep_a_run_from_going_on(settings: Settings) -> None:
    folder = Path(settings["run"])
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings, stop=lambda: True)
    model = folder / "run.safetensors"
    model.write_bytes(model.read_bytes()[:1000])
    with pytest.raises(Stopped):
        img2img.train("srgan", **settings, resume=True, stop=lambda: True)
    assert card_of(model).training.files == 5


@pytest.mark.parametrize("path", ["/somewhere/else/vgg19.pth", __file__])
def test_of_files_that_options_name_only_the_names_are_told(path: str, settings: Settings) -> None:
    settings["options"] |= {"vgg_weights": path, "gan_steps": 0}
    run = img2img.train("srgan", **settings)
    assert card_of(run.model_path("forward")).options["vgg_weights"] == Path(path).name


class Verbose(SRGANTrainer):
    def validate(self, batches: Iterable[img2img.Batch], translate: Mapping[str, Translate]) -> dict[str, float]:
        return {"x" * 1001: 0.0}


def test_a_card_that_no_reader_would_take_is_not_written_and_ends_no_training(
    settings: Settings, host_with: HostWith, caplog: pytest.LogCaptureFixture
) -> None:
    run = img2img.train("scripted", **settings, host=host_with(Verbose))
    assert read_card(read_info(run.model_path("forward"))) is None
    assert not (run.folder / "run.md").exists()
    assert "run.safetensors has no card: ValidationError" in caplog.text


def test_names_that_are_no_utf8_stand_in_a_card_as_escapes(settings: Settings, photos: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for number, path in enumerate(sorted(photos.iterdir())):
        shutil.copy(path, data / os.fsdecode(b"\xff%d.png" % number))
    run = img2img.train("srgan", **settings | {"data": str(data)})
    (shown,) = card_of(run.model_path("forward")).worst
    assert shown.name.startswith("\\udcff")


def test_files_outside_of_the_datas_folder_are_counted_and_hashed(photos: Path, tmp_path: Path) -> None:
    folders = [tmp_path / name / "pictures" for name in ("one", "two")]
    for folder in folders:
        shutil.copytree(photos, folder)
    data = paired(tmp_path, geometry=Geometry(0, 16, False), split="train", source="one", target="two")
    described = _describe(tmp_path / "elsewhere", data)
    assert (described.samples, described.files) == (5, 10)
    (folders[0] / "0.png").write_bytes((folders[0] / "1.png").read_bytes())
    assert _describe(tmp_path / "elsewhere", data).sha256 != described.sha256


def test_model_files_that_were_removed_come_back_with_their_cards(copied: Path, settings: Settings) -> None:
    before = (copied / "run.safetensors").read_bytes()
    (copied / "run.safetensors").unlink()
    img2img.train("srgan", **settings | {"run": str(copied)}, resume=True)
    assert (copied / "run.safetensors").read_bytes() == before


def test_training_images_are_looked_through_up_to_a_bound_of_pixels(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unprepared(SRGANTrainer):
        def __init__(self) -> None:
            pass

    data = super_resolution(photos, scale=2, crop=16, split="train")
    monkeypatch.setattr("img2img.training.cards.thumbnails.MOST_PIXELS", 3 * 40 * 48)
    found = Thumbnails(Unprepared(), data, "forward")
    assert len(found) == len(set(found.names)) == 3


def test_the_card_compares_the_results_with_the_sources_themselves(finished: Path, photos: Path) -> None:
    card = card_of(finished / "run.safetensors")
    ((source, target),) = [(sample.source[None], sample.target[None]) for sample in held_out(photos)]
    bicubic = interpolate(source, scale_factor=2, mode="bicubic", antialias=True).clamp(0, 1)
    assert card.baseline == pytest.approx(float(metrics.psnr(metrics.to_8_bit(bicubic), target)), abs=1e-3)
    assert card.mean == pytest.approx(card.worst[0].figure)
    assert (
        f"{card.mean:.4g}; for the sources themselves, brought to size: {card.baseline:.4g}"
        in (finished / "run.md").read_text()
    )
