"""What a finished run leaves, and what is refused before one begins."""

from __future__ import annotations

import csv
import json
import random
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from img2img_srgan.trainer import SRGANTrainer
from torch import Tensor

import img2img
from img2img.errors import ConfigError, DataError, FatalError, ModelFileError, PluginError, Stopped, UsageError
from img2img.media import decode_image, read_file
from img2img.models.file import load_generator, read_info, save_model
from img2img.training.checkpoints import list_checkpoints
from img2img.training.run import Run

Settings = dict[str, Any]
HostWith = Callable[[type[SRGANTrainer]], img2img.PluginHost]


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def weights(path: Path, host: img2img.PluginHost) -> dict[str, Tensor]:
    return load_generator(read_info(path), host)[2].state_dict()


def test_a_run_leaves_what_the_design_promises_and_nothing_else(finished: Path) -> None:
    """Besides what observers leave that are installed, such as TensorBoard's."""
    files = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    files = {name for name in files if not name.startswith("tensorboard/")}
    steps = ["00000004", "00000007", "00000008", "00000012", "00000013"]
    kept = {path.name for path in (finished / "checkpoints").iterdir()}
    assert files == {
        *(
            "run.toml",
            "log.csv",
            "log.png",
            "health.csv",
            ".lock",
        ),
        *(
            f"run{milestone}{kind}"
            for milestone in ("", "-best", "-pretrain")
            for kind in (".safetensors", ".md", "-worst.jpg", "-nearest.jpg")
        ),
        *(f"previews/step-{step}.png" for step in steps),
        *(f"checkpoints/{name}/{file}" for name in kept for file in ("state.pt", "checkpoint.json")),
    }


def test_run_toml_says_what_is_trained_on_what_and_with_what(finished: Path, photos: Path) -> None:
    about = tomllib.loads((finished / "run.toml").read_text())
    assert (about["family"], about["data"], about["seed"]) == ("srgan", str(photos), 3)
    assert about["config"]["width"] == 8
    assert about["config"]["vgg_layer"] == "conv5_4"  # defaults too: they may be others one day
    assert about["versions"]["torch"] == torch.__version__


def test_the_log_has_a_row_for_each_log_line_and_validation_in_order(finished: Path) -> None:
    rows = rows_of(finished)
    assert [int(row["step"]) for row in rows] == [3, 4, 6, 7, 8, 9, 12, 12, 13, 13]
    judged = [int(row["step"]) for row in rows if row["validation_psnr_y"]]
    assert judged == [4, 7, 8, 12, 13]
    assert all(5 < float(row["validation_psnr_y"]) < 60 for row in rows if row["validation_psnr_y"])
    assert [row["adversarial"] != "" for row in rows if row["pixel"]] == [False, False, True, True, True]


def test_previews_show_each_held_out_image_in_three_versions(finished: Path) -> None:
    path = finished / "previews" / "step-00000013.png"
    pixels = decode_image(read_file(path), path).pixels
    assert pixels.shape == (18 + 40, 3 * 48, 3)
    assert all(name.min() < 100 for name in np.split(pixels[:18], 3, axis=1)), "a column has no name"
    bicubic, result, truth = np.split(pixels[18:].astype(float), 3, axis=1)
    assert 0 < np.abs(bicubic - truth).mean() < 60
    assert 0 < np.abs(result - truth).mean() < 60


def test_the_model_file_describes_the_end_of_the_training(finished: Path) -> None:
    info = read_info(finished / "run.safetensors")
    assert (info.family, info.direction, info.scale, info.step) == ("srgan", "forward", "2", 13)
    assert (info.trained_on, info.license) == ("waves", "CC0-1.0")
    assert "gan_steps" not in json.loads(info.config), "options of the training have no place in a model file"


def test_the_best_model_is_kept_as_a_model_file_of_its_own(finished: Path, host: Any) -> None:
    best = read_info(finished / "run-best.safetensors")
    figures = {int(row["step"]): row["validation_psnr_y"] for row in rows_of(finished)}
    assert best.step == max(filter(figures.get, figures), key=lambda step: float(figures[step]))


def test_the_losses_and_the_figures_are_drawn(finished: Path) -> None:
    pixels = decode_image(read_file(finished / "log.png"), "log.png").pixels
    assert pixels.shape[1] > 1000
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 10, "nothing but paper"


