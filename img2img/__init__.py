"""img2img translates images and videos with models that plugins provide, and trains such models.

Names that need torch are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from img2img.config import ModelConfig, TrainingConfig
    from img2img.contract.albums import Album, AlbumSource, AlbumTarget, AlbumWriter, NamedPicture
    from img2img.contract.clips import ClipSource, ClipTarget, ClipWriter
    from img2img.contract.data import Batch, Dataset, Misfit, Sample
    from img2img.contract.families import ModelFamily, Recognised, Translator
    from img2img.contract.filters import Filter, FilterOptions
    from img2img.contract.hookspecs import hookimpl
    from img2img.contract.importers import Importer
    from img2img.contract.trainers import Engine, Trainer, Translate, Verdict
    from img2img.contract.traits import Condition, Noise, Traits
    from img2img.errors import ConfigError, DataError, Img2ImgError, ModelFileError, UsageError, VideoError
    from img2img.host.host import PluginHost
    from img2img.inference.device import Compute
    from img2img.inference.model import Model, load_model
    from img2img.media.clip.frames import Clip, ClipInfo, Frame
    from img2img.media.video.options import VideoOptions
    from img2img.nn.games import AdversarialConfig
    from img2img.training.loop import train
    from img2img.training.run import Intervals, Run
    from img2img.translation.job import Job, translate
    from img2img.translation.options import Output
    from img2img.translation.report import Item, Report

_HOMES = {
    "AdversarialConfig": "nn.games",
    "Album": "contract.albums",
    "AlbumSource": "contract.albums",
    "AlbumTarget": "contract.albums",
    "AlbumWriter": "contract.albums",
    "Batch": "contract.data",
    "Clip": "media.clip.frames",
    "ClipInfo": "media.clip.frames",
    "ClipSource": "contract.clips",
    "ClipTarget": "contract.clips",
    "ClipWriter": "contract.clips",
    "Compute": "inference.device",
    "Condition": "contract.traits",
    "ConfigError": "errors",
    "DataError": "errors",
    "Dataset": "contract.data",
    "Engine": "contract.trainers",
    "Filter": "contract.filters",
    "Frame": "media.clip.frames",
    "FilterOptions": "contract.filters",
    "Img2ImgError": "errors",
    "Importer": "contract.importers",
    "Intervals": "training.run",
    "Model": "inference.model",
    "ModelConfig": "config",
    "ModelFileError": "errors",
    "ModelFamily": "contract.families",
    "NamedPicture": "contract.albums",
    "Noise": "contract.traits",
    "PluginHost": "host.host",
    "Item": "translation.report",
    "Job": "translation.job",
    "Output": "translation.options",
    "Recognised": "contract.families",
    "Report": "translation.report",
    "Run": "training.run",
    "Misfit": "contract.data",
    "Sample": "contract.data",
    "Trainer": "contract.trainers",
    "TrainingConfig": "config",
    "Traits": "contract.traits",
    "Translate": "contract.trainers",
    "Translator": "contract.families",
    "UsageError": "errors",
    "Verdict": "contract.trainers",
    "VideoError": "errors",
    "VideoOptions": "media.video.options",
    "hookimpl": "contract.hookspecs",
    "load_model": "inference.model",
    "train": "training.loop",
    "translate": "translation.job",
}

__all__ = [  # noqa: RUF022 - by subject
    "load_model",
    "translate",
    "train",
    "Output",
    "Compute",
    "VideoOptions",
    "Intervals",
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
    "Misfit",
    "Sample",
    "Batch",
    "Trainer",
    "Verdict",
    "Engine",
    "Translate",
    "Translator",
    "Traits",
    "Recognised",
    "Condition",
    "Noise",
    "Filter",
    "FilterOptions",
    "Importer",
    "ClipSource",
    "ClipTarget",
    "ClipWriter",
    "Clip",
    "ClipInfo",
    "Frame",
    "AlbumSource",
    "AlbumTarget",
    "AlbumWriter",
    "Album",
    "NamedPicture",
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
