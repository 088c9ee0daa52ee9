"""This module opens ONNX files as translators, which onnxruntime runs, after it has checked them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from fractions import Fraction
from math import ceil, lcm
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from img2img.errors import ModelFileError
from img2img.nn.sizes import fitting

from .declaration import KEY, Declaration, ImportedTranslator, read_declaration
from .extra import need_onnx
from .looking import sight_of
from .probe import SMALLEST, takes_only, try_out
from .trial import Trial
from .weights import check_numbers
from .windows import Windows

if TYPE_CHECKING:
    import onnxruntime
    from google.protobuf.message import Message
    from onnx import ModelProto, TensorProto

log = logging.getLogger(__name__)

LARGEST_TRIAL = 512
"""The largest side of an image that a declared file is tried out on."""


class OnnxNetwork(nn.Module):
    """An ONNX graph as a network; it runs on the device of the images, in as many threads as torch uses.

    One session serves all threads of a job. The number of threads of a session is fixed, so another session is made
    when that of torch changes, as in a job that divides the cores.

    Args:
        data: The content of the file.
        inputs: Names of the inputs, first that of the images.
        batch: The number of images that it takes at once; 0 where it takes any.
        windows: The windows of the only size that it takes; None where it takes any.
    """

    def __init__(self, data: bytes, inputs: Sequence[str], batch: int = 0, windows: Windows | None = None) -> None:
        super().__init__()
        self._data, self._inputs = data, tuple(inputs)
        self._batch, self._windows = batch, windows
        self._lock = Lock()
        self._place: tuple[torch.device, int] | None = None
        self._session: onnxruntime.InferenceSession | None = None

    def forward(self, images: Tensor, *rows: Tensor) -> Tensor:
        if self._windows:
            return self._windows.run(self._in_batches, images)
        return self._in_batches(images, *rows)

    def _in_batches(self, images: Tensor, *rows: Tensor) -> Tensor:
        """Run as many images at once as the file takes; the last are repeated where some are missing."""
        if not self._batch or len(images) == self._batch:
            return self._run(images, *rows)
        parts = torch.split(images, self._batch)
        missing = self._batch - len(parts[-1])
        filled = [*parts[:-1], torch.cat([parts[-1], parts[-1][-1:].expand(missing, *images.shape[1:])])]
        return torch.cat([self._run(part) for part in filled])[: len(images)]

    def _run(self, images: Tensor, *rows: Tensor) -> Tensor:
        session = self._session_for(images.device, torch.get_num_threads())
        values = (value.contiguous().cpu().numpy() for value in (images, *rows))
        try:
            (result,) = session.run(None, dict(zip(self._inputs, values, strict=True)))
        except Exception as error:
            if "allocat" in str(error):
                raise MemoryError(str(error)) from error
            raise
        return torch.from_numpy(result).to(images.device)

    def _session_for(self, device: torch.device, threads: int) -> onnxruntime.InferenceSession:
        with self._lock:
            if self._session is None or self._place != (device, threads):
                self._session, self._place = new_session(self._data, device, threads), (device, threads)
            return self._session


def open_onnx(data: bytes, path: Path, is_trusted: bool = False) -> ImportedTranslator:
    """Open an ONNX file, also one without a declaration if its input and output are clear.

    Args:
        data: The content of the file.
        path: The path of the file, for messages.
        is_trusted: Whether the file was just made by this program; others are tried out in another process first.

    Raises:
        ModelFileError: The file is damaged, takes or returns something else than images, never ends, or takes too much
            memory.
        UsageError: onnx or onnxruntime is missing.
    """
    need_onnx("onnxruntime")
    model = read_onnx(data, path)
    declaration = stored_declaration(model, path)
    check_numbers(_weights(model), path)
    with nullcontext() if is_trusted else Trial(data, path) as trial:
        try:
            session = new_session(data, torch.device("cpu"), torch.get_num_threads())
        except Exception as error:  # the errors of onnxruntime have no common type
            raise ModelFileError(f"onnxruntime cannot open {path}: {_first_line(error)}") from error
        names = _check_inputs(session, declaration, path)
        if declaration is None:
            assert trial is not None, "a file that this program makes has a declaration"
            return _undeclared(model, data, session.get_inputs()[0], trial, path)
        translator = ImportedTranslator(OnnxNetwork(data, names), declaration)
        if trial is not None:
            _try_declared(translator, trial)
    return translator


def _check_inputs(session: onnxruntime.InferenceSession, declaration: Declaration | None, path: Path) -> list[str]:
    """Return the names of the inputs: the images, and a tensor for each condition that is declared."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    conditions = list(declaration.conditions) if declaration else []
    if len(inputs) != 1 + len(conditions) or len(outputs) != 1 or inputs[0].type != "tensor(float)":
        found = ", ".join(f"{value.name}: {value.type}" for value in inputs) or "nothing"
        raise ModelFileError(
            f"{path} takes {found} and returns {len(outputs)} values; a model takes "
            f"{' and '.join(['images: tensor(float)', *conditions])}, and returns one"
        )
    return [value.name for value in inputs]


