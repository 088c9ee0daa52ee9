"""What each filter does to pictures, in figures; and that all take pictures of every kind."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from img2img import ConfigError, PluginHost
from img2img.host.kinds import FILTERS
from img2img.inference.filtering import Chain

from .conftest import GROUND, Frame

NAMES = ["denoise", "grain", "palette", "sharpen", "steady"]
PHOTO = GROUND[:96, :128]


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return PluginHost.discover(strict=True)


@pytest.fixture
def applied(host: PluginHost) -> Any:
    """What a filter makes of a source and a result, both ways: `applied("grain:seed=1", source, result)`."""

    def applied(word: str, source: Frame, result: Frame) -> tuple[Frame, Frame]:
        passage = Chain.parse([word], host).start()
        return passage.before(source), passage.after(source, result)

    return applied


def to_16_bit(frame: Frame) -> Frame:
    return frame.astype(np.uint16) * 257


def lab(frame: Frame) -> Frame:
    return cv2.cvtColor(frame.astype(np.float32) / np.iinfo(frame.dtype).max, cv2.COLOR_RGB2Lab)


def test_the_plugin_provides_these_and_says_what_they_are(host: PluginHost) -> None:
    found = {kind.name: kind.summary for kind in host.every(FILTERS) if kind.__module__.startswith("img2img_filters")}
    assert sorted(found) == NAMES
    assert all(found.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [(3, 3), (1, 1), (1, 3), (3, 1)], ids=str)
@pytest.mark.parametrize(("size", "scale"), [((1, 1), 1), ((7, 40), 2), ((64, 48), 1)])
def test_pictures_of_every_kind_keep_their_shape_and_type_and_those_given_do_not_change(
    name: str, kind: type, channels: tuple[int, int], size: tuple[int, int], scale: int, host: PluginHost
) -> None:
    rng, limit = np.random.default_rng(0), np.iinfo(kind).max
    passage = Chain.parse([name], host).start()
    for _ in range(2):
        source = rng.integers(0, limit, (*size, channels[0]), kind, endpoint=True)
        result = rng.integers(0, limit, (size[0] * scale, size[1] * scale, channels[1]), kind, endpoint=True)
        given = source.copy(), result.copy()
        passage.before(source)  # the shapes are checked there
        passage.after(source, result)
        assert np.array_equal(source, given[0])
        assert np.array_equal(result, given[1])


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("word", ["palette:strength=0", "sharpen:amount=0", "grain:strength=0", "steady:strength=0"])
def test_without_strength_nothing_changes(word: str, depth: int, applied: Any) -> None:
    source, result = (PHOTO, 255 - PHOTO) if depth == 8 else (to_16_bit(PHOTO), to_16_bit(255 - PHOTO))
    before, after = applied(word, source, result)
    assert np.array_equal(before, source)
    assert np.abs(after.astype(int) - result).max() <= (8 if depth == 16 else 0), "the way to Lab and back rounds"


@pytest.mark.parametrize("word", ["palette:strength=1.1", "sharpen:radius=0", "grain:seed=-1", "denoise:radius=99"])
def test_options_that_make_no_sense_are_refused(word: str, host: PluginHost) -> None:
    with pytest.raises(ConfigError, match=f"filter '{word}'"):
        Chain.parse([word], host)


@pytest.mark.parametrize("depth", [8, 16])
def test_palette_gives_a_result_the_mean_and_the_spread_of_its_source(depth: int, applied: Any) -> None:
    source = (PHOTO * [0.7, 0.5, 0.3] + [60, 30, 10]).astype(np.uint8)
    result = cv2.resize((PHOTO[::-1] * [0.2, 0.4, 0.6]).astype(np.uint8), None, fx=2, fy=2)
    if depth == 16:
        source, result = to_16_bit(source), to_16_bit(result)
    _, after = applied("palette", source, result)
    wanted, found, had = (np.array(cv2.meanStdDev(lab(picture))) for picture in (source, after, result))
    assert np.abs(found - wanted).max() < 1 < np.abs(had - wanted).max() / 20
    _, half = applied("palette:strength=0.5", source, result)
    middle = np.array(cv2.meanStdDev(lab(half)))
    assert np.abs(middle - (wanted + had) / 2).max() < 1


def test_palette_can_leave_light_and_dark_alone(applied: Any) -> None:
    source, result = (PHOTO // 4 + [100, 80, 60]).astype(np.uint8), PHOTO[::-1] // 4 + 60
    _, after = applied("palette:lightness=false", source, result)
    assert np.abs(lab(after) - lab(result))[..., 0].mean() < 1
    assert np.abs((lab(after) - lab(source)).mean((0, 1)))[1:].max() < 1


def test_palette_takes_no_colours_from_a_grey_source(applied: Any) -> None:
    result = PHOTO // 4 + 80
    _, after = applied("palette", PHOTO[..., :1] // 4 + 40, result)
    assert np.abs((lab(after) - lab(result)).mean((0, 1)))[1:].max() < 1
    assert lab(after)[..., 0].mean() < lab(result)[..., 0].mean() - 10


def test_palette_does_not_make_noise_of_a_plain_result(applied: Any) -> None:
    plain = np.full_like(PHOTO, 128)
    plain[::2] += 1
    _, after = applied("palette", PHOTO, plain)
    assert np.abs(np.diff(after.astype(int), axis=0)).max() < 30


def test_sharpen_gives_a_blurred_picture_its_detail_back(applied: Any) -> None:
    blurred = cv2.GaussianBlur(PHOTO, (0, 0), 1)
    _, after = applied("sharpen:amount=1:radius=1", PHOTO, blurred)
    assert cv2.PSNR(after, PHOTO) > cv2.PSNR(blurred, PHOTO) + 2
    assert cv2.Laplacian(after, cv2.CV_32F).var() > 1.5 * cv2.Laplacian(blurred, cv2.CV_32F).var()
    assert np.abs(after.mean((0, 1)) - blurred.mean((0, 1))).max() < 0.5


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [0.3, 0.7, 3])
def test_grain_is_as_strong_as_it_says_in_middle_grey_and_absent_in_black_and_white(
    size: float, kind: type, applied: Any
) -> None:
    limit = np.iinfo(kind).max
    for level, expected in ((0, 0), (0.1, 0.36), (0.5, 1), (1, 0)):
        flat = np.full((200, 200, 3), round(level * limit), kind)
        _, after = applied(f"grain:strength=0.05:size={size}", flat, flat)
        noise = (after.astype(float) - flat) / limit
        assert noise.std() == pytest.approx(0.05 * expected, rel=0.1)
        assert abs(noise.mean()) < 0.005
        assert np.array_equal(noise[..., 0], noise[..., 2])


def test_grain_of_a_larger_size_is_coarser(applied: Any) -> None:
    flat = np.full((200, 200, 1), 128, np.uint8)

    def likeness(size: float) -> float:
        """Of a pixel and the one beside it."""
        noise = applied(f"grain:strength=0.1:size={size}", flat, flat)[1].astype(float) - 128
        return float(np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1])

    assert abs(likeness(0.3)) < 0.05 < 0.2 < likeness(0.7) < 0.9 < likeness(3)


def test_grain_moves_and_depends_on_the_seed_and_the_number_of_the_frame_alone(host: PluginHost) -> None:
    flat = np.full((32, 32, 3), 128, np.uint8)

    def frames(word: str) -> list[bytes]:
        passage = Chain.parse([word], host).start()
        return [passage.after(flat, flat).tobytes() for _ in range(3)]

    first = frames("grain")
    assert len({*first, *frames("grain:seed=1")}) == 6
    assert frames("grain:seed=0") == first


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_restored_grain_goes_on_to_the_same_bits(after: int, host: PluginHost) -> None:
    kind = host.find(FILTERS, "grain")
    first, second = (kind(kind.options_class()) for _ in range(2))
    flat = np.full((16, 16, 3), 128, np.uint8)
    for _ in range(after):
        first.after(flat, flat)
    second.restore(first.state())
    for _ in range(3):
        assert np.array_equal(first.after(flat, flat), second.after(flat, flat))


def test_denoise_takes_noise_out_of_what_the_network_sees_and_keeps_its_edges(applied: Any) -> None:
    clean = np.where(np.indices((96, 128)).sum(axis=0)[..., None] // 24 % 2 == 0, np.uint8(60), np.uint8(180))
    noisy = (clean + np.random.default_rng(0).normal(0, 8, (96, 128, 3))).clip(0, 255).astype(np.uint8)
    before, after = applied("denoise", noisy, noisy)
    truth = np.repeat(clean, 3, axis=2)
    assert cv2.PSNR(before, truth) > cv2.PSNR(noisy, truth) + 6
    edges = np.abs(np.diff(clean[..., 0].astype(int), axis=1)) > 0
    kept = np.abs(np.diff(before.astype(float).mean(axis=2), axis=1))[edges]
    assert kept.mean() > 0.95 * 120
    assert np.array_equal(after, noisy), "it is for the way in"
