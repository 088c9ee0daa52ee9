"""Files of tensors that no family takes are offered to the importers of their suffix."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from img2img import Importer, PluginHost, Recognised, Traits, Translator, hookimpl, load_model
from img2img.errors import ModelFileError
from img2img.host.declarations import Plugin
from img2img.models.foreign import read_checkpoint
from img2img.models.store import describe_model

Weights = Mapping[str, Tensor] | None
ALL_SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt")


class Gain(Importer):
    """Opens tables with one tensor, `gain`, by which the image is multiplied."""

    name, summary, suffixes = "gain", "gains", ALL_SUFFIXES
    asked: int

    def claims(self, path: Path, weights: Weights) -> bool:
        return weights is not None and "gain" in weights

    def open(self, path: Path, weights: Weights) -> Translator:
        assert weights is not None
        return Scaled(nn.ParameterList([nn.Parameter(weights["gain"])]), Traits(scale=1))

    def about(self, path: Path, weights: Weights) -> Mapping[str, Any]:
        return {"gain": float((weights or {})["gain"])}


class Scaled(Translator):
    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return images * self.generator[0]  # type: ignore[index, no-any-return]


class Refusing(Gain):
    name = "refusing"

    def claims(self, path: Path, weights: Weights) -> bool:
        raise ModelFileError(f"{path} is a gain of a later version; upgrade")


class Failing(Gain):
    name = "failing"

    def claims(self, path: Path, weights: Weights) -> bool:
        raise SystemExit("no")


class Claiming(Gain):
    name = "claiming"


class PluginOf:
    def __init__(self, importer: Importer) -> None:
        self.importer = importer

    @hookimpl
    def register_importers(self, register: Callable[[Importer], None]) -> None:
        register(self.importer)


def add(host: PluginHost, *importers: Importer) -> None:
    for importer in importers:
        host.register(PluginOf(importer), Plugin(f"p-{importer.name}", f"img2img-{importer.name}", "1"))


def save(path: Path, weights: Any = None) -> Path:
    weights = weights or {"gain": torch.tensor(0.5)}
    save_file(weights, path) if path.suffix == ".safetensors" else torch.save(weights, path)
    return path


@pytest.mark.parametrize("suffix", [*ALL_SUFFIXES, ".PTH"])
def test_a_table_of_tensors_that_no_family_takes_is_opened_by_the_importer_that_claims_it(
    suffix: str, host: PluginHost, tmp_path: Path
) -> None:
    add(host, Gain())
    model = load_model(save(tmp_path / f"x{suffix}"), host=host)
    assert (model(np.full((4, 4, 3), 200, np.uint8)) == 100).all()
    info = describe_model(tmp_path / f"x{suffix}", host)
    assert (info.family, info.shapes, info.config) == ("gain", {"gain": ()}, '{"gain": 0.5}')


def test_an_importer_gets_the_names_that_stand_in_the_file(host: PluginHost, tmp_path: Path) -> None:
    seen: list[str] = []

    class Curious(Gain):
        def claims(self, path: Path, weights: Weights) -> bool:
            seen.extend(weights or ["none"])
            return False

    add(host, Curious())
    with pytest.raises(ModelFileError, match="none of the families"):
        load_model(save(tmp_path / "x.pth", {"params": {"generator.a": torch.zeros(1)}}), host=host)
    assert seen == ["generator.a"]


def test_a_file_is_read_once(host: PluginHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def noted(path: Path) -> Any:
        read.append(path)
        return read_checkpoint(path)

    monkeypatch.setattr("img2img.models.foreign.read_checkpoint", noted)
    add(host, Gain())
    load_model(save(tmp_path / "x.pth"), host=host)
    assert read == [tmp_path / "x.pth"]


def test_families_come_before_importers(host: PluginHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = host.family("srgan")
    config = family.training_class.parse({"width": 4, "depth": 1})
    weights = family.build_generator(config).state_dict()
    options = {"width": 4, "depth": 1}
    monkeypatch.setattr(type(family), "recognise", lambda self, weights: Recognised("toy", options, weights))

    class Greedy(Gain):
        def claims(self, path: Path, weights: Weights) -> bool:
            raise AssertionError("it was asked")

    add(host, Greedy())
    assert load_model(save(tmp_path / "x.pth", weights), host=host).info.family == "srgan"


def test_what_a_family_refuses_an_importer_may_open(
    host: PluginHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, weights: Weights) -> None:
        raise ModelFileError("is a variant that srgan does not have")

    monkeypatch.setattr(type(host.family("srgan")), "recognise", refuse)
    with pytest.raises(ModelFileError, match=r"x\.pth is a variant that srgan does not have"):
        load_model(save(tmp_path / "x.pth"), host=host)
    add(host, Gain())
    assert load_model(tmp_path / "x.pth", host=host).info.family == "gain"


def test_what_an_importer_refuses_is_read_where_nobody_takes_the_file(host: PluginHost, tmp_path: Path) -> None:
    add(host, Refusing())
    with pytest.raises(ModelFileError) as caught:
        load_model(save(tmp_path / "x.pth"), host=host)
    assert caught.value.lines == [f"{tmp_path / 'x.pth'} is a gain of a later version; upgrade"]
    add(host, Gain())
    assert load_model(tmp_path / "x.pth", host=host).info.family == "gain"


def test_an_importer_that_fails_is_reported_and_passed_over(
    host: PluginHost, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(host, Failing(), Gain())
    with caplog.at_level(logging.WARNING):
        assert load_model(save(tmp_path / "x.pth"), host=host).info.family == "gain"
    assert "the importer 'failing' failed to look at" in caplog.text


def test_two_importers_that_claim_a_table_are_both_named(host: PluginHost, tmp_path: Path) -> None:
    add(host, Gain(), Claiming())
    with pytest.raises(ModelFileError) as caught:
        load_model(save(tmp_path / "x.ckpt"), host=host)
    assert str(caught.value) == (
        f"{tmp_path / 'x.ckpt'} is claimed by gain of p-gain (img2img-gain 1) and claiming of p-claiming "
        "(img2img-claiming 1); choose one of these plugins: img2img --plugins p-gain …"
    )


def test_an_importer_claims_no_table_unless_it_says_so(host: PluginHost, tmp_path: Path) -> None:
    class Quiet(Gain):
        claims = Importer.claims

    add(host, Quiet())
    with pytest.raises(ModelFileError, match="none of the families"):
        load_model(save(tmp_path / "x.pth"), host=host)


def test_a_file_that_is_no_table_is_offered_without_tensors(host: PluginHost, tmp_path: Path) -> None:
    class Texts(Gain):
        claims = Importer.claims

        def open(self, path: Path, weights: Weights) -> Translator:
            assert weights is None
            return Scaled(nn.ParameterList([nn.Parameter(torch.tensor(float(path.read_text())))]))

        def about(self, path: Path, weights: Weights) -> Mapping[str, Any]:
            return {}

    add(host, Texts())
    (tmp_path / "x.pt").write_text("0.25")
    assert load_model(tmp_path / "x.pt", host=host).translator.generator[0] == 0.25  # type: ignore[index]


def test_a_model_of_the_programs_own_is_offered_to_nobody(host: PluginHost, tmp_path: Path) -> None:
    class Greedy(Gain):
        def claims(self, path: Path, weights: Weights) -> bool:
            return True

    add(host, Greedy())
    assert load_model("photo-x2", host=host).info.family == "srgan"
