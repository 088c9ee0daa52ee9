"""Values of conditions: what becomes a row, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from img2img import Condition
from img2img.errors import UsageError
from img2img.inference.conditions import describe_conditions, named, parse_batch, parse_rows, row_of

STYLE = Condition("the style", kind="image", required=True)
MASK = Condition("the mask", kind="map", channels=1)
LABEL = Condition("the season", choices=("summer", "winter"), required=True)
NUMBER = Condition("how much", kind="number", minimum=0, maximum=2)


def row(value: Any, condition: Condition = STYLE) -> torch.Tensor:
    return row_of("it", condition, value)


def test_a_typed_label_or_number_becomes_a_row() -> None:
    rows = parse_rows({"label": LABEL, "by": NUMBER}, {"by": 0.5, "label": "winter"})
    assert {name: value.item() for name, value in rows.items()} == {"label": 1, "by": 0.5}


@pytest.mark.parametrize("value", ["0.5", 0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5), torch.tensor([0.5])])
def test_a_number_may_be_of_any_type(value: Any) -> None:
    assert row(value, NUMBER).shape == ()
    assert row(value, NUMBER).item() == 0.5


@pytest.mark.parametrize("value", ["3", 3, torch.tensor(-1.0), "nan", float("inf")])
def test_a_number_out_of_range_is_refused_with_the_range(value: Any) -> None:
    with pytest.raises(UsageError, match="give a number from 0 to 2"):
        row(value, NUMBER)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_path_an_array_a_tensor_and_a_pil_image_of_one_picture_are_one_row(
    dtype: type, suffix: str, make: Any, tmp_path: Path
) -> None:
    pixels = make.picture(5, 7, 3, dtype)
    path = make.save(tmp_path / f"style{suffix}", pixels)
    expected = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1) / np.iinfo(dtype).max
    values = [str(path), path, pixels, expected, expected.numpy().transpose(1, 2, 0), expected.double()]
    values += [Image.fromarray(pixels)] if dtype == np.uint8 else []
    assert all(torch.equal(row(value), expected) for value in values)


def test_grey_and_colour_are_brought_to_the_channels_of_the_condition(make: Any) -> None:
    grey, colour = make.picture(4, 6, 1), make.picture(4, 6, 3)
    assert torch.equal(row(grey), row(grey, MASK).expand(3, -1, -1))
    assert torch.equal(row(grey[..., 0], MASK), row(grey, MASK))
    assert row(colour, MASK).shape == (1, 4, 6)
    assert torch.allclose(row(colour / 255, MASK), row(colour, MASK), atol=1 / 255)
    assert torch.equal(row(np.repeat(grey, 3, 2), MASK), row(grey, MASK))


def test_a_mask_may_be_true_and_false() -> None:
    mask = np.eye(4, dtype=bool)
    assert torch.equal(row(mask, MASK)[0], torch.eye(4))
    assert torch.equal(row(torch.from_numpy(mask), MASK)[0], torch.eye(4))
    assert torch.equal(row(Image.fromarray(mask), MASK)[0], torch.eye(4))


def test_a_pil_image_of_any_mode_shows_its_colours(make: Any) -> None:
    picture = Image.fromarray(make.picture(6, 6))
    few = picture.quantize(4)
    assert torch.equal(row(few), row(few.convert("RGB")))
    assert torch.equal(row(picture.convert("CMYK")), row(picture.convert("CMYK").convert("RGB")))


def test_what_is_transparent_is_black_in_a_map_and_filled_in_an_image() -> None:
    strokes = np.full((2, 2, 4), 255, np.uint8)
    strokes[:, 1, 3] = 0
    assert row(strokes, MASK)[0].tolist() == [[1, 0], [1, 0]]
    assert row(strokes).min() == 1


def test_a_picture_file_is_turned_upright(make: Any, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(make.picture(8, 16)).save(tmp_path / "turned.jpg", exif=exif)
    assert row(tmp_path / "turned.jpg").shape == (3, 16, 8)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("nowhere.png", "nowhere.png: .*check the path"),
        (np.zeros((4, 4, 5)), "not ndarray"),
        (np.zeros((4, 4), int), "its type is int64; give uint8, uint16, bool, or float"),
        (np.full((4, 4, 3), 200.0), r"its values reach from 200 to 200; bring them to \[0, 1\]"),
        (np.full((4, 4, 3), np.nan), "its values reach from nan"),
        (torch.zeros(1, 3, 4, 4), r"\(1 or 3, H, W\), not \(1, 3, 4, 4\)"),
        (torch.zeros(3, 4, 4, dtype=torch.uint8), "not torch.uint8"),
        (7, "give a path, a PIL image, or an array"),
        (None, "give a path, a PIL image, or an array"),
        ("@table.csv", "a table gives each source"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_picture_is_refused_with_what_it_is(value: Any, reason: str) -> None:
    with pytest.raises(UsageError, match=f"condition it=.*{reason}"):
        row(value)


def test_a_file_that_is_no_picture_and_a_folder_say_so(tmp_path: Path) -> None:
    (tmp_path / "style.png").write_text("no picture")
    with pytest.raises(UsageError, match=r"style.png: "):
        row(tmp_path / "style.png")
    with pytest.raises(UsageError, match="here one picture serves all"):
        row(tmp_path)


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        ({"style": STYLE}, {}, "needs the condition 'style': the style; give -c style=PICTURE"),
        ({"label": LABEL}, {}, r"give -c label=summer\|winter"),
        ({"by": NUMBER}, {"hue": "1"}, "takes no condition 'hue'; it takes by"),
        (
            {"by": NUMBER, "mask": MASK},
            {"": "1"},
            "does not say for which: it takes by, mask; write for example -c by=",
        ),
        ({}, {"": "night"}, "it takes none"),
        ({"label": LABEL}, {"": "summer", "label": "winter"}, "'label' is given twice"),
    ],
)
def test_names_that_are_unknown_missing_or_unclear_are_refused(
    declared: dict[str, Condition], given: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        named(declared, given)


def test_a_value_without_a_name_is_that_of_the_single_required_or_the_only_condition() -> None:
    assert named({"by": NUMBER, "label": LABEL}, {"": "summer"}) == {"label": "summer"}
    assert named({"by": NUMBER}, {"": "1"}) == {"by": "1"}


def test_a_description_says_what_to_choose() -> None:
    lines = describe_conditions({"label": LABEL, "by": NUMBER, "style": STYLE, "mask": MASK})
    assert lines[0] == "label=summer|winter  (label, required)  the season"
    assert lines[1] == "by=NUMBER from 0 to 2  (number, optional)  how much"
    assert lines[2] == "style=PICTURE  (image, required)  the style"
    assert lines[3].startswith("mask=PICTURE, or a folder of pictures")


def test_a_tensor_may_hold_a_row_for_each_image_of_a_batch(make: Any) -> None:
    declared = {"style": STYLE, "by": NUMBER}
    styles = torch.rand(2, 3, 4, 5)
    rows = parse_batch(declared, {"style": styles, "by": torch.tensor([0.0, 1.0])}, 2)
    assert torch.equal(rows["style"], styles)
    assert rows["by"].tolist() == [0, 1]
    assert parse_batch(declared, {"style": styles[0]}, 2)["style"].stride(0) == 0, "one row for all is not copied"
    with pytest.raises(UsageError, match="it has 2 rows for 3 images"):
        parse_batch(declared, {"style": styles}, 3)
