"""Writes the outcome of an evaluation as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from img2img.evaluation.outcome import BY_TRUTH, DISTANCES, Evaluation, Figures
from img2img.text import printable

COLUMNS = ("image", "by", "figure", "value", "images", "protocol")
"""The columns of the CSV, which has one figure a row; `image` is empty where the figure is of all `images`."""
MARK = ",".join(COLUMNS).encode()
"""Bytes that are in each such CSV, and hardly in another file."""

_LOOKS = {
    "psnr": ("PSNR", 2),
    "psnr_y": ("PSNR-Y", 2),
    "ssim": ("SSIM", 4),
    "ssim_y": ("SSIM-Y", 4),
    "ms_ssim": ("MS-SSIM", 4),
    "swd": ("SWD", 2),
    "swd_level_1": ("level 1", 2),
    "swd_level_2": ("level 2", 2),
    "swd_level_3": ("level 3", 2),
    "swd_level_4": ("level 4", 2),
    "fid": ("FID", 3),
    "kid": ("KID", 5),
}
"""The heading of each figure in a table, and the number of digits behind the point."""


def as_lines(found: Evaluation) -> list[str]:
    """Write a line for each image with a truth and for the means, and the distances from the images of reference."""
    return [*_of_images(found), *_of_sets(found), *(f"note: {note}" for note in found.notes)]


def as_table(found: Evaluation) -> dict[str, Any]:
    """Return everything, as JSON can hold it."""
    return {
        "schema": "img2img.evaluation/1",
        **found.about,
        "counts": {"planned": len(found.images), "judged": len(found.judged)},
        "total": {way: {name: asdict(total) for name, total in found.totals(way).items()} for way in found.ways},
        "notes": found.notes,
        "images": [asdict(image) for image in found.images],
        "unread_references": [asdict(image) for image in found.unread],
    }


def as_csv(found: Evaluation) -> str:
    """Write one figure a row, with what it depends on beside it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for image in found.failed:
        writer.writerow([_cell(image.name), "", "failed", "", "", _cell(image.reason)])
    for image in found.judged:
        for way, figures in image.figures.items():
            for figure, value in figures.items():
                writer.writerow([_cell(image.name), found.ways[way], figure, value, 1, _protocol(found, figure)])
    for way, called in found.ways.items():
        for figure, total in found.totals(way).items():
            writer.writerow(["", called, figure, total.value, total.images, _protocol(found, figure)])
    return buffer.getvalue()


def _cell(text: str) -> str:
    """Return text for a cell, harmless also in a spreadsheet, which computes what begins like a formula."""
    return f"'{printable(text)}" if text.startswith(("=", "+", "-", "@")) else printable(text)


def _protocol(found: Evaluation, figure: str) -> str:
    protocol, extractor = found.about["protocol"], found.about["extractor"]
    if figure in ("fid", "kid"):
        return f"extractor sha256 {extractor['sha256']}; resized: {extractor['resize']}"
    if figure in DISTANCES:
        return str(protocol["swd"])
    return f"crop {protocol['crop']}; sources {protocol['sources']}"


def _of_images(found: Evaluation) -> list[str]:
    rows: list[tuple[str, Figures]]
    rows = [(printable(image.name), image.figures["model"]) for image in found.judged if image.figures]
    if not rows:
        return []
    for way, called in found.ways.items():
        rows.append((f"mean, {called}", {name: total.value for name, total in found.totals(way).items()}))
    protocol = found.about["protocol"]
    remark = f"{protocol['crop']} pixels cropped along each edge; sources {protocol['sources']}"
    return [*_table("", BY_TRUTH, rows), remark]


def _of_sets(found: Evaluation) -> list[str]:
    rows = [(found.ways[way], figures) for way, figures in found.distances.items()]
    if not rows:
        return []
    references, extractor = found.about["data"]["references"], found.about["extractor"]
    table = _table(f"from {references['count']} images of {printable(references['folder'])}", DISTANCES, rows)
    if extractor is None:
        return table
    features = f"{extractor['features']} features of {printable(extractor['file'])}"
    return [*table, f"{features}, sha256 {extractor['sha256']}; resized: {extractor['resize']}"]


def _table(title: str, columns: Sequence[str], rows: Sequence[tuple[str, Figures]]) -> list[str]:
    """Write figures as a table; figures that no row has are left out."""
    shown = [name for name in columns if any(name in figures for _, figures in rows)]
    width = max(map(len, [title, *(label for label, _ in rows)]))
    lines = [title.ljust(width) + "".join(f"{_LOOKS[name][0]:>9}" for name in shown)]
    for label, figures in rows:
        cells = (f"{figures[name]:9.{_LOOKS[name][1]}f}" if name in figures else f"{'-':>9}" for name in shown)
        lines.append(label.ljust(width) + "".join(cells))
    return lines
