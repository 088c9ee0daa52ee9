"""Runs a family in a process of its own, where nothing of it has been imported yet."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from img2img.contract.families import ModelFamily
from img2img.models.file import load_generator, read_info
from img2img.nn.sizes import translate_any_size
from img2img.testing.family import host_of


def python(code: str) -> str:
    """Run code in a fresh interpreter that finds the same modules; return its error message, or nothing."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit status {done.returncode}"


def use_model_file(module: str, family: str, folder: str, closed: str) -> None:
    """Load `model.safetensors` and translate `arguments.safetensors` to `result.safetensors`, all in one folder.

    Args:
        module: The module with the family's class.
        family: The name of the class.
        folder: The folder with the files.
        closed: Name of the module that cannot be imported.
    """
    sys.meta_path.insert(0, _Closed(closed))
    instance: ModelFamily[Any, Any] = getattr(import_module(module), family)()
    _, config, generator = load_generator(read_info(Path(folder, "model.safetensors")), host_of(instance))
    translator = instance.translator(config, generator)
    with torch.inference_mode():
        result = translate_any_size(translator, **load_file(Path(folder, "arguments.safetensors")))
    save_file({"result": result.contiguous()}, Path(folder, "result.safetensors"))


class _Closed(MetaPathFinder):
    """Keeps one module from being imported."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Raise an error for the module that must not be imported."""
        if fullname == self.name:
            raise ImportError(f"{fullname}, where the trainer is, was imported")
