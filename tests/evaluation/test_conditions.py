"""Sources that are judged with conditions of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from img2img import Condition, Model, Traits, Translator
from img2img.evaluation.evaluate import Known, evaluate

Write = Callable[..., Path]


class Painted(Translator):
    """Returns its map."""

    traits = Traits(conditions={"mask": Condition("what to return", kind="map", required=True)})

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return conditions["mask"] + 0 * images


@pytest.fixture
def painted(restyling: Model) -> Model:
    return Model(restyling.info, Painted(torch.nn.Identity()), restyling.device)


@pytest.mark.parametrize("by_table", [False, True])
def test_each_source_is_judged_with_its_own_map(painted: Model, write: Write, tmp_path: Path, by_table: bool) -> None:
    for seed, name in enumerate("ab"):
        write(f"in/{name}.png", seed)
        write(f"masks/{name}.png", seed + 2)
    (tmp_path / "masks.csv").write_text("name,mask\na,masks/a.png\nb,masks/b.png\n")
    mask = f"@{tmp_path / 'masks.csv'}" if by_table else str(tmp_path / "masks")
    found = evaluate(painted, tmp_path / "in", Known(tmp_path / "masks"), conditions={"mask": mask})
    assert [image.figures["model"]["psnr"] for image in found.images] == [100, 100]
    assert found.about["conditions"] == {"mask": mask}


def test_a_source_without_its_map_costs_itself_alone(painted: Model, write: Write, tmp_path: Path) -> None:
    for name in ("in/a.png", "in/b.png", "masks/a.png"):
        write(name)
    found = evaluate(painted, tmp_path / "in", Known(tmp_path / "in"), conditions={"mask": str(tmp_path / "masks")})
    assert [bool(image.reason) for image in found.images] == [False, True]
    assert "has no picture called 'b'" in found.images[1].reason
