"""This module suppresses the messages of torch's exporters that do not concern the user."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_TALKATIVE = ("torch.export", "torch.onnx._internal.exporter._registration")
"""Loggers with tracebacks of files that are refused with a better message, and with operators that nobody needs."""


@contextmanager
def quietly() -> Iterator[None]:
    """Suppress warnings and log records of torch's exporters, which concern their internals."""
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
