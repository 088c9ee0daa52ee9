"""Model files: one `.safetensors` file with a generator's weights and, in its header, all that is needed to use it."""

from __future__ import annotations

import json
import math
import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from img2img.errors import ConfigError, ModelFileError
from img2img.media.files import printable, write_file
from img2img.models.header import BYTES, MAX_HEADER_BYTES, digest, read_header, read_shape, split

if TYPE_CHECKING:
    from torch import Tensor, nn

    from img2img.config import ModelConfig
    from img2img.contract.families import ModelFamily
    from img2img.host.host import PluginHost

FORMAT = "img2img/1"
SUFFIX = ".safetensors"
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
    """Of each tensor, by name."""
    card: str = field(default="", repr=False)
    """What the trainer tells of the training, as JSON: an `img2img.card.Card`."""

    @property
    def parameters(self) -> int:
        """How many numbers the file holds."""
        return sum(map(math.prod, self.shapes.values()))


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
    card: str = "",
) -> ModelInfo:
    """Write a model file, beside its final name and renamed, and return what its header says.

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
        card: What is known of the training, as JSON.
    """
    from safetensors.torch import save
    from torch import contiguous_format as contiguous

    if path.suffix != SUFFIX:
        raise ModelFileError(f"the name of a model file ends in .safetensors, unlike that of {path}")
    metadata = {
        "format": FORMAT,
        "family": family,
        "direction": direction,
        "config": config.model_dump_json(),
        "scale": str(scale),
        "step": str(step),
        "created_with": f"{_versions('img2img-runtime', 'torch')}, Python {platform.python_version()}",
        "trained_on": trained_on,
        "license": license,
        **({"card": card} if card else {}),
    }
    # A copy of each: safetensors takes no two names for one piece of memory.
    weights = {
        name: tensor.detach().cpu().clone(memory_format=contiguous) for name, tensor in generator.state_dict().items()
    }
    header, data = split(save(weights), path)
    header["__metadata__"] = metadata
    metadata["sha256"] = digest(header, data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # weights begin at a multiple of 8
    write_file(path, [len(text).to_bytes(8, "little"), text, data])
    return _info(path, header)


def read_info(path: Path) -> ModelInfo:
    """Read the header of a model file.

    Raises:
        ModelFileError: It is no model file, was made by a newer version, or its header is damaged or too large.
    """
    return _info(path, read_header(path))


def _info(path: Path, header: dict[str, Any]) -> ModelInfo:
    metadata = header.pop("__metadata__", {})
    stored = metadata.get("format", "")
    if stored != FORMAT:
        raise ModelFileError(_wrong_format(path, stored))
    if len(header) > MAX_TENSORS:
        raise ModelFileError(f"{path} claims {len(header)} tensors; at most {MAX_TENSORS} are accepted")
    try:
        return ModelInfo(
            path=path,
            shapes={name: read_shape(name, entry) for name, entry in header.items()},
            step=int(metadata["step"]),
            **{
                name: str(metadata[name])
                for name in ModelInfo.__annotations__
                if name not in ("path", "shapes", "step", "card")
            },
            card=str(metadata.get("card", "")),
        )
    except KeyError as error:
        raise ModelFileError(f"the header of {path} lacks {error}: it is damaged; fetch or train it again") from error
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"the header of {path} is damaged; fetch or train it again: {error}") from error


def load_generator(info: ModelInfo, host: PluginHost) -> tuple[ModelFamily[Any, Any], ModelConfig, nn.Module]:
    """Build the generator that a model file describes and fill it with its weights.

    Returns:
        The family, the config and the generator, on the CPU, in `eval()` mode, without gradients.

    Raises:
        PluginError: No plugin provides the family.
        ModelFileError: The checksum, the config or a shape is wrong.
    """
    family = host.family(info.family)
    try:
        config = family.config_class.parse_json(info.config)
    except ConfigError as error:
        raise ModelFileError(
            f"{info.path} needs a newer version of the family {info.family!r}, or is damaged: {error}"
        ) from error
    return family, config, fill_generator(info, family, config, lambda: _load_weights(info))


def fill_generator(
    info: ModelInfo,
    family: ModelFamily[Any, Any],
    config: ModelConfig,
    load_weights: Callable[[], Mapping[str, Tensor]],
) -> nn.Module:
    """Build the generator of a config, for use as `load_generator` does, with weights that are loaded once they fit.

    Raises:
        ModelFileError: A shape that the file claims is none that the config asks for.
    """
    _compare_shapes(info, _expected_shapes(info, family, config))
    weights = load_weights()  # first: memory for a network is taken only once its weights are there
    generator: nn.Module = family.build_generator(config)
    generator.load_state_dict(weights)
    return generator.eval().requires_grad_(False)


def is_foreign(path: Path) -> bool:
    """Whether a file of tensors does not claim to be a model file of ours.

    Raises:
        ModelFileError: Its header cannot be read.
    """
    return not str(read_header(path).get("__metadata__", {}).get("format", "")).startswith("img2img/")


def _versions(*distributions: str) -> str:
    return ", ".join(f"{name} {version(name)}" for name in distributions)


def _expected_shapes(info: ModelInfo, family: ModelFamily[Any, Any], config: ModelConfig) -> dict[str, tuple[int, ...]]:
    from img2img.models.skeleton import build_skeleton

    try:
        network = build_skeleton(lambda: family.build_generator(config))
    except Exception as error:  # a plugin may raise anything
        raise ModelFileError(
            f"the family {family.name!r} cannot build the network of {info.path}: {type(error).__name__}: {error}"
        ) from error
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def _load_weights(info: ModelInfo) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        if info.path.stat().st_size > 8 + MAX_HEADER_BYTES + max(BYTES.values()) * info.parameters:
            raise ModelFileError(f"{info.path} is larger than its tensors can be; fetch or train it again")
        data = info.path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read the model file {info.path}: {error.strerror}") from error
    if digest(*split(data, info.path)) != info.sha256:
        raise ModelFileError(f"the checksum of {info.path} is wrong: the file is damaged; fetch or train it again")
    try:
        return load(data)
    except SafetensorError as error:
        raise ModelFileError(f"{info.path} is damaged: {error}") from error


def _wrong_format(path: Path, stored: object) -> str:
    if isinstance(stored, str) and re.fullmatch(r"img2img/\d{1,9}", stored):
        return f"{path} has the format {stored!r}, newer than the {FORMAT!r} of this version; upgrade img2img-runtime"
    return (
        f"{path} holds tensors, but was not written by img2img: its header does not say what network they belong to; "
        "if a family recognises them, `img2img import` makes a model file of it"
    )


def _compare_shapes(info: ModelInfo, expected: Mapping[str, tuple[int, ...]]) -> None:
    found = info.shapes
    wrong = sorted(
        f"{printable(name[:200])}: {_shape(found.get(name))} in the file, {_shape(expected.get(name))} in the network"
        for name in found.keys() | expected.keys()
        if found.get(name) != expected.get(name)
    )
    if wrong:
        more = f"\n  and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ModelFileError(f"the tensors of {info.path} do not fit its config:\n  " + "\n  ".join(wrong[:5]) + more)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else "×".join(map(str, shape)) or "a number"