def test_the_end_of_the_first_stage_is_kept_as_a_model_file_of_its_own(finished: Path, host: Any) -> None:
    info = read_info(finished / "run-pretrain.safetensors")
    assert info.step == 7
    first, last = weights(info.path, host), weights(finished / "run.safetensors", host)
    assert any(not torch.equal(first[name], last[name]) for name in first)


def test_the_model_file_holds_the_averaged_weights(finished: Path, host: Any) -> None:
    state = list_checkpoints(finished / "checkpoints")[-1].load(torch.device("cpu"))
    saved = weights(finished / "run.safetensors", host)
    assert all(torch.equal(saved[name], state["averages"]["forward"][name]) for name in saved)
    assert any(not torch.equal(saved[name], state["networks"]["generator"][name]) for name in saved)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_another_others(
    settings: Settings, finished: Path, host: Any, fingerprint: Callable[[Path], dict[str, Any]]
) -> None:
    again = img2img.train("srgan", **settings, host=host).folder
    assert fingerprint(again) == fingerprint(finished)
    other = img2img.train("srgan", **settings | {"run": settings["run"] + "-2", "seed": 4}, host=host).folder
    assert fingerprint(other)["averages"] != fingerprint(finished)["averages"]


def test_two_runs_of_one_host_each_write_their_own_rows(settings: Settings, host: Any) -> None:
    settings["options"] |= {"pretrain_steps": 2, "gan_steps": 0}
    for name in ("a", "b"):
        img2img.train("srgan", **settings | {"run": f"{settings['run']}-{name}"}, host=host)
    for name in ("a", "b"):
        assert [row["step"] for row in rows_of(Path(f"{settings['run']}-{name}"))] == ["2", "2"]


class Gambling(SRGANTrainer):
    """Draws from every global generator."""

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        drawn = (torch.tensor(random.random()), torch.tensor(np.random.random()), torch.rand(()))
        return dict(zip(("python", "numpy", "torch"), drawn, strict=True))


def test_the_seed_decides_every_global_random_number_also_after_a_stop(settings: Settings, host_with: HostWith) -> None:
    settings["options"] |= {"pretrain_steps": 6, "gan_steps": 0}
    whole = img2img.train("scripted", **settings, host=host_with(Gambling)).folder
    torch.rand(5)
    settings["run"] += "-2"
    asked = iter(range(1, 100))
    with pytest.raises(Stopped):
        img2img.train("scripted", **settings, host=host_with(Gambling), stop=lambda: next(asked) == 2)
    random.seed(0)
    np.random.seed(0)
    stopped = img2img.train("scripted", **settings, host=host_with(Gambling), resume=True).folder
    assert (stopped / "log.csv").read_text() == (whole / "log.csv").read_text()
    assert len({row["numpy"] for row in rows_of(whole) if row["numpy"]}) == 2


class Counting(SRGANTrainer):
    """Its loss `late` begins with the fourth step and is always 10."""

    def step(self, batch: img2img.Batch) -> Mapping[str, Tensor]:
        late = {"late": torch.tensor(10.0)} if self.engine.step >= 3 else {}
        return {"number": torch.tensor(float(self.engine.step)), **late}


def test_a_loss_that_begins_between_two_log_lines_is_averaged_over_its_own_steps(
    settings: Settings, host_with: HostWith
) -> None:
    settings["options"] |= {"pretrain_steps": 5, "gan_steps": 0}
    settings |= {"intervals": img2img.Intervals(4, 5, 2)}
    folder = img2img.train("scripted", **settings, host=host_with(Counting)).folder
    row = next(row for row in rows_of(folder) if row["number"])
    assert (float(row["number"]), float(row["late"])) == (2, 10)


def test_init_begins_with_the_weights_of_a_model_file(settings: Settings, finished: Path, host: Any) -> None:
    settings["options"] |= {"pretrain_steps": 1, "gan_steps": 0, "pretrain_lr": 1e-12}
    init = finished / "run.safetensors"
    folder = img2img.train("srgan", **settings, init=str(init), host=host).folder
    began, ended = weights(init, host), weights(folder / "run.safetensors", host)
    for name in began:
        torch.testing.assert_close(ended[name], began[name], rtol=0, atol=1e-9)


