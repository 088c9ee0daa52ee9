"""Models that know time are not exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from img2img_export import exporting
from torch import nn

import img2img


@pytest.mark.parametrize("traits", [{"window": (0, 1)}, {"remembers": True}, {"frames_out": 2}], ids=str)
def test_a_model_that_knows_time_is_refused_with_a_reason(
    traits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Loaded:
        translator = img2img.Translator(nn.Identity(), img2img.Traits(**traits))

        class info:  # noqa: N801 - an attribute
            path = Path("film.safetensors")

    monkeypatch.setattr(img2img, "load_model", lambda *_, **__: Loaded())
    with pytest.raises(img2img.UsageError, match=r"film\.safetensors looks at several frames"):
        exporting.export("film", tmp_path / "film.pt2", {}, img2img.PluginHost())
