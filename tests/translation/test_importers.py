"""Files that importers open as models: found by their suffix, and whatever an importer does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, nn

from img2img import Importer, Output, PluginHost, Traits, Translator, hookimpl, load_model, translate
from img2img.errors import ModelFileError
from img2img.host.declarations import Plugin
from img2img.models.store import describe_model

Weights = Mapping[str, Tensor] | None


class Toy(Importer):
    """Opens files whose text is the scale of the network."""

    name, summary, suffixes = "toy", "toys", (".toy", ".toy.txt")
    network: Callable[..., nn.Module]

    def open(self, path: Path, weights: Weights) -> Translator:
        scale = int(path.read_text())
        return Translator(self.network(scale), Traits(scale=scale))

    def about(self, path: Path, weights: Weights) -> dict[str, Any]:
        return {"license": "CC0-1.0", "text": path.read_text()}


class ToyPlugin:
    def __init__(self, importer: Importer) -> None:
        self.importer = importer

    @hookimpl
    def register_importers(self, register: Callable[[Importer], None]) -> None:
        register(self.importer)


@pytest.fixture
def toys(host: PluginHost, make: Any) -> PluginHost:
    """The installed plugins, and one with the importer `toy`."""
    toy = Toy()
    toy.network = make.Enlarge
    host.register(ToyPlugin(toy), Plugin("toy", "img2img-toy", "1"))
    return host


@pytest.mark.parametrize("name", ["x.toy", "X.TOY", "x.2.toy.txt"])
def test_a_file_is_opened_by_the_importer_of_its_suffix(name: str, toys: PluginHost, tmp_path: Path, make: Any) -> None:
    (tmp_path / name).write_text("3")
    model = load_model(tmp_path / name, host=toys)
    image = make.picture()
    assert (model(image) == 255 - image.repeat(3, 0).repeat(3, 1)).all()
    info = model.info
    assert (info.family, info.scale, info.license) == ("toy", "3", "CC0-1.0")
    assert info.sha256 == hashlib.sha256(b"3").hexdigest()
    assert json.loads(info.config)["text"] == "3"


def test_a_folder_is_translated_by_it_and_made_anew_when_the_file_changes(
    toys: PluginHost, tmp_path: Path, make: Any
) -> None:
    sources, model = make.folder(tmp_path / "in"), tmp_path / "x.toy"
    for scale in (2, 3):
        model.write_text(str(scale))
        report = translate(sources, tmp_path / "out", model=model, host=toys, output=Output(overwrite=True))
        assert report.counts["done"] == 3
        assert make.load(tmp_path / "out" / "0.png").shape == (12 * scale, 16 * scale, 3)


@pytest.mark.parametrize("name", ["x.xyz", "toy", "x.safetensors.bak"])
def test_a_suffix_that_nobody_knows_is_an_error_with_those_that_there_are(
    name: str, toys: PluginHost, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("3")
    for use in (lambda path: load_model(path, host=toys), lambda path: describe_model(path, toys)):
        with pytest.raises(ModelFileError, match=r"ends in one of \.safetensors, .*\.toy, \.toy\.txt"):
            use(tmp_path / name)


def test_an_importer_that_fails_is_named(toys: PluginHost, tmp_path: Path) -> None:
    (tmp_path / "x.toy").write_text("three")
    with pytest.raises(ModelFileError, match=r"the importer 'toy' cannot open .*x\.toy: ValueError: invalid literal"):
        load_model(tmp_path / "x.toy", host=toys)


def test_what_a_file_says_of_itself_is_read_without_opening_it(toys: PluginHost, tmp_path: Path) -> None:
    (tmp_path / "x.toy").write_text("three")
    info = describe_model(tmp_path / "x.toy", toys)
    assert (info.family, info.scale, info.shapes) == ("toy", "?", {})


def test_two_importers_that_claim_one_file_are_both_named(
    host: PluginHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Toy, "suffixes", (".pt2",))
    host.register(ToyPlugin(Toy()), Plugin("toy", "img2img-toy", "1"))
    (tmp_path / "x.pt2").write_text("3")
    message = r"claimed by pt2 of export .* and toy of toy \(img2img-toy 1\); .*img2img --plugins export"
    for use in (lambda path: load_model(path, host=host), lambda path: describe_model(path, host)):
        with pytest.raises(ModelFileError, match=message):
            use(tmp_path / "x.pt2")


@pytest.mark.parametrize("nonsense", [None, 3, "a translator", SystemExit(0)], ids=repr)
def test_an_importer_that_opens_a_file_as_nonsense_is_an_error_with_its_name(
    nonsense: Any, host: PluginHost, tmp_path: Path
) -> None:
    class Confused(Toy):
        def open(self, path: Path, weights: Weights) -> Any:
            if isinstance(nonsense, BaseException):
                raise nonsense
            return nonsense

    host.register(ToyPlugin(Confused()), Plugin("toy", "img2img-toy", "1"))
    (tmp_path / "x.toy").write_text("3")
    with pytest.raises(ModelFileError, match="the importer 'toy' cannot open"):
        load_model(tmp_path / "x.toy", host=host)


@pytest.mark.parametrize("about", [[1], {"a": object()}, None], ids=["list", "object", "none"])
def test_an_importer_that_tells_nonsense_about_a_file_is_an_error_with_its_name(
    about: Any, host: PluginHost, tmp_path: Path
) -> None:
    class Confused(Toy):
        def about(self, path: Path, weights: Weights) -> Any:
            return about

    host.register(ToyPlugin(Confused()), Plugin("toy", "img2img-toy", "1"))
    (tmp_path / "x.toy").write_text("3")
    with pytest.raises(ModelFileError, match="the importer 'toy' cannot open"):
        describe_model(tmp_path / "x.toy", host)
