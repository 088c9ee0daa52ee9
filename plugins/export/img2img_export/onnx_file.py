"""This module opens ONNX files as translators, which onnxruntime runs, after it has checked them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from img2img.errors import ModelFileError

from .declaration import KEY, Declaration, ImportedTranslator, read_declaration
from .extra import need_onnx
from .probe import try_out

if TYPE_CHECKING:
    import onnxruntime
    from google.protobuf.message import Message
    from onnx import ModelProto, TensorProto

log = logging.getLogger(__name__)


class OnnxNetwork(nn.Module):
    """An ONNX graph as a network; it runs on the device of the images, in as many threads as torch uses.

    One session serves all threads of a job. The number of threads of a session is fixed, so another session is made
    when that of torch changes, as in a job that divides the cores.

    Args:
        data: The content of the file.
        inputs: Names of the inputs, first that of the images.
    """

    def __init__(self, data: bytes, inputs: Sequence[str]) -> None:
        super().__init__()
        self._data, self._inputs = data, tuple(inputs)
        self._lock = Lock()
        self._place: tuple[torch.device, int] | None = None
        self._session: onnxruntime.InferenceSession | None = None

    def forward(self, images: Tensor, *rows: Tensor) -> Tensor:
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


def open_onnx(data: bytes, path: Path) -> ImportedTranslator:
    """Open an ONNX file, also one without a declaration if its input and output are clear.

    Raises:
        ModelFileError: The file is damaged, or takes or returns something else than images.
        UsageError: onnx or onnxruntime is missing.
    """
    need_onnx("onnxruntime")
    model = read_onnx(data, path)
    declaration = stored_declaration(model, path)
    try:
        session = new_session(data, torch.device("cpu"), torch.get_num_threads())
    except Exception as error:  # the errors of onnxruntime have no common type
        raise ModelFileError(f"onnxruntime cannot open {path}: {_first_line(error)}") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    conditions = list(declaration.conditions) if declaration else []
    if len(inputs) != 1 + len(conditions) or len(outputs) != 1 or inputs[0].type != "tensor(float)":
        found = ", ".join(f"{value.name}: {value.type}" for value in inputs) or "nothing"
        raise ModelFileError(
            f"{path} takes {found} and returns {len(outputs)} values; a model takes "
            f"{' and '.join(['images: tensor(float)', *conditions])}, and returns one"
        )
    network = OnnxNetwork(data, [value.name for value in inputs])
    return ImportedTranslator(network, declaration or try_out(network, inputs[0].shape, path))


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


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:500]
