"""Image-to-image translation built of plugins: train model families, and apply them to images in batches.

What needs torch is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from img2img.clips import ClipSource, ClipTarget, ClipWriter
    from img2img.config import AdversarialConfig, ModelConfig, TrainingConfig
    from img2img.errors import ConfigError, DataError, Img2ImgError, ModelFileError, UsageError, VideoError
    from img2img.families import Batch, Condition, Dataset, ModelFamily, Sample, Translator
    from img2img.filters import Filter, FilterOptions
    from img2img.hookspecs import hookimpl
    from img2img.importers import Importer
    from img2img.media.video.frames import Clip, ClipInfo, Frame
    from img2img.plugins import PluginHost
    from img2img.trainers import Engine, Trainer, Verdict
    from img2img.training.loop import train
    from img2img.training.run import Run
    from img2img.translation.job import Job, translate
    from img2img.translation.model import Model, load_model
    from img2img.translation.report import Item, Report

_HOMES = {
    "AdversarialConfig": "config",
    "Batch": "families",
    "Clip": "media.video.frames",
    "ClipInfo": "media.video.frames",
    "ClipSource": "clips",
    "ClipTarget": "clips",
    "ClipWriter": "clips",
    "Condition": "families",
    "ConfigError": "errors",
    "DataError": "errors",
    "Dataset": "families",
    "Engine": "trainers",
    "Filter": "filters",
    "Frame": "media.video.frames",
    "FilterOptions": "filters",
    "Img2ImgError": "errors",
    "Importer": "importers",
    "Model": "translation.model",
    "ModelConfig": "config",
    "ModelFileError": "errors",
    "ModelFamily": "families",
    "PluginHost": "plugins",
    "Item": "translation.report",
    "Job": "translation.job",
    "Report": "translation.report",
    "Run": "training.run",
    "Sample": "families",
    "Trainer": "trainers",
    "TrainingConfig": "config",
    "Translator": "families",
    "UsageError": "errors",
    "Verdict": "trainers",
    "VideoError": "errors",
    "hookimpl": "hookspecs",
    "load_model": "translation.model",
    "train": "training.loop",
    "translate": "translation.job",
}

__all__ = [  # noqa: RUF022 - by subject
    "load_model",
    "translate",
    "train",
    "Model",
    "PluginHost",
    "Img2ImgError",
    "ConfigError",
    "DataError",
    "UsageError",
    "ModelFileError",
    "VideoError",
    "hookimpl",
    "ModelFamily",
    "ModelConfig",
    "TrainingConfig",
    "AdversarialConfig",
    "Dataset",
    "Sample",
    "Batch",
    "Trainer",
    "Verdict",
    "Engine",
    "Translator",
    "Condition",
    "Filter",
    "FilterOptions",
    "Importer",
    "ClipSource",
    "ClipTarget",
    "ClipWriter",
    "Clip",
    "ClipInfo",
    "Frame",
    "Run",
    "Job",
    "Item",
    "Report",
]


if not TYPE_CHECKING:  # a type checker would believe that every name is there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'img2img' has no attribute {name!r}")
        value = getattr(import_module(f"img2img.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
