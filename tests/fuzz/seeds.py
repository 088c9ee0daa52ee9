"""Sound files of every kind that the program reads: small, and with every kind of metadata."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image as Pillow

from img2img import PluginHost
from img2img.media import Image, Metadata, encode_image
from img2img.media.formats import WRITTEN_STILLS
from img2img.models.file import save_model
from img2img.translation.journal import Entry
from tests.media.conftest import Make
from tests.video import clips

CLIPS = {
    "clip.mp4": {"audio": (clips.Tone(),), "chapters": ((0, 0.2, "One"), (0.2, 0.4, "Two"))},
    "clip.mkv": {"subtitles": (clips.Subtitles(),), "colours": "pq", "pix_fmt": "yuv420p10le"},
    "clip.mov": {"rotation": 90, "b_frames": 2},
    "clip.webm": {"codec": "libvpx-vp9"},
    "clip.avi": {"codec": "mpeg4"},
    "clip.ts": {"codec": "mpeg2video", "data": (b"one",)},
    "clip.flv": {"codec": "flv"},
    "clip.y4m": {"codec": "rawvideo", "size": (32, 16)},
}
"""Of each container, what `tests.video.clips` makes."""
FAMILIES: dict[str, dict[str, Any]] = {
    "srgan": {"scale": 2, "width": 4, "depth": 1},
    "cyclegan": {"width": 4, "blocks": 1},
    "stargan": {"classes": ["day", "night"], "width": 4, "blocks": 1},
}


def write_seeds(folder: Path) -> list[Path]:
    """Write a file of each kind into a folder, and return their paths; the suffix says which reader reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_images(folder)
    _write_animations(folder)
    for name, clip in CLIPS.items():
        clips.write(folder / name, **{"frames": 12, "size": (48, 32), **clip})
    _write_models(folder)
    _write_texts(folder)
    return sorted(folder.iterdir())


def _write_images(folder: Path) -> None:
    metadata = Metadata(exif=Make.exif(orientation=6, make="Maker"), icc=Make.icc())
    for form in WRITTEN_STILLS:
        image = Image(Make.picture(), metadata)
        (folder / f"rgb{form.suffixes[0]}").write_bytes(encode_image(image, form.suffixes[0]).data)
    (folder / "deep.png").write_bytes(encode_image(Image(Make.picture(channels=4, dtype=np.uint16)), ".png").data)
    (folder / "deep.tiff").write_bytes(encode_image(Image(Make.picture(channels=1, dtype=np.uint16)), ".tiff").data)
    picture = Pillow.fromarray(Make.picture())
    kinds = {
        "palette.png": (picture.quantize(8), "PNG", {}),
        "bits.png": (picture.convert("1"), "PNG", {}),
        "palette.bmp": (picture.quantize(16), "BMP", {}),
        "progressive.jpg": (picture, "JPEG", {"progressive": True}),
        "cmyk.jpg": (picture.convert("CMYK"), "JPEG", {}),
        "lossless.webp": (picture, "WEBP", {"lossless": True}),
        "lzw.tiff": (picture, "TIFF", {"compression": "tiff_lzw"}),
        "deflate.tiff": (picture.convert("CMYK"), "TIFF", {"compression": "tiff_adobe_deflate"}),
    }
    for name, (image, form, options) in kinds.items():
        (folder / name).write_bytes(Make.pillow(image, form, **options))


def _write_animations(folder: Path) -> None:
    frames = [Pillow.fromarray(np.roll(Make.picture(), shift, 1)) for shift in range(4)]
    for name, form in (("moving.gif", "GIF"), ("moving.webp", "WEBP"), ("moving.apng", "PNG")):
        file = BytesIO()
        frames[0].save(file, form, save_all=True, append_images=frames[1:], duration=40)
        (folder / name).write_bytes(file.getvalue())


def _write_models(folder: Path) -> None:
    from img2img_export.exporting import export

    host = PluginHost.discover()
    for name, options in FAMILIES.items():
        torch.manual_seed(0)
        family = host.family(name)
        config = family.config_class.parse(options)
        generator = family.build_generator(config)
        path = folder / f"{name}.safetensors"
        save_model(path, generator, config, family=name, scale=options.get("scale", 1), step=1)
        torch.save(generator.state_dict(), folder / f"{name}.pth")
        torch.save({"params": generator.state_dict()}, folder / f"old-{name}.pth", _use_new_zipfile_serialization=False)
    for suffix in (".onnx", ".pt2"):
        export(str(folder / "srgan.safetensors"), folder / f"exported{suffix}", {}, host)


def _write_texts(folder: Path) -> None:
    entry = Entry("a.png", hashlib.sha256(b"a").hexdigest(), "s" * 64, hashlib.sha256(b"b").hexdigest())
    (folder / "journal.jsonl").write_text("\n".join(json.dumps(asdict(entry)) for _ in range(5)), "ascii")
    (folder / "options.toml").write_text('width = 8\nclasses = ["day", "night"]\n[more]\nnumber = 1.5e3\n', "utf-8")


def write_photographs(folder: Path, photographs: Path, limit: int) -> None:
    """Add parts of real photographs, of which mutations reach deeper than of drawn pictures."""
    for number, path in enumerate(sorted(photographs.iterdir())[:limit]):
        pixels = cv2.imread(os.fspath(path))
        if pixels is not None:
            for suffix in (".jpg", ".webp", ".avif"):
                cv2.imwrite(os.fspath(folder / f"photo-{number}{suffix}"), pixels[:160, :160])
