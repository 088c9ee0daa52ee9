"""This module reads the side data of frames, also where a frame has kinds of them that PyAV has no name for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from av.sidedata.sidedata import Type

if TYPE_CHECKING:
    import av


def _without_name(cls: type[Type], number: object) -> Any:
    """Stand in for a kind that PyAV does not know, or the first such kind would make all side data unreadable."""
    member: Any = object.__new__(cls)
    member._name_, member._value_ = f"UNKNOWN_{number}", number
    return member


Type._missing_ = classmethod(_without_name)  # type: ignore[assignment]


def side_data(frame: av.VideoFrame, name: str) -> bytes | None:
    """Return the side data of a frame that have a name, such as `DISPLAYMATRIX`; None if it has none."""
    if may_be_png(frame):
        return None
    found: Any = frame.side_data.get(name)
    return None if found is None else bytes(found)


def may_be_png(frame: av.VideoFrame) -> bool:
    """Return whether a frame may be a PNG with a colour profile, whose side data must not be touched.

    PyAV frees the name of such a profile twice, which ends the process. PNG holds RGB, palettes and grey.
    """
    layout = frame.format
    return layout.is_rgb or layout.name == "pal8" or len(layout.components) < 3
