"""The table of formats: complete, free of contradictions, and followed by what lists, reads and writes."""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from img2img.errors import UsageError
from img2img.media import Image, encode_image, formats
from img2img.media.clip.opening import is_animated
from img2img.media.formats import FORMATS, Format
from img2img.media.image.probe import probe
from img2img.media.video import ClipInfo, VideoOptions
from img2img.media.video.encoding import choose_encoding

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def name_of(form: Format) -> str:
    return form.name


def test_no_two_formats_share_a_name_or_a_suffix() -> None:
    suffixes = [suffix for form in FORMATS for suffix in form.suffixes]
    assert len(suffixes) == len(set(suffixes)) == len(formats.OWN_NAMES)
    assert len({form.name for form in FORMATS}) == len(FORMATS)
    assert all(re.fullmatch(r"\.[a-z0-9]+", suffix) for suffix in suffixes)


@pytest.mark.parametrize("form", FORMATS, ids=name_of)
def test_a_record_names_codecs_that_are_there(form: Format) -> None:
    assert form.still or form.moving
    still, moving = form.still, form.moving
    named = [still.probe, still.decode, still.encode, still.fits] if still else []
    named += [moving.read, moving.write] if moving else []
    assert all(callable(formats.load(name)) for name in named if name)


@pytest.mark.parametrize("form", formats.WRITTEN_STILLS, ids=name_of)
def test_what_is_written_as_a_format_is_recognised_as_that_format(form: Format, tmp_path: Path) -> None:
    for suffix in form.suffixes:
        data = bytes(encode_image(Image(np.full((16, 16, 3), 9, np.uint8)), suffix.upper()).data)
        assert formats.still_format(data) is form
        assert probe(data).still is form.still
        (tmp_path / "still").write_bytes(data)
        assert not is_animated(tmp_path / "still")


@pytest.mark.parametrize("name", ["GIF", "WebP"])
def test_an_animation_is_recognised_by_its_first_bytes_whatever_its_name(name: str, tmp_path: Path) -> None:
    frames = [Pillow.fromarray(np.full((8, 8, 3), level, np.uint8)) for level in (0, 200)]
    frames[0].save(tmp_path / "a.mp4", name, save_all=True, append_images=frames[1:], duration=50)
    form = formats.clip_format((tmp_path / "a.mp4").read_bytes()[: formats.HEAD])
    assert form is not None
    assert form.name == name


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"RIFF1234WAVE", b"GIF88a", b"ftypavif", b" BM"])
def test_other_first_bytes_are_of_no_format(data: bytes) -> None:
    assert formats.still_format(data) is None
    assert formats.clip_format(data) is None


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov", ".mkv", ".webm"])
def test_a_video_is_encoded_as_the_table_says(suffix: str) -> None:
    form = formats.of_suffix(suffix)
    assert form is not None
    assert form.moving is not None
    info = ClipInfo(64, 64, Fraction(1, 12800), Fraction(25))
    assert choose_encoding(suffix, VideoOptions(), info).container == form.moving.container


def test_a_video_in_a_format_that_is_only_read_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'\.avi'.*\.mkv"):
        choose_encoding(".avi", VideoOptions(), ClipInfo(64, 64, Fraction(1, 12800), Fraction(25)))


def test_the_readme_names_the_formats_of_images() -> None:
    assert f"{formats.names(formats.WRITTEN_STILLS, 'and')} are read and written" in README
    only_read = [form for form in formats.STILLS if form not in formats.WRITTEN_STILLS]
    assert all(f"{form.name} (" in README for form in only_read)


def test_the_readme_names_the_formats_of_clips() -> None:
    found = re.search(r"are read; ([^`]+), numbered frames \(`--format png`\) and NumPy stacks written", README)
    assert found
    assert sorted(found[1].split(", ")) == sorted(form.name for form in formats.WRITTEN_CLIPS)


def test_the_table_imports_no_codec_for_a_help_text() -> None:
    code = "import sys, img2img.media.formats; print({'numpy', 'PIL', 'cv2', 'av', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
