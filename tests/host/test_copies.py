"""What observers are shown: copies that cannot be changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from img2img import PluginHost, hookimpl
from img2img.config import TrainingConfig
from img2img.host.copies import copied

TABLE = {"format": ".png", "filters": [{"name": "grain"}], "scale": 2}
CHANGES = {
    "an item": lambda table: table.__setitem__("scale", 3),
    "no item": lambda table: table.__delitem__("scale"),
    "all": lambda table: table.clear(),
    "further": lambda table: table.update(a=1),
    "united": lambda table: table.__ior__({"a": 1}),
    "taken": lambda table: table.pop("scale"),
    "taken last": lambda table: table.popitem(),
    "by default": lambda table: table.setdefault("a", 1),
    "a list in it": lambda table: table["filters"].append(1),
    "a table in it": lambda table: table["filters"][0].clear(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_table_refuses_to_be_changed(change: str) -> None:
    shown = copied(TABLE)
    with pytest.raises((TypeError, AttributeError)):
        CHANGES[change](shown)
    assert shown == copied(TABLE)


def test_a_table_is_one_for_json_and_for_a_copy_that_may_be_changed() -> None:
    assert json.loads(json.dumps(copied(TABLE))) == TABLE
    assert {**copied(TABLE), "scale": 3}["scale"] == 3


def test_a_tensor_is_a_copy_for_which_torch_raises_where_it_is_changed() -> None:
    own = torch.ones(2)
    shown: Any = copied({"result": own})["result"]
    assert torch.equal(shown.clamp(0, 0.5), own / 2)
    with pytest.raises(RuntimeError):
        shown.zero_()
    assert own.tolist() == [1, 1]


def test_each_observer_has_tensors_of_its_own() -> None:
    class Watcher:
        @hookimpl
        def validated(self, previews: Any) -> None:
            seen.append(previews["result"])

    seen: list[Any] = []
    host = PluginHost()
    host.add_observer(Watcher())
    host.add_observer(Watcher())
    host.notify("validated", run=None, step=1, metrics={}, previews={"result": torch.ones(2)})
    first, second = seen
    assert first.data_ptr() != second.data_ptr()


def test_paths_and_configs_are_copies() -> None:
    for own in (Path("a/b"), TrainingConfig()):
        shown = copied(own)
        assert shown == own
        assert shown is not own
