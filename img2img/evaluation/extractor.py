"""A feature extractor is a network of the user's, in an ONNX file, which executes nothing when it is opened."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from img2img.errors import UsageError


class Extractor:
    """Takes RGB images in [0, 1] and returns one vector for each.

    An image is brought to the size that the network takes, antialiased, since otherwise the features tell more of
    aliasing than of the image (Parmar et al. 2022). Where it takes any size, images keep theirs.

    Args:
        path: The ONNX file. It takes (1, 3, H, W) float32, H and W fixed or free, and returns (1, D) or (1, D, 1, 1).
        device: The device on which it computes, if this onnxruntime can.

    Raises:
        UsageError: The file is no such network, or onnxruntime is missing.
    """

    def __init__(self, path: Path, device: torch.device) -> None:
        self.path = path
        data = _read(path)
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._session = _open(data, path, device)
        inputs = self._session.get_inputs()
        shape = inputs[0].shape if len(inputs) == 1 and inputs[0].type == "tensor(float)" else []
        if len(shape) != 4 or not _can_be(shape[0], 1) or not _can_be(shape[1], 3) or not self._session.get_outputs():
            found = ", ".join(f"{value.name}: {value.type} {value.shape}" for value in inputs) or "nothing"
            raise UsageError(
                f"the feature extractor {path} takes {found}, but images are tensor(float) (N, 3, H, W); export it "
                "with one such input, RGB in [0, 1], and its normalisation inside"
            )
        self.features = 0
        """The number of features in a vector; 0 before the first vector."""
        self._input = inputs[0].name
        self._size = list(shape[2:]) if all(isinstance(size, int) for size in shape[2:]) else None

    @property
    def about(self) -> dict[str, Any]:
        """Return all that features depend on besides the images."""
        resize = "none" if self._size is None else f"bicubic, antialiased (torch), to {self._size[1]}×{self._size[0]}"
        return {
            "file": str(self.path),
            "sha256": self.sha256,
            "features": self.features,
            "resize": resize,
            "onnxruntime": version("onnxruntime"),
        }

    def __call__(self, image: Tensor) -> Tensor:
        """Compute the features (D) of one image (3, H, W).

        Raises:
            UsageError: The network cannot take it, or returns something else than a vector of numbers.
        """
        images = image[None].float()
        if self._size is not None:
            images = interpolate(images, self._size, mode="bicubic", antialias=True).clamp(0, 1)
        try:
            result = self._session.run(None, {self._input: images.cpu().contiguous().numpy()})[0]
        except Exception as error:  # onnxruntime's errors have no common type
            raise UsageError(f"the feature extractor {self.path} failed: {_first_line(error)}") from error
        features = torch.as_tensor(result)
        length = features.shape[1] if features.ndim > 1 and len(features) == 1 else 0
        if not length or features.numel() != length or not features.isfinite().all():
            raise UsageError(
                f"the feature extractor {self.path} returned {tuple(features.shape)}, or what is no number; features "
                "are (N, D): export it with the pooled layer as its first output"
            )
        if length != (self.features or length):
            raise UsageError(
                f"the feature extractor {self.path} returned {length} features of an image of {images.shape[3]}×"
                f"{images.shape[2]}, and {self.features} of others: export it with a fixed height and width"
            )
        self.features = length
        return features.flatten().double()


def _read(path: Path) -> bytes:
    if path.suffix.lower() != ".onnx":
        raise UsageError(
            f"the feature extractor {path} is no ONNX file; those of other kinds can run code when they are opened. "
            "Export the network: torch.onnx.export(network, (torch.zeros(1, 3, 299, 299),), 'extractor.onnx')"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"the feature extractor {path} cannot be read: {error.strerror}; check its path") from error


def _open(data: bytes, path: Path, device: torch.device) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise UsageError(
            f"a feature extractor needs onnxruntime ({error}): pip install 'img2img-runtime[export]'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # errors are raised as well
    # The hash would not cover weights in other files; in a folder that cannot exist there are none.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", f"{path}/none")
    wanted = ["CUDAExecutionProvider"] if device.type == "cuda" else []
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
    try:
        # A fallback to another provider would print.
        return onnxruntime.InferenceSession(data, options, [*providers, "CPUExecutionProvider"], enable_fallback=False)
    except Exception as error:
        raise UsageError(
            f"onnxruntime cannot open the feature extractor {path}: {_first_line(error)}; it must be one ONNX file, "
            "with its weights inside"
        ) from error


def _can_be(size: Any, wanted: int) -> bool:
    return size == wanted or not isinstance(size, int)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:500]
