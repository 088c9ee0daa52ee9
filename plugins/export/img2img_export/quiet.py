"""Keeping torch's exporters from telling the user what is not for him."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_TALKATIVE = ("torch.export", "torch.onnx._internal.exporter._registration")
"""Tracebacks of files that are refused with a better message, and operators of packages that nobody needs."""


@contextmanager
def quietly() -> Iterator[None]:
    """Leave out warnings and log records of torch's exporters, which speak of their own insides."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