def _try_declared(translator: ImportedTranslator, trial: Trial) -> None:
    """Run a file on a small image, to see whether it ends; whether the result is right shows when the file is used."""
    traits = translator.traits
    side = min(fitting(SMALLEST, traits), LARGEST_TRIAL)
    rows = [condition.row(condition.choices[0]).shape for condition in traits.conditions.values()]
    trial.run([(1, traits.channels_in, side, side), *((1, *row) for row in rows)])


def _undeclared(model: ModelProto, data: bytes, images: Any, trial: Trial, path: Path) -> ImportedTranslator:
    """Find out by trial what a file takes and gives, and how far it looks where it takes only one size."""
    shape = images.shape
    declaration = try_out(lambda shape: trial.run([shape]), shape, path, sizes_may_be_fixed=True)
    batch = shape[0] if isinstance(shape[0], int) else 0
    if not isinstance(shape[2], int):
        return ImportedTranslator(OnnxNetwork(data, [images.name], batch), declaration)
    sight, scale = sight_of(model), Fraction(declaration.scale)
    if sight is None or sight.scale != scale:
        raise takes_only(shape, path, ", and how far it looks is not known, as tiles of that size need it")
    halo = ceil(sight.radius)
    grid = lcm(sight.grid, scale.denominator)
    windows = Windows(shape[2], shape[3], -(-halo // grid) * grid, grid, scale)
    if not windows.fit:
        raise takes_only(shape, path, f", and looks {halo} pixels far, too far for tiles of that size")
    seen = {"tiling": "exact", "halo": halo, "multiple_of": grid, "minimum_size": 1}
    network = OnnxNetwork(data, [images.name], batch, windows)
    return ImportedTranslator(network, Declaration.parse({**declaration.model_dump(), **seen}))


def read_onnx(data: bytes, path: Path) -> ModelProto:
    """Parse an ONNX file.

    Raises:
        ModelFileError: This is no ONNX file, or its weights are in other files, which could be any files.
        UsageError: onnx is missing.
    """
    need_onnx("onnx")
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(data)
    except DecodeError as error:
        raise ModelFileError(f"{path} is no ONNX file, or a damaged one; fetch or export it again") from error
    if any(tensor.external_data or tensor.data_location for tensor in _tensors(model)):
        raise ModelFileError(
            f"{path} keeps its weights in other files, which is not supported; save it as one: "
            "onnx.save(onnx.load(FILE), FILE, save_as_external_data=False)"
        )
    return model


def stored_declaration(model: ModelProto, path: Path) -> Declaration | None:
    """Return the declaration in an ONNX file; None where it has none."""
    found = [entry.value for entry in model.metadata_props if entry.key == KEY]
    return read_declaration(found[0], path) if found else None


def new_session(data: bytes, device: torch.device, threads: int) -> onnxruntime.InferenceSession:
    """Open a session that computes on a device, with a number of threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # errors are raised as well
    # Waiting threads would take the cores from the threads that decode and encode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.type == "cuda":
        if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
            providers.insert(0, ("CUDAExecutionProvider", {"device_id": device.index or 0}))
        else:
            log.warning("this onnxruntime computes on the CPU; for %s, pip install onnxruntime-gpu", device)
    return onnxruntime.InferenceSession(data, options, providers, enable_fallback=False)  # which would print


def _tensors(message: Message) -> Iterator[TensorProto]:
    """Yield all tensors in a model, at any depth."""
    from onnx import TensorProto

    if isinstance(message, TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                yield from _tensors(part)


def _weights(model: ModelProto) -> Iterator[tuple[str, Tensor]]:
    """Yield the floating-point constants of a model by name, those of its operators by the operator's result."""
    from onnx import TensorProto, numpy_helper

    named = [(tensor.name, tensor) for tensor in model.graph.initializer]
    named += [(node.output[0], attribute.t) for node in model.graph.node for attribute in node.attribute if node.output]
    for name, tensor in named:
        if tensor.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE):
            yield name, torch.from_numpy(numpy_helper.to_array(tensor).copy())


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:500]
