"""A loaded model is a translator on a device; it translates one image or serves a whole job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import torch
from torch import Tensor

from img2img.contract.families import Translator
from img2img.contract.traits import Traits
from img2img.errors import UsageError
from img2img.host.host import PluginHost
from img2img.inference.condition_batches import moved
from img2img.inference.conditions import parse_batch, parse_rows
from img2img.inference.device import Device
from img2img.inference.executor import Executor
from img2img.inference.memory import Memory
from img2img.inference.picture import Picture
from img2img.models.file import ModelInfo
from img2img.models.store import find_model, open_model
from img2img.nn.grey import keep_grey
from img2img.nn.sizes import as_window

if TYPE_CHECKING:
    from img2img.media import Pixels


def load_model(
    model: str | Path,
    *,
    device: str = "auto",
    precision: str = "auto",
    tile: int | None = 0,
    host: PluginHost | None = None,
) -> Model:
    """Load a model for use.

    Args:
        model: Path of a model file, of a checkpoint of another code, or of a file that an importer opens, or the name
            of a bundled or installed model.
        device: `auto`, `cpu`, `cuda`, …
        precision: `auto` (bf16 where the hardware has it and the network supports it), `bf16`, `fp16` or `fp32`.
        tile: Side of the tiles that large images are cut into, in input pixels; 0 chooses, None switches tiling off.
        host: Plugins to use; all installed ones by default.

    Raises:
        ModelFileError: There is no such model, or the file is damaged.
        PluginError: No plugin provides its family.
        UsageError: The device is absent, or the network does not support the precision.
    """
    place = Device.pick(device, precision)
    place.keep_freed_memory()
    info, translator = open_model(find_model(model), host or PluginHost.discover())
    place = place.for_network(translator.traits, precision)
    place.prepare(translator.generator)
    return Model(info, translator, place, tile)


class Model:
    """Translates images; `load_model` returns one."""

    def __init__(self, info: ModelInfo, translator: Translator, device: Device, tile: int | None = 0) -> None:
        self.info, self.translator, self.device = info, translator, device
        self.executor = Executor(translator, device, tile)

    @property
    def traits(self) -> Traits:
        """Return what the translator declares of itself."""
        return self.translator.traits

    def check_takes_pictures(self) -> None:
        """Refuse a model that makes pictures of noise, where there are pictures to be translated.

        Raises:
            UsageError: The model takes noise.
        """
        if self.traits.source:
            path = str(self.info.path)
            needed = "".join(f", {name}=…" for name, each in self.traits.conditions.items() if each.required)
            raise UsageError(
                f"{path} makes pictures of noise, and translates none; in Python: model = img2img.load_model({path!r}) "
                f"and then model(model.traits.source.draw([1, 2]){needed}) makes a picture of each number"
            )

    @overload
    def __call__(self, image: Tensor, **conditions: Any) -> Tensor: ...
    @overload
    def __call__(self, image: Pixels, **conditions: Any) -> Pixels: ...
    def __call__(self, image: Pixels | Tensor, **conditions: Any) -> Pixels | Tensor:
        """Translate one image, or a batch; the result has the type of the input, and the network's colours.

        Args:
            image: (H, W) or (H, W, 1 ... 4) of uint8 or uint16, RGB(A) or grey; or (N, channels_in, H, W) in [0, 1]. A
                model with a window sees an image in all places of it, and of several results the first is returned; it
                also takes windows, (N, T, channels_in, H, W) in [0, 1], and returns all results of each.
                Of a model that makes pictures of noise, (N, *shape), as `model.traits.source.draw(seeds)` returns it.
            conditions: The conditions that the translator declares: texts and numbers; paths, arrays (H, W) or
                (H, W, 1 or 3) and PIL images for pictures; or rows as tensors, (C, H, W) in [0, 1] for pictures. For a
                batch, a tensor may have N rows.

        Raises:
            UsageError: The image is not of these kinds, or a condition is unknown, missing or wrong.
            TranslationError: The network failed, or does not fit the memory.
        """
        self._check(image)
        if isinstance(image, Tensor):
            return self._translate_tensor(image, parse_batch(self.translator.traits.conditions, conditions, len(image)))
        rows = self.parse_conditions(conditions)
        result = self.carry(Picture.enter(image if image.ndim == 3 else image[..., None], self.translator.traits), rows)
        return result[..., 0] if image.ndim == 2 and result.shape[2] == 1 else result

    def carry(self, picture: Picture, rows: Mapping[str, Tensor], memory: Memory | None = None) -> Pixels:
        """Take a picture through the network and back.

        Args:
            picture: The picture, with or without filters.
            rows: The tensors that `parse_conditions` returned.
            memory: What a translator that remembers knows of earlier pictures; nothing by default.

        Raises:
            TranslationError: The network or a filter failed, or it does not fit the memory.
        """
        rows = {name: row[None] for name, row in rows.items()}
        result = self.executor.run(picture.seen()[None], rows, memory)
        return picture.leave(result[0])

    def parse_conditions(self, conditions: Mapping[str, Any]) -> dict[str, Tensor]:
        """Turn conditions, one value each for all images, into rows without the batch dimension.

        Raises:
            UsageError: A condition is unknown, missing or wrong.
        """
        return parse_rows(self.translator.traits.conditions, conditions)

    def _check(self, image: Pixels | Tensor) -> None:
        channels, noise = self.traits.channels_in, self.traits.source
        wanted = (
            "an image is a numpy array (H, W) or (H, W, 1 to 4) of uint8 or uint16, or a floating-point tensor "
            f"(N, {channels}, H, W) in [0, 1]"
        )
        if noise:
            shape = ", ".join(map(str, noise.shape))
            wanted = (
                "this model makes pictures of noise, which is a floating-point tensor "
                f"(N, {shape}): model.traits.source.draw([1, 2]) draws the noise for two pictures"
            )
            fits = isinstance(image, Tensor) and image.is_floating_point() and image.shape[1:] == noise.shape
        elif isinstance(image, Tensor):
            fits = image.is_floating_point() and image.shape[1:-2] in ((channels,), _window(self.traits))
        else:
            fits = isinstance(image, np.ndarray) and image.dtype in (np.uint8, np.uint16) and image.ndim in (2, 3)
            fits = fits and image.shape[2:] in ((), (1,), (2,), (3,), (4,))
        if not fits or 0 in image.shape:
            got = f"{image.dtype} of shape {tuple(image.shape)}" if hasattr(image, "shape") else type(image).__name__
            raise UsageError(f"{wanted}; not {got}" if noise else f"{wanted}, not {got}")

    def _translate_tensor(self, images: Tensor, rows: Mapping[str, Tensor]) -> Tensor:
        place = self.device.place
        traits, there, noise = self.translator.traits, images.to(place, torch.float32), self.traits.source
        seen = as_window(there, traits) if images.ndim == 4 and not noise else there
        flat = seen.flatten(1, 2) if seen.ndim == 5 and not noise else seen
        size = (noise.height, noise.width) if noise else images.shape[-2:]
        conditions = moved(self.executor.fitted(rows, *size), place)
        result = self._translate_flat(flat, conditions).chunk(traits.frames_out, 1)
        if noise:
            return result[0].clamp(0, 1).to(images)
        shown = there if images.ndim == 4 else there[:, traits.window[0]]
        results = torch.stack([keep_grey(shown, each, traits) for each in result], 1).clamp(0, 1).to(images)
        return results[:, 0] if images.ndim == 4 or traits.frames_out == 1 else results

    def _translate_flat(self, images: Tensor, rows: Mapping[str, Tensor]) -> Tensor:
        """Translate a batch; each image for itself if the translator remembers."""
        precision = self.device.precision
        if not self.translator.traits.remembers:
            return self.executor.translate(images, rows, precision)
        each = ((images[n : n + 1], {name: row[n : n + 1] for name, row in rows.items()}) for n in range(len(images)))
        return torch.cat([self.executor.translate(image, row, precision) for image, row in each])


def _window(traits: Traits) -> tuple[int, ...]:
    """Return the second and third size of a batch of windows; those of a batch of images if there is no window."""
    return (traits.frames_in, traits.channels_in) if traits.frames_in > 1 else (traits.channels_in,)
