"""Model files: one `.safetensors` file with a generator's weights and, in its header, all that is needed to use it."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from img2img.errors import ConfigError, ModelFileError
from img2img.media.files import write_file

if TYPE_CHECKING:
    from torch import Tensor, nn

    from img2img.config import ModelConfig
    from img2img.families import ModelFamily
    from img2img.plugins import PluginHost

FORMAT = "img2img/1"
MAX_HEADER_BYTES = 8 << 20
MAX_TENSORS = 20_000


@dataclass(frozen=True)
class ModelInfo:
    """What the header of a model file says; reading it needs no torch and executes nothing."""

    path: Path
    family: str
    direction: str
    config: str
    """The family's config, as JSON."""
    scale: str
    step: int
    created_with: str
    trained_on: str
    license: str
    sha256: str
    """Of the header, without this entry, and the weights."""
    shapes: Mapping[str, tuple[int, ...]] = field(repr=False)

    @property
    def parameters(self) -> int:
        """How many numbers the file holds."""
        total = 0
        for shape in self.shapes.values():
            count = 1
            for size in shape:
                count *= size
            total += count
        return total


def save_model(
    path: Path,
    generator: nn.Module,
    config: ModelConfig,
    *,
    family: str,
    direction: str = "forward",
    scale: object = 1,
    step: int = 0,
    trained_on: str = "",
    license: str = "",
) -> None:
    """Write a model file, beside its final name and renamed.

    Args:
        path: Must end in `.safetensors`.
        generator: Its `state_dict` is stored, on the CPU and contiguous.
        config: The config that `ModelFamily.build_generator` builds this generator from.
        family: Name of the family.
        direction: Which of the trainer's generators this is.
        scale: Size of the output over that of the input.
        step: Steps of training behind it.
        trained_on: What it learned from, in words.
        license: Terms of the weights, in words or as an SPDX name.
    """
    from safetensors.torch import save

    metadata = {
        "format": FORMAT,
        "family": family,
        "direction": direction,
        "config": config.model_dump_json(),
        "scale": str(scale),
        "step": str(step),
        "created_with": ", ".join(
            [f"{name} {version(name)}" for name in ("img2img-runtime", "torch")]
            + [f"Python {platform.python_version()}"]
        ),
        "trained_on": trained_on,
        "license": license,
    }
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in generator.state_dict().items()}
    plain = save(weights, metadata)
    write_file(path, save(weights, {**metadata, "sha256": _digest(*_split(plain, path))}))


def read_info(path: Path) -> ModelInfo:
    """Read the header of a model file.

    Raises:
        ModelFileError: It is no model file, was made by a newer version, or its header is damaged or too large.
    """
    header = _read_header(path)
    metadata = header.pop("__metadata__", {})
    stored = metadata.get("format", "")
    if stored != FORMAT:
        raise ModelFileError(_wrong_format(path, stored))
    if len(header) > MAX_TENSORS:
        raise ModelFileError(f"{path} claims {len(header)} tensors; at most {MAX_TENSORS} are accepted")
    try:
        return ModelInfo(
            path=path,
            shapes={name: tuple(int(size) for size in entry["shape"]) for name, entry in header.items()},
            step=int(metadata["step"]),
            **{
                name: str(metadata[name])
                for name in ModelInfo.__annotations__
                if name not in ("path", "shapes", "step")
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"the header of {path} lacks {error}: the file is damaged; fetch or train it again"
        ) from error


def load_generator(info: ModelInfo, host: PluginHost) -> tuple[ModelFamily[Any], ModelConfig, nn.Module]:
    """Build the generator that a model file describes and fill it with its weights.

    Returns:
        The family, the config and the generator, on the CPU, in `eval()` mode, without gradients.

    Raises:
        PluginError: No plugin provides the family.
        ModelFileError: The checksum, the config or a shape is wrong.
    """
    import torch

    family = host.family(info.family)
    try:
        config = family.config_class.parse_json(info.config)
    except ConfigError as error:
        raise ModelFileError(
            f"{info.path} needs a newer version of the family {info.family!r}, or is damaged: {error}"
        ) from error
    with torch.device("meta"):  # costs no memory, so that a hostile config is refused before anything is allocated
        expected = {name: tuple(tensor.shape) for name, tensor in family.build_generator(config).state_dict().items()}
    _compare_shapes(info, expected)
    generator = family.build_generator(config)
    generator.load_state_dict(_load_weights(info))
    return family, config, generator.eval().requires_grad_(False)


def _load_weights(info: ModelInfo) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = info.path.read_bytes()
    if _digest(*_split(data, info.path)) != info.sha256:
        raise ModelFileError(f"the checksum of {info.path} is wrong: the file is damaged; fetch or train it again")
    try:
        return load(data)
    except SafetensorError as error:
        raise ModelFileError(f"{info.path} is damaged: {error}") from error


def _read_header(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > MAX_HEADER_BYTES:
                raise ModelFileError(
                    f"{path} is no model file: its header claims {length} bytes, more than {MAX_HEADER_BYTES}"
                )
            return _parse_header(file.read(length), path)
    except OSError as error:
        raise ModelFileError(f"cannot read the model file {path}: {error.strerror}") from error


def _parse_header(text: bytes, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no model file: it does not begin with a safetensors header") from error
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise ModelFileError(f"{path} is no model file: its header is not a table of tensors")
    return header


def _split(data: bytes, path: Path) -> tuple[dict[str, Any], memoryview]:
    length = int.from_bytes(data[:8], "little")
    return _parse_header(data[8 : 8 + length], path), memoryview(data)[8 + length :]


def _digest(header: dict[str, Any], weights: memoryview) -> str:
    metadata = {key: value for key, value in header.get("__metadata__", {}).items() if key != "sha256"}
    canonical = json.dumps({**header, "__metadata__": metadata}, sort_keys=True)
    digest = hashlib.sha256(canonical.encode())
    digest.update(weights)
    return digest.hexdigest()


def _wrong_format(path: Path, stored: str) -> str:
    if re.fullmatch(r"img2img/\d+", stored):
        return f"{path} has the format {stored!r}, newer than the {FORMAT!r} of this version; upgrade img2img-runtime"
    return f"{path} holds tensors, but was not written by img2img: its header does not say what network they belong to"


def _compare_shapes(info: ModelInfo, expected: Mapping[str, tuple[int, ...]]) -> None:
    wrong = sorted(
        f"{name}: {_shape(info.shapes.get(name))} in the file, {_shape(expected.get(name))} in the network"
        for name in info.shapes.keys() | expected.keys()
        if info.shapes.get(name) != expected.get(name)
    )
    if wrong:
        more = f"\n  and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ModelFileError(f"the tensors of {info.path} do not fit its config:\n  " + "\n  ".join(wrong[:5]) + more)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else "×".join(map(str, shape)) or "a number"
