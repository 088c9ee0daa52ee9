"""This module tells the failure of one item from an error that ends the job, and puts the failure into words."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from img2img.errors import FatalError, ImageError, Img2ImgError, Stopped, VideoError, is_ctrl_c
from img2img.inference.limits import is_out_of_memory
from img2img.text import error_text, printable

if TYPE_CHECKING:
    from img2img.translation.report import Item

log = logging.getLogger(__name__)


def ends_job(error: BaseException) -> bool:
    """Return whether an error ends the job; any other, known or not, costs only the item that raised it."""
    return isinstance(error, FatalError | Stopped) or is_ctrl_c(error)


def fail(item: Item, error: BaseException, needs: int = 0) -> None:
    """Set an item to failed, with the reason in one line."""
    item.status, item.reason = "failed", reason(item, error, needs)


def reason(item: Item, error: BaseException, needs: int = 0) -> str:
    """Return one line that says why an item failed, and what to do.

    The traceback of an error that nobody foresaw is logged for `img2img -v`.

    Args:
        item: The item.
        error: What failed it.
        needs: The bytes of memory that the item needs at least; 0 where that is not known.
    """
    name = printable(item.address or item.source)
    if isinstance(error, Img2ImgError):
        text = str(error)
        return text if isinstance(error, ImageError | VideoError) or text.startswith(name) else f"{name}: {text}"
    log.info("%s failed", name, exc_info=error)
    if is_out_of_memory(error):
        detail = error_text(error).partition(": ")[2]
        about = ", ".join(filter(None, [detail, f"it needs {needs / 1e9:.1f} GB or more" if needs else ""]))
        return f"{name}: it does not fit the memory{about and f' ({about})'}; translate it on another machine"
    return (
        f"{name}: img2img failed on it, by an error that nobody foresaw: {error_text(error)}; please report it with "
        "the traceback that `img2img -v translate …` shows"
    )
