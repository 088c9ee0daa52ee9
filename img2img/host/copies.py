"""This module makes copies of what observers are shown, so that none of them changes a job or a run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn


class ReadOnly(dict[str, Any]):
    """A table that refuses to be changed."""

    def _refuse(self, *arguments: object, **named: object) -> NoReturn:
        raise TypeError("observers change nothing; make a copy of this table")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


def copied(value: Any) -> Any:
    """Return a copy that cannot be changed: of tables, lists and paths, of tensors in them, and of configs.

    A tensor is one of inference mode, for which torch raises where it is changed in place elsewhere. Other values are
    returned as they are; the views of jobs and runs are named tuples of such copies.
    """
    if isinstance(value, Mapping):
        return ReadOnly({name: copied(one) for name, one in value.items()})
    if type(value) in (list, tuple):
        return tuple(map(copied, value))
    if isinstance(value, Path):
        return Path(value)
    if (torch := sys.modules.get("torch")) and isinstance(value, torch.Tensor):
        with torch.inference_mode():
            return value.clone()
    return value.model_copy(deep=True) if hasattr(value, "model_copy") else value
