"""Jobs whose items have conditions of their own: tables, folders, mappings; and what makes which item anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from img2img import Model, PluginHost
from img2img.errors import UsageError
from img2img.translation.job import translate
from img2img.translation.options import Output
from img2img.translation.report import Report

from .steered import brightener, painter, stylist

Go = Callable[..., Report]


@pytest.fixture
def go(photos: Path, tmp_path: Path, host: PluginHost, make: Any) -> Go:
    """Translate `photos` (0.png, 1.png, below/2.png, 3.png, …) into `out` with a translator and conditions."""

    def go(translator: Any, conditions: Mapping[str, Any] | None = None, **options: Any) -> Report:
        model = translator if isinstance(translator, Model) else make.model(translator)
        report = options.pop("report", None)
        options = {"source": photos, "target": tmp_path / "out", **options}
        return translate(
            options["source"],
            options["target"],
            model=model,
            conditions=conditions,
            output=Output(report=report),
            host=host,
        )

    return go


@pytest.fixture
def masks(photos: Path, tmp_path: Path, make: Any) -> Path:
    """A mask for each photo, of another size and suffix."""
    for number, path in enumerate(sorted(photos.rglob("*.png"))):
        place = tmp_path / "masks" / path.relative_to(photos).with_suffix(".tif")
        make.save(place, make.picture(9, 20, 1, seed=number + 50))
    return tmp_path / "masks"


def table(path: Path, text: str) -> str:
    path.write_text(text)
    return f"@{path}"


def statuses(report: Report) -> dict[str, str]:
    return {item.source.stem: item.status for item in report.items}


def test_a_folder_gives_each_source_the_picture_of_its_name(go: Go, masks: Path, tmp_path: Path, make: Any) -> None:
    report = go(painter(), {"mask": str(masks)})
    assert report.counts["done"] == 7
    for item in report.items:
        mask = masks / item.source.relative_to(tmp_path / "in").with_suffix(".tif")
        expected = make.model(painter())(make.load(item.source), mask=mask)
        assert np.abs(make.load(item.target).astype(int) - expected).max() <= 1


def test_a_replaced_mask_makes_its_item_anew_and_no_other(go: Go, masks: Path, make: Any) -> None:
    go(painter(), {"mask": masks})
    make.save(masks / "below" / "2.tif", make.picture(9, 20, 1, seed=99))
    report = go(painter(), {"mask": masks})
    assert statuses(report) == {name: "done" if name == "2" else "skipped" for name in "0123456"}


def test_a_replaced_style_makes_all_items_anew_and_a_moved_one_none(go: Go, tmp_path: Path, make: Any) -> None:
    style = make.save(tmp_path / "style.png", make.picture(8, 8, seed=1))
    model = make.model(stylist())
    assert go(model, {"": str(style)}).counts["done"] == 7
    assert go(model, {"style": style.rename(tmp_path / "moved.png")}).counts["skipped"] == 7
    make.save(style, make.picture(8, 8, seed=2))
    assert go(model, {"style": style}).counts["done"] == 7


def test_a_changed_row_of_a_table_makes_its_items_anew_and_no_other(go: Go, tmp_path: Path, make: Any) -> None:
    rows = ["name,by", "0.png,0.1", "1,0.2", "below/2.png,0.3", "3,0", "4.png,1", "5,0.5", "./6.png,0.25"]
    source = {path.stem: make.load(path) for path in (tmp_path / "in").rglob("*.png")}
    report = go(brightener(), {"by": table(tmp_path / "t.csv", "\n".join(rows))})
    assert report.counts["done"] == 7
    assert (make.load(tmp_path / "out" / "3.png") == source["3"]).all()
    assert (make.load(tmp_path / "out" / "4.png") == 255).all()
    rows[2] = "1,0.9"
    assert statuses(go(brightener(), {"by": table(tmp_path / "t.csv", "\n".join(rows))}))["1"] == "done"
    assert go(brightener(), {"by": f"@{tmp_path / 't.csv'}"}).counts["skipped"] == 7


def test_a_table_names_pictures_relative_to_itself(go: Go, masks: Path, tmp_path: Path) -> None:
    text = "name;mask\n" + "".join(f"{number};masks/0.tif\n" for number in range(7))
    report = go(painter(), {"mask": table(tmp_path / "t.csv", text)})
    assert report.counts["done"] == 7


def test_an_item_without_a_required_value_fails_at_once_and_the_others_go_on(go: Go, tmp_path: Path) -> None:
    text = "name,by\n0,0.1\n1,7\n2,0.1\n3,0.1\n4,0.1\n5,0.1\n"
    report = go(brightener(), {"by": table(tmp_path / "t.csv", text)})
    assert report.counts == {"done": 5, "damaged": 0, "skipped": 0, "failed": 2, "planned": 0}
    reasons = {item.source.stem: item.reason for item in report.items if item.status == "failed"}
    assert "condition by='7': give a number from 0 to 1" in reasons["1"]
    assert "t.csv has no row for '6.png'; it names 0, 1, 2, …" in reasons["6"]


def test_an_item_without_an_optional_value_is_translated_and_the_report_says_so(go: Go, tmp_path: Path) -> None:
    report = go(brightener(required=False), {"by": {"0.png": 0.5, "1": 0.25}}, report=tmp_path / "report.json")
    assert report.counts["done"] == 7
    written = json.loads((tmp_path / "report.json").read_text())
    notes = {Path(row["source"]).stem: row["notes"] for row in written["items"]}
    assert notes["0"] == []
    assert "translated without the condition by: the mapping has no row for '3.png'" in notes["3"][0]
    assert written["options"]["conditions"] == {"by": "a mapping of 2 names"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n0,1\n", "has the columns a, b; the first line must be name,by"),
        ("", "has the columns of an empty file"),
        ("name,x,y\n0,1,2\n", "has the columns name, x, y"),
        ("name,by\n0,1\n0,1\n", "has two rows for '0'"),
        ("name,by\n0\n", "lacks a name or a value in line 2"),
        ("name,by\n0,\n", "lacks a name or a value in line 2"),
        ("name,by\nä,1\n".encode("latin-1"), "no text in UTF-8"),
        (None, "cannot read the table"),
    ],
    ids=str,
)
def test_a_table_that_is_wrong_is_refused_before_any_work(
    text: str | bytes | None, message: str, go: Go, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=message):
        go(brightener(), {"by": f"@{tmp_path / 't.csv'}"})
    assert not (tmp_path / "out").exists()


def test_a_table_of_a_spreadsheet_is_read(go: Go, tmp_path: Path) -> None:
    text = "\ufeffName\tnote\tby\r\n" + "".join(f'"{number}.png"\t""\t0\r\n' for number in range(7)) + "\r\n"
    assert go(brightener(), {"by": table(tmp_path / "t.csv", text)}).counts["done"] == 7


def test_a_bare_name_of_several_sources_is_refused_for_these(go: Go, tmp_path: Path, make: Any) -> None:
    for folder in "ab":
        make.save(tmp_path / "twins" / folder / "1.png", make.picture())
    report = go(brightener(), {"by": table(tmp_path / "t.csv", "name,by\n1,0\n")}, source=tmp_path / "twins")
    assert report.counts["failed"] == 2
    assert "several sources are called so: write a/1.png" in report.items[0].reason


def test_a_mask_that_is_missing_or_double_or_no_picture_fails_its_item(go: Go, masks: Path, make: Any) -> None:
    (masks / "0.tif").unlink()
    make.save(masks / "1.jpg", make.picture(4, 4, 1))
    (masks / "3.tif").write_text("no picture")
    report = go(painter(), {"mask": masks})
    reasons = {item.source.stem: item.reason for item in report.items if item.status == "failed"}
    assert set(reasons) == {"0", "1", "3"}
    assert "has no picture called '0'" in reasons["0"]
    assert "has several pictures for '1.png'" in reasons["1"]
    assert "3.png: condition mask: " in reasons["3"]


@pytest.mark.parametrize("value", ["nowhere.png", "@nowhere.csv", 7])
def test_a_shared_picture_that_cannot_be_read_is_refused_before_any_work(value: Any, go: Go, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        go(stylist(), {"style": value})
    assert not (tmp_path / "out").exists()


def test_a_mapping_gives_arrays_paths_and_pictures(go: Go, masks: Path) -> None:
    half = np.zeros((12, 16), bool)
    own = {f"{number}.png": masks / "0.tif" for number in range(7)} | {"0.png": half, "below/2.png": half[..., None]}
    del own["2.png"]
    assert go(painter(), {"mask": own}).counts["done"] == 7
    assert go(painter(), {"mask": own}).counts["skipped"] == 7
    own["0.png"] = ~half
    assert statuses(go(painter(), {"mask": own}))["0"] == "done"


def test_a_shared_label_counts_among_the_settings(go: Go) -> None:
    go(brightener(), {"by": "0.5"})
    with pytest.raises(UsageError, match="were not made with this model and these settings"):
        go(brightener(), {"by": "0.25"})


def test_a_single_image_finds_its_own_value_too(go: Go, masks: Path, photos: Path, tmp_path: Path) -> None:
    options = {"source": photos / "0.png", "target": tmp_path / "one.png"}
    assert go(painter(), {"mask": masks}, **options).counts["done"] == 1


def test_rows_of_a_table_that_name_one_file_share_its_row(go: Go, tmp_path: Path, make: Any) -> None:
    make.save(tmp_path / "style.png", make.picture(8, 8))
    text = "name,style\n" + "".join(f"{number},style.png\n" for number in range(7))
    assert go(stylist(), {"style": table(tmp_path / "t.csv", text)}).counts["done"] == 7
    make.save(tmp_path / "style.png", make.picture(8, 8, seed=3))
    assert go(stylist(), {"style": f"@{tmp_path / 't.csv'}"}).counts["done"] == 7
