"""`img2img evaluate` as a user meets it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

Program = Any


@pytest.fixture
def quarters(tmp_path: Path) -> Path:
    """A network of 12 features."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper = onnx.helper
    values = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("images", ("N", 3, 8, 8)), ("features", None))
    ]
    nodes = [
        helper.make_node("AveragePool", ["images"], ["means"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["means"], ["features"]),
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "quarters", values[:1], values[1:]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    onnx.save(model, tmp_path / "quarters.onnx")
    return tmp_path / "quarters.onnx"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_table_has_a_line_for_each_image_and_the_means_of_the_model_and_of_bicubic(
    program: Program, photos: Path
) -> None:
    done = program("evaluate", "tiny", photos, "--downscale", "--crop", 0)
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == ["PSNR", "PSNR-Y", "SSIM", "SSIM-Y"]
    assert [line.split()[0] for line in lines[1:4]] == ["a.png", "b.png", "below/c.png"]
    assert [line.split()[:2] for line in lines[4:6]] == [["mean,", "tiny"], ["mean,", "bicubic"]]
    assert lines[6] == (
        "0 pixels cropped along each edge; sources made of the truths by MATLAB's bicubic, 1/2, rounded to 8 bits"
    )
    assert lines[7].startswith("note: MS-SSIM is of 0 of 3 images")
    columns = np.array([line.split()[-4:] for line in lines[1:5]], float)
    assert columns[:3].mean(0) == pytest.approx(columns[3], abs=0.01)


def test_json_has_all_that_the_figures_depend_on(program: Program, photos: Path, tiny_model: Path) -> None:
    done = program("evaluate", "tiny", photos, "--downscale", "--json", "--device", "cpu")
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)
    assert found["schema"] == "img2img.evaluation/1"
    assert found["model"].items() >= {"name": "tiny", "family": "srgan", "scale": "2", "path": str(tiny_model)}.items()
    assert found["model"]["sha256"] in program("inspect", "tiny").out
    assert found["counts"] == {"planned": 3, "judged": 3}
    assert (
        found["protocol"].items() >= {"crop": 2, "precision": "float32", "device": "cpu", "baseline": "bicubic"}.items()
    )
    assert found["versions"].keys() >= {"img2img-runtime", "torch"}
    values = [image["figures"]["model"]["psnr_y"] for image in found["images"]]
    assert found["total"]["model"]["psnr_y"] == {"value": pytest.approx(np.mean(values)), "images": 3}
    assert found["extractor"] is None


def test_distances_from_a_reference_have_the_extractor_beside_them(
    program: Program, photos: Path, quarters: Path, tmp_path: Path
) -> None:
    words = ("evaluate", "tiny", photos, "--reference", photos, "--extractor", quarters)
    digest = hashlib.sha256(quarters.read_bytes()).hexdigest()
    shown = program(*words, "--csv", tmp_path / "figures.csv")
    assert (shown.status, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[0].split()[-2:] == ["FID", "KID"]
    assert lines[3] == (f"12 features of {quarters}, sha256 {digest}; resized: bicubic, antialiased (torch), to 8×8")
    found = json.loads(program(*words, "--json").out)
    assert found["extractor"]["sha256"] == digest
    rows = rows_of((tmp_path / "figures.csv").read_text())
    for row in rows:
        assert row["image"] == ""
        assert (
            float(row["value"])
            == found["total"]["model" if row["by"] == "tiny" else "baseline"][row["figure"]]["value"]
        )
    (protocol,) = {row["protocol"] for row in rows if row["figure"] in ("fid", "kid")}
    assert protocol == f"extractor sha256 {digest}; resized: bicubic, antialiased (torch), to 8×8"


def test_csv_has_a_row_for_each_figure_and_each_failure(program: Program, photos: Path, tmp_path: Path) -> None:
    (photos / "b.png").write_bytes(b"damaged")
    done = program("evaluate", "tiny", photos, "--downscale", "--csv", tmp_path / "figures.csv")
    assert done.status == 1
    assert f"failed: {photos / 'b.png'}: " in done.err
    assert "2 of 3 images are in the figures" in done.err
    rows = rows_of((tmp_path / "figures.csv").read_text())
    assert [(row["image"], row["figure"]) for row in rows if not row["by"]] == [("b.png", "failed")]
    found = {(row["image"], row["by"], row["figure"]): row for row in rows}
    assert found["", "tiny", "psnr"]["images"] == "2"
    assert found["a.png", "bicubic", "ssim_y"]["protocol"].startswith("crop 2; sources made of the truths")
    mean = np.mean([float(found[name, "tiny", "psnr"]["value"]) for name in ("a.png", "below/c.png")])
    assert float(found["", "tiny", "psnr"]["value"]) == pytest.approx(mean)


def test_a_truth_of_another_size_costs_its_image(program: Program, photos: Path, tmp_path: Path) -> None:
    for name, size in (("a", (20, 16)), ("b", (30, 16))):
        (tmp_path / "truths").mkdir(exist_ok=True)
        (tmp_path / "truths" / f"{name}.png").write_bytes(cv2.imencode(".png", np.zeros((*size[::-1], 3), np.uint8))[1])
    done = program("evaluate", "tiny", photos, "--truth", tmp_path / "truths")
    assert done.status == 1
    assert "it is 30×16, and the result 20×16; a truth is 2 times as large as its source" in done.err
    assert "c.png: there is no truth of this name" in done.err
    assert "1 of 3 images are in the figures" in done.err


def test_where_every_image_fails_there_is_no_table(program: Program, photos: Path) -> None:
    for path in photos.rglob("*.png"):
        path.write_bytes(b"damaged")
    done = program("evaluate", "tiny", photos, "--downscale", "--reference", photos.parent / "photos")
    assert (done.status, done.out) == (2, "")
    done = program("evaluate", "tiny", photos, "--downscale")
    assert (done.status, done.out) == (1, "")
    assert "0 of 3 images are in the figures" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "there is nothing to hold the results against: give --truth"),
        ("--truth photos --downscale", "exclude each other"),
        ("--truth nowhere", "there is no nowhere; the truths are a folder of images"),
        ("--truth empty", "no images in empty, where the truths should be"),
        ("--truth others", "no image of photos has a truth in others: a, b, below/c there, z here"),
        ("--truth twice", "have one name but for the suffix"),
        ("--reference empty", "no images in empty, where the images of reference should be"),
        ("--downscale --extractor x.onnx", "add --reference"),
        ("--reference photos --extractor x.pth", "is no ONNX file"),
        ("--downscale -c label=x", "takes no condition 'label'"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_a_word_on_what_to_do(
    program: Program, photos: Path, words: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    for name in ("empty", "others", "twice"):
        Path(name).mkdir()
    for name in ("others/z.png", "twice/a.png", "twice/a.jpg"):
        Path(name).write_bytes(Path("photos/a.png").read_bytes())
    done = program("evaluate", "tiny", "photos", *words.split())
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_a_file_that_is_no_table_of_figures_is_not_replaced_by_one(program: Program, photos: Path) -> None:
    (photos / "notes.csv").write_text("my,notes\n")
    done = program("evaluate", "tiny", photos, "--downscale", "--csv", photos / "notes.csv")
    assert (done.status, done.out) == (2, "")
    assert "notes.csv exists and is no table of this program; name another file" in done.err
    assert (photos / "notes.csv").read_text() == "my,notes\n"


def test_a_csv_file_that_cannot_be_written_ends_with_3_after_the_table(program: Program, photos: Path) -> None:
    done = program("evaluate", "tiny", photos, "--downscale", "--csv", photos / "nowhere" / "figures.csv")
    assert done.status == 3
    assert "mean, tiny" in done.out
    assert "create its folder first" in done.err
