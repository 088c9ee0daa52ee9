"""Tables of pictures: their columns, their encodings, and rows that make no sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import img2img

from .conftest import failures, png, sizes

WEB = "address of a picture on the web"


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(png(2, 3))
    (tmp_path / "photos" / "b.png").write_bytes(png(4, 5))


@pytest.mark.parametrize(
    "table",
    [
        "name,picture\nfirst.png,a.png\nsub/second,b.png\n",
        "Path;Name\r\na.png;first.png\r\nb.png;sub/second\r\n",
        "\ufeffurl\tname\na.png\tfirst.png\nb.png\tsub/second\n\n",
        'remark,picture,name\n"x, ""y""\nz",a.png,first.png\n,b.png,sub/second\n',
    ],
)
def test_each_row_becomes_one_target_of_its_name(table: str, job: Any) -> None:
    Path("photos/list.csv").write_bytes(table.encode())
    report = job("table:photos/list.csv", "out")
    assert failures(report) == {}
    assert sizes(Path("out")) == {"first.png": (4, 6), "sub/second.png": (8, 10)}
    assert job("table:photos/list.csv", "out").counts["skipped"] == 2


def test_without_names_each_keeps_its_path_or_the_name_of_an_absolute_one(job: Any, tmp_path: Path) -> None:
    Path("list.csv").write_text(f"picture\nphotos/a.png\n{tmp_path}/photos/b.png\n")
    job("table:list.csv", "out")
    assert sizes(Path("out")) == {"photos/a.png": (4, 6), "b.png": (8, 10)}


def test_a_row_that_makes_no_sense_costs_itself_alone(job: Any) -> None:
    Path("list.csv").write_text(
        "picture,name\nphotos/none.png,1\n,2\nftp://server/x.png,3\nhttp://,4\nphotos,5\nphotos/a.png,6\n"
    )
    report = job("table:list.csv", "out")
    assert list(failures(report).values()) == [
        "photos/none.png: cannot be read: No such file or directory; check the path and its permissions",
        "table:list.csv/2: the row names no picture; correct it in the table",
        "table:list.csv/3: it is neither a path nor an http or https address; correct it in the table",
        f"table:list.csv/4: http:// is no {WEB}; give one such as https://server/folder/picture.jpg",
        "photos: this is not a regular file; give the path of an image file",
    ]
    assert sizes(Path("out")) == {"6.png": (4, 6)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no column of pictures"),
        (b"name\nx\n", "has no column of pictures"),
        (b"picture\n", "no images found in table:list.csv"),
        (b"picture\n\xff\xfe\n", "cannot be read as a table"),
        (b"picture\n" + b"x" * 200_000, "cannot be read as a table"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused(content: bytes, message: str, job: Any) -> None:
    Path("list.csv").write_bytes(content)
    with pytest.raises(img2img.UsageError, match=message):
        job("table:list.csv", "out")


def test_the_pictures_of_a_table_are_never_targets(job: Any) -> None:
    Path("list.csv").write_text("picture,name\nphotos/b.png,a.png\nphotos/a.png,b.png\n")
    with pytest.raises(img2img.UsageError, match="is a source"):
        job("table:list.csv", "photos", output=img2img.Output(overwrite=True))
    assert sizes(Path("photos")) == {"a.png": (2, 3), "b.png": (4, 5)}
