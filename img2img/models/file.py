"""This module reads and writes model files: `.safetensors` files with weights and a header that describes them."""

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
from img2img.media.folder import write_file
from img2img.models.header import BYTES, MAX_HEADER_BYTES, digest, read_header, read_shape, split
from img2img.models.shapes import check_shapes
from img2img.text import error_text, printable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from img2img.config import ModelConfig
    from img2img.contract.families import ModelFamily
    from img2img.contract.traits import Traits
    from img2img.host.host import PluginHost

FORMAT = "img2img/1"
SUFFIX = ".safetensors"
MAX_TENSORS = 20_000


@dataclass(frozen=True)
class ModelInfo:
    """The header of a model file; reading it needs no torch and executes nothing."""

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
    """Checksum of the weights and of the header without this entry."""
    shapes: Mapping[str, tuple[int, ...]] = field(repr=False)
    """Name to shape of each tensor."""
    card: str = field(default="", repr=False)
    """The model card, an `img2img.models.card.Card`, as JSON; empty where there is none."""

    @property
    def parameters(self) -> int:
        """The number of weights in the file."""
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
    replaces: bool = True,
) -> ModelInfo:
    """Write a model file, completely or not at all, and return its header.

    Args:
        path: The path to write to; it must end in `.safetensors`.
        generator: The network whose `state_dict` is stored, on the CPU and contiguous.
        config: The config from which `ModelFamily.build_generator` builds this generator.
        family: Name of the family.
        direction: The direction of the trainer's generators that this one translates in.
        scale: Size of the output divided by the size of the input.
        step: The number of steps that the generator was trained.
        trained_on: Description of the training data, in words.
        license: Terms of the weights, in words or as an SPDX name.
        card: The model card, as JSON; empty for none.
        replaces: Whether a file of that name is replaced.

    Raises:
        ModelFileError: The path does not end in `.safetensors`.
        WriteError: The file cannot be written.
        ItemError: There is a file of that name, and it must not be replaced.
    """
    from safetensors.torch import save
    from torch import contiguous_format as contiguous

    if path.suffix != SUFFIX:
        raise ModelFileError(f"{path} is no name for a model file, since it does not end in .safetensors; add that")
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
    weights = {  # copies, since safetensors refuses two names for the same memory
        name: tensor.detach().cpu().clone(memory_format=contiguous) for name, tensor in generator.state_dict().items()
    }
    header, data = split(save(weights), path)
    header["__metadata__"] = metadata
    metadata["sha256"] = digest(header, data)
    text = _text(header)
    write_file(path, [len(text).to_bytes(8, "little"), text, data], replaces=replaces)
    return _info(path, header)


def _text(header: dict[str, Any]) -> bytes:
    """Return the text of a header, so long that the weights behind it begin at a multiple of 8."""
    text = json.dumps(header).encode()
    return text + b" " * (-len(text) % 8)


def read_info(path: Path) -> ModelInfo:
    """Read the header of a model file.

    Raises:
        ModelFileError: This is no model file, a newer version made it, or its header is damaged or too large.
    """
    return _info(path, read_header(path))


def _info(path: Path, header: dict[str, Any]) -> ModelInfo:
    metadata = header.pop("__metadata__", {})
    stored = metadata.get("format", "")
    if stored != FORMAT:
        raise ModelFileError(_wrong_format(path, stored))
    if len(header) > MAX_TENSORS:
        raise ModelFileError(
            f"{path} declares {len(header)} tensors, more than the {MAX_TENSORS} allowed; fetch or train it again"
        )
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
    """Build the generator that a model file describes, and load its weights.

    Returns:
        The family, the config and the generator, on the CPU, in `eval()` mode, without gradients.

    Raises:
        PluginError: No plugin provides the family.
        ModelFileError: The checksum, the config or a shape is wrong, or a weight is NaN.
    """
    family, config = _family(info, host)
    generator = fill_generator(info, family, config, lambda: _load_weights(info))
    check_numbers(generator, info.path)
    return family, config, generator


def declared_traits(info: ModelInfo, host: PluginHost) -> Traits:
    """Return the traits of the model that a model file describes; the weights are not read.

    Raises:
        PluginError: No plugin provides the family.
        ModelFileError: The config is wrong, or the family fails.
    """
    from img2img.models.skeleton import build_skeleton  # which imports torch

    family, config = _family(info, host)
    try:
        return family.translator(config, build_skeleton(lambda: family.build_generator(config))).traits
    except Exception as error:  # a plugin may raise anything
        raise ModelFileError(f"the family {family.name!r} cannot describe {info.path}: {error_text(error)}") from error


def _family(info: ModelInfo, host: PluginHost) -> tuple[ModelFamily[Any, Any], ModelConfig]:
    family = host.family(info.family)
    try:
        return family, family.config_class.parse_json(info.config)
    except ConfigError as error:
        raise ModelFileError(
            f"{info.path} needs a newer version of the family {info.family!r}, or is damaged: {error}"
        ) from error


def fill_generator(
    info: ModelInfo,
    family: ModelFamily[Any, Any],
    config: ModelConfig,
    load_weights: Callable[[], Mapping[str, Tensor]],
) -> nn.Module:
    """Build the generator of a config, and load its weights once their declared shapes have been checked.

    Args:
        info: The header of the model file.
        family: The family that builds the generator.
        config: The config of the generator.
        load_weights: Returns the weights by name.

    Returns:
        The generator, on the CPU, in `eval()` mode, without gradients.

    Raises:
        ModelFileError: The file declares a shape that does not fit the config.
    """
    check_shapes(info, family, config)
    weights = load_weights()  # before the network, so that a damaged file costs no memory for it
    generator: nn.Module = family.build_generator(config)
    generator.load_state_dict(weights)
    return generator.eval().requires_grad_(False)


def check_numbers(generator: nn.Module, path: Path) -> None:
    """Check that no tensor of a network holds NaN, and no parameter infinity, which some networks keep in a mask.

    Raises:
        ModelFileError: One does; the message names it.
    """
    parameters = dict(generator.named_parameters())
    for name, tensor in generator.state_dict().items():
        total = tensor.sum().item()  # quick, and a number only if all are
        if not math.isfinite(total) and not tensor.isfinite().all() and (name in parameters or tensor.isnan().any()):
            what = "NaN" if tensor.isnan().any() else "infinity"
            raise ModelFileError(
                f"{path} holds {what} in {printable(name[:200])!r}, so that every result would be no image: the "
                "training came apart before it was saved; take an earlier checkpoint"
            )


def is_foreign(path: Path) -> bool:
    """Return whether a file of tensors was written by another program.

    Raises:
        ModelFileError: The header cannot be read.
    """
    return not str(read_header(path).get("__metadata__", {}).get("format", "")).startswith("img2img/")


def _versions(*distributions: str) -> str:
    return ", ".join(f"{name} {version(name)}" for name in distributions)


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