def test_init_from_a_model_of_other_options_is_warned_of(
    settings: Settings, finished: Path, host: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings["options"] |= {"growth": 16}
    img2img.train("srgan", **settings, init=str(finished / "run.safetensors"), host=host)
    assert "was made with growth=32, and this run is not: its weights may mean something else" in caplog.text


def test_init_takes_a_checkpoint_of_another_code(settings: Settings, host: Any, tmp_path: Path) -> None:
    settings["options"] |= {"pretrain_steps": 1, "gan_steps": 0, "pretrain_lr": 1e-12}
    family = host.family("srgan")
    began = family.build_generator(family.training_class.parse(settings["options"])).state_dict()
    torch.save({"params_ema": began}, tmp_path / "net_g.pth")
    folder = img2img.train("srgan", **settings, init=str(tmp_path / "net_g.pth"), host=host).folder
    ended = weights(folder / "run.safetensors", host)
    assert all(torch.allclose(ended[name], began[name], rtol=0, atol=1e-9) for name in began)


def test_init_from_another_network_is_refused_and_nothing_is_begun(
    settings: Settings, finished: Path, host: Any
) -> None:
    settings["options"] |= {"width": 12}
    with pytest.raises(UsageError, match=r"run\.safetensors is not of this run's network"):
        img2img.train("srgan", **settings, init=str(finished / "run.safetensors"), host=host)
    assert not (Path(settings["run"]) / "run.toml").exists()


def test_init_of_another_direction_is_refused(settings: Settings, host: Any, tmp_path: Path) -> None:
    family = host.family("srgan")
    config = family.training_class.parse(settings["options"]).part(family.config_class)
    save_model(tmp_path / "b.safetensors", family.build_generator(config), config, family="srgan", direction="backward")
    with pytest.raises(UsageError, match="the run has no direction 'backward'"):
        img2img.train("srgan", **settings, init=str(tmp_path / "b.safetensors"), host=host)


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"family": "srgam"}, PluginError, "no plugin provides the family 'srgam'"),
    ({"options": {"widht": 8}}, ConfigError, "did you mean 'width'"),
    ({"options": {"pretrain_steps": 0, "gan_steps": 0}}, ConfigError, "0 steps"),
    ({"options": {"perceptual": "vgg19"}}, ConfigError, "vgg_weights=PATH"),
    ({"data": "/nowhere"}, DataError, "/nowhere is not a folder"),
    ({"init": "/nowhere.safetensors"}, ModelFileError, "/nowhere.safetensors"),
    ({"compute": img2img.Compute("banana")}, UsageError, "the device 'banana'"),
    ({"seed": -1}, UsageError, "seed=-1 is too small; it is at least 0"),
    ({"compute": img2img.Compute("cpu", "fp8")}, UsageError, "unknown precision 'fp8'"),
]


@pytest.mark.parametrize(("changes", "error", "complaint"), REFUSED, ids=[str(row[0]) for row in REFUSED])
def test_what_cannot_be_trained_is_refused_before_a_run_stands(
    changes: dict[str, Any], error: type[Exception], complaint: str, settings: Settings, host: Any
) -> None:
    with pytest.raises(error, match=complaint):
        img2img.train(**{"family": "srgan", **settings, **changes}, host=host)
    assert not (Path(settings["run"]) / "run.toml").exists()


def test_a_run_that_stands_in_the_folder_is_not_overwritten(settings: Settings, copied: Path, host: Any) -> None:
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*") if path.is_file() and path.name != ".lock"}
    with pytest.raises(UsageError, match=r"a run stands in .*run: go on with it by --resume, or name another folder"):
        img2img.train("srgan", **settings, host=host)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_two_processes_do_not_train_in_one_folder(settings: Settings, copied: Path, host: Any) -> None:
    config = host.family("srgan").training_class.parse(settings["options"])
    with (
        Run(copied, "srgan", config, Path(settings["data"])).locked(),
        pytest.raises(FatalError, match="another process is training in"),
    ):
        img2img.train("srgan", **settings, resume=True, host=host)


def test_a_folder_that_cannot_be_made_is_refused(settings: Settings, host: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write to the folder"):
        img2img.train("srgan", **settings | {"run": str(tmp_path / "file" / "run")}, host=host)
