"""This module writes a model as an ONNX file or as a program of torch.export."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from math import isnan
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

import img2img
from img2img.errors import UsageError
from img2img.media import check_ours, is_ours, write_file
from img2img.nn.sizes import fitting

from .declaration import KEY, Declaration, ImportedTranslator, declare
from .extra import need_onnx
from .importers import OnnxImporter, ProgramImporter
from .parity import Difference, compare
from .program_file import MEMBER
from .quiet import quietly

BOUND = 1e-4
"""Largest difference between images in [0, 1] of the model and the exported file; 0.03 of a level of 255."""

_IMPORTERS = {".onnx": OnnxImporter(), ".pt2": ProgramImporter()}


@dataclass(frozen=True)
class Exported:
    """The outcome of an export."""

    declaration: Declaration
    differences: Sequence[Difference]
    size: int
    """Size of the file, in bytes."""


class Whole(nn.Module):
    """A translator as one network, with the steps around its generator: it takes images in [0, 1], and rows.

    Args:
        translator: The translator, on the CPU.
        opened: Names of the conditions that are inputs, with the images.
        fixed: A row for each condition that is fixed.
    """

    def __init__(self, translator: img2img.Translator, opened: Sequence[str], fixed: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.translator, self.opened, self.fixed = translator, tuple(opened), dict(fixed)
        self.generator = translator.generator  # so that its weights belong to the program

    def forward(self, images: Tensor, *rows: Tensor) -> Tensor:
        fixed = {name: row.expand(images.shape[0], *row.shape) for name, row in self.fixed.items()}
        return self.translator(images, **dict(zip(self.opened, rows, strict=True)), **fixed).clamp(0, 1)


def export(model: str, target: Path, conditions: Mapping[str, str], host: img2img.PluginHost) -> Exported:
    """Export a model, compare the result with the model, and write the file if both agree.

    Args:
        model: Path or name of a model file.
        target: The file to write; its suffix is `.onnx` or `.pt2`.
        conditions: Conditions to fix, by name. Other conditions that the model needs stay inputs, if they have choices.
        host: Plugins to use.

    Raises:
        UsageError: The model cannot be exported, the target has another suffix, or a condition is wrong or missing.
        Img2ImgError: The exported file differs from the model; nothing is written.
        WriteError: The target cannot be written.
    """
    importer = _IMPORTERS.get(target.suffix.lower())
    if importer is None:
        raise UsageError(f"models are not exported to files such as {target}; name a file that ends in .onnx or .pt2")
    to_onnx = isinstance(importer, OnnxImporter)
    if to_onnx:
        need_onnx("onnx", "onnxscript", "onnxruntime")
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent} to write {target.name} into; make it, or name another")
    check_ours(target, KEY.encode(), "exported model")
    loaded = img2img.load_model(model, device="cpu", precision="fp32", host=host)
    loaded.check_takes_pictures()
    translator = loaded.translator
    if isinstance(translator, ImportedTranslator):
        raise UsageError(f"{loaded.info.path} is an exported file itself; export the model file that it was made from")
    translator.generator.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    opened, fixed = _divide(loaded, conditions)
    whole = Whole(translator, list(opened), fixed)
    declaration = declare(translator, opened, _original(loaded, conditions))
    rows = {name: [condition.row(word) for word in condition.choices] for name, condition in opened.items()}
    data = (_onnx if to_onnx else _pt2)(whole, _trace(whole, rows), declaration)
    differences = list(compare(whole, importer.open_bytes(data, target, is_trusted=True), rows))
    largest = max((difference.largest for difference in differences), key=lambda one: (isnan(one), one))
    if not largest <= BOUND:
        raise img2img.Img2ImgError(
            f"the exported file differs from {model} by up to {255 * largest:.3g} of 255, more than "
            f"{255 * BOUND:.2g}, so it is not written: torch exports some part of this network wrongly; try the other "
            "format"
        )
    write_file(target, data, replaces=is_ours(target, KEY.encode()))
    return Exported(declaration, differences, len(data))


def _divide(model: img2img.Model, given: Mapping[str, str]) -> tuple[dict[str, img2img.Condition], dict[str, Tensor]]:
    """Return the conditions that stay inputs, and a row for each fixed one; conditions nobody needs are left out."""
    needed = {name: condition for name, condition in model.translator.traits.conditions.items() if condition.required}
    traits = model.translator.traits
    if traits.remembers or traits.window != (0, 0) or traits.frames_out != 1:
        raise UsageError(
            f"{model.info.path} looks at several frames of a clip, and an exported file takes single images; use the "
            f"model file itself: img2img translate {model.info.path} CLIP TARGET"
        )
    for name, condition in traits.conditions.items():
        if condition.is_picture and (condition.required or name in given):
            raise UsageError(
                f"{model.info.path} takes a picture, {name}, beside its source, and an exported file has no input for "
                f"one; use the model file itself: img2img translate {model.info.path} SOURCE TARGET -c {name}=PICTURE"
            )
    opened = {name: needed[name] for name in needed if name not in given and needed[name].choices}
    rows = model.parse_conditions({**{name: condition.choices[0] for name, condition in opened.items()}, **given})
    return opened, {name: rows[name] for name in given}


def _trace(whole: Whole, rows: Mapping[str, Sequence[Tensor]]) -> ExportedProgram:
    """Trace the translator with one batch, as a program for all sizes that it takes."""
    traits = whole.translator.traits
    size = fitting(max(32, 3 * traits.multiple_of), traits)
    images = torch.zeros(2, traits.channels_in, size, size + traits.multiple_of)
    examples = (images, *(found[0].expand(2, *found[0].shape) for found in rows.values()))
    try:
        with quietly(), torch.no_grad():
            program = torch.export.export(whole, examples, dynamic_shapes=_axes(whole))
    except Exception as error:  # torch raises many kinds
        raise UsageError(
            "torch cannot export this network; this happens if its steps depend on the values of pixels, if it draws "
            f"random numbers for the size of an image, or uses len(images) for images.shape[0]: {_reason(error)}"
        ) from error
    _forget_origins(program)
    return program


def _axes(whole: Whole) -> tuple[Any, ...]:
    """Return the axes of the inputs that may have any size, or any multiple of a size."""
    multiple = whole.translator.traits.multiple_of
    least = -(-whole.translator.traits.minimum_size // multiple)
    batch, height, width = Dim("batch", min=1), Dim("height", min=least), Dim("width", min=least)
    images = {0: batch, 2: multiple * height, 3: multiple * width} if multiple > 1 else {0: batch, 2: height, 3: width}
    return (images, tuple({0: batch} for _ in whole.opened)) if whole.opened else (images,)


def _onnx(whole: Whole, program: ExportedProgram, declaration: Declaration) -> bytes:
    inputs = ["images", *whole.opened]
    try:
        with quietly():
            made = torch.onnx.export(
                program, dynamic_shapes=_axes(whole), input_names=inputs, output_names=["result"], verbose=False
            )
    except Exception as error:  # torch raises many kinds
        raise UsageError(f"torch cannot export this network to ONNX: {_reason(error)}; try .pt2") from error
    assert made is not None
    made.model.metadata_props[KEY] = declaration.model_dump_json()
    for node in made.model.graph:
        node.metadata_props.clear()
    data: bytes = made.model_proto.SerializeToString()
    return data


def _pt2(whole: Whole, program: ExportedProgram, declaration: Declaration) -> bytes:
    buffer = io.BytesIO()
    with quietly():
        torch.export.save(program, buffer, extra_files={MEMBER: declaration.model_dump_json()})
    return buffer.getvalue()


def _forget_origins(program: ExportedProgram) -> None:
    """Remove the notes that name the file and line of this machine from which an operator came."""
    for module in program.graph_module.modules():
        for node in getattr(module, "graph", torch.fx.Graph()).nodes:
            for note in ("stack_trace", "nn_module_stack", "source_fn_stack", "from_node", "torch_fn"):
                node.meta.pop(note, None)


def _original(model: img2img.Model, conditions: Mapping[str, str]) -> dict[str, str]:
    info = model.info
    names = ("family", "direction", "config", "sha256", "trained_on", "license", "created_with")
    fixed = ", ".join(f"{name}={value}" for name, value in conditions.items())
    tool = f"img2img-runtime {version('img2img-runtime')}, torch {torch.__version__}"
    return {**{name: getattr(info, name) for name in names}, "fixed": fixed, "exported_with": tool}


def _reason(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:500]
