"""A plan says which source becomes which target; it is made and checked before anything is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from img2img.errors import ImageError, UsageError
from img2img.media import READABLE_IMAGES, WRITABLE_IMAGES
from img2img.media.clip.sequence import natural_order
from img2img.media.formats import listed
from img2img.translation.albums import Albums, OpenAlbum, check_album, parts_folder, planning
from img2img.translation.clashes import check_targets
from img2img.translation.failures import ends_job, fail
from img2img.translation.finding import Found, find_files, real_names, results_below
from img2img.translation.kinds import ClipKinds
from img2img.translation.passed_over import PassedOver, companion, special, summary, unknown
from img2img.translation.report import ClipItem, Item
from img2img.translation.sources import ImageSequence, PluginSource, Source
from img2img.translation.targets import NumberedImages, Target


@dataclass(frozen=True)
class Plan:
    """The items of a job, sorted by source."""

    items: list[Item]
    folder: Path | None
    """The target folder; None where the target is one file."""
    passed_over: list[PassedOver] = field(default_factory=list)
    """The files and folders that were met and are not translated."""
    album: Path | None = None
    """The file that will hold all targets, such as a zip; `folder` keeps them until it is written."""
    close: Callable[[], None] = lambda: None
    """Called when no source is read any more."""


def make_plan(
    source: str | Path,
    target: str | Path,
    suffix: str = "",
    kinds: ClipKinds | None = None,
    *,
    rate_given: bool = False,
    albums: Albums | None = None,
) -> Plan:
    """Plan a job: decide which source becomes which target.

    Args:
        source: An image, a video, a folder (with all below it), a pattern such as `photos/**/*.jpg`, or `NAME:ADDRESS`
            for what a plugin reads.
        target: A file for one of them, a folder for more; the tree of the sources is mirrored in it. A video as target
            of a folder of images shows these, in natural order. An album as target, such as a zip, holds all targets.
        suffix: Format of the targets, such as `.png` or `.mp4`; by default each keeps its source's. An image's
            suffix for a single video asks for its frames as numbered images.
        kinds: Decides which files are clips; by default those that need no plugin.
        rate_given: Whether the user gives the rate of frames; if not, files of a folder that need one are passed over.
        albums: Opens the sources that are albums, which the plan closes.

    Raises:
        UsageError: There is no source, source and target are one file, or two sources would write one target.
    """
    kinds, albums = kinds or ClipKinds(), albums or Albums()
    suffix = _checked_suffix(suffix, kinds)
    if not str(source) or not str(target):  # an unset variable of a shell is empty
        raise UsageError("source and target must not be empty; for this folder, write a dot")
    target, opened = Path(target), albums.open(str(source))
    place = parts_folder(target) if albums.is_target(target) else target
    with planning(opened, target, place):
        if opened:
            plan = _plan_album(opened, place, suffix, kinds)
        else:
            plan = _plan(str(source), place, suffix, kinds, rate_given)
        check_targets([item for item in plan.items if item.status == "planned"])
        if place != target:
            check_album(target, plan.items)
            plan = replace(plan, folder=place, album=target)
    return plan


def _plan_album(opened: OpenAlbum, target: Path, suffix: str, kinds: ClipKinds) -> Plan:
    if suffix in kinds.writable - WRITABLE_IMAGES:
        raise _no_such_image(suffix)
    if _is_target_clip(target, kinds) and target.suffix.lower() not in WRITABLE_IMAGES:
        raise UsageError(
            f"{opened.name} holds images and {target} is a video; unpack the images, and give their folder"
        )
    items, folder = opened.plan(target, suffix)
    if not items:
        raise UsageError(f"no images found in {opened.name}{_met(opened.passed_over)}")
    if folder is None:
        _check_agreement(target, suffix)
    return Plan(items, folder, opened.passed_over, close=opened.close)


def _plan(source: str, target: Path, suffix: str, kinds: ClipKinds, rate_given: bool) -> Plan:
    if scheme := kinds.scheme_of(source):
        return _plan_clip(PluginSource(Path(source), scheme, source), target, suffix, kinds)
    if Path(source).is_file() or (Path(source).exists() and kinds.reader_of(Path(source))):
        becomes_clip = target.suffix.lower() in kinds.writable - WRITABLE_IMAGES
        known = _known(Path(source), kinds)
        if known and known.error:
            return Plan([_item(known, target / Path(source).name if target.is_dir() else target, suffix, kinds)], None)
        if (known and known.is_clip) or becomes_clip:
            return _plan_clip(kinds.source_of(Path(source)), target, suffix, kinds)
        return _plan_file(Path(source), target, suffix, kinds)
    if _is_target_clip(target, kinds):
        return _plan_sequence(find_files(source), target, suffix, kinds)
    return _plan_folder(find_files(source), target, suffix, kinds, rate_given)


def _plan_file(source: Path, target: Path, suffix: str, kinds: ClipKinds) -> Plan:
    if suffix in kinds.writable - WRITABLE_IMAGES:
        raise _no_such_image(suffix)
    if target.is_dir() or target.suffix.lower() not in WRITABLE_IMAGES:
        if target.suffix and not target.is_dir():
            raise UsageError(f"cannot write {target.suffix!r}: choose one of {listed(WRITABLE_IMAGES)}")
        target = target / source.with_suffix(suffix or _writable(source)).name
    else:
        _check_agreement(target, suffix)
    return Plan([Item(source, target)], None)


def _plan_clip(source: Source, target: Path, suffix: str, kinds: ClipKinds) -> Plan:
    path = source.path
    if not source.address and path.suffix.lower() in READABLE_IMAGES and not kinds.is_clip(path):
        raise UsageError(
            f"{path} is an image and {target} a video; give a video, or a folder of images that follow each other"
        )
    if suffix in WRITABLE_IMAGES - kinds.writable:
        if _is_target_clip(target, kinds):
            raise UsageError(f"frames as {suffix} images need a folder as target, not {target}")
        return Plan([_clip(source, NumberedImages(target, suffix))], None)
    if target.is_dir() or not target.suffix:
        target = target / path.with_suffix(suffix or _writable_clip(path, kinds)).name
    elif target.suffix.lower() not in kinds.writable:
        images = "; for its frames, give a folder and --format png" if target.suffix.lower() in WRITABLE_IMAGES else ""
        raise UsageError(f"cannot write a video as {target.suffix!r}: choose one of {listed(kinds.writable)}{images}")
    else:
        _check_agreement(target, suffix)
    return Plan([_clip(source, kinds.target_of(target))], None)


def _plan_sequence(found: Found, target: Path, suffix: str, kinds: ClipKinds) -> Plan:
    _check_agreement(target, suffix)
    known, passed_over = _sorted_out(found, kinds)
    images: list[Path] = []
    for path in (one.path for one in known):
        if passed := special(path):
            passed_over.append(passed)
        elif path.suffix.lower() in READABLE_IMAGES:
            images.append(path)
        else:
            passed_over.append(PassedOver(path, "clip", "it is a clip among images that become one"))
    if not images:
        raise UsageError(f"no images found in {found.base} that could become {target}{_met(passed_over)}")
    item = _clip(ImageSequence(found.base, tuple(natural_order(images))), kinds.target_of(target))
    return Plan([item], None, passed_over)


def _plan_folder(found: Found, target: Path, suffix: str, kinds: ClipKinds, rate_given: bool) -> Plan:
    base = found.base
    if os.path.lexists(target) and not target.is_dir():
        raise UsageError(f"{target} is a file; a folder of images needs a folder as target")
    own, where = os.path.realpath(target), os.path.realpath(base)
    if own == where:
        raise UsageError(f"the target folder is the source folder {base}; name another, sources are never touched")
    if Path(own) not in Path(where).parents:  # results of an earlier job are no sources
        inside, real = own + os.sep, real_names(found.files)
        found.files = [path for path, name in zip(found.files, real, strict=True) if not name.startswith(inside)]
    known, passed_over = _sorted_out(found, kinds)
    if not rate_given and not all(one.needs_fps for one in known):  # they are left out, unless there is nothing else
        passed_over += [
            PassedOver(one.path, one.path.suffix, "it needs --fps, such as --fps 25") for one in known if one.needs_fps
        ]
        known = [one for one in known if not one.needs_fps]
    if not known:
        looked_for = listed(READABLE_IMAGES | kinds.readable)
        raise UsageError(f"no images or videos found in {base} (looked for {looked_for}){_met(passed_over)}")
    if suffix in kinds.writable - WRITABLE_IMAGES and not any(one.is_clip for one in known):
        raise _no_such_image(suffix)
    items = [
        _item(one, target / one.path.relative_to(base), suffix, kinds)
        for one in sorted(known, key=lambda one: one.path)
    ]
    return Plan(items, target, passed_over)


@dataclass(frozen=True)
class _Known:
    """A file that is an image or a clip by its name.

    Attributes:
        path: The file.
        is_clip: Whether it is a clip.
        needs_fps: Whether it needs a frame rate from the user.
        error: What went wrong when the file was looked at, so that it fails; None if nothing did.
    """

    path: Path
    is_clip: bool = False
    needs_fps: bool = False
    error: BaseException | None = None


def _sorted_out(found: Found, kinds: ClipKinds) -> tuple[list[_Known], list[PassedOver]]:
    """Divide the files of a source into those that are translated and those that are passed over."""
    known, passed_over = [], [*found.passed_over]
    made = results_below(found.base, found.files)
    for path in found.files:
        if path in made:
            reason = "an earlier job made it; to translate it, name its own folder as the source"
            passed_over.append(PassedOver(path, "earlier result", reason))
        elif passed := companion(path):
            passed_over.append(passed)
        elif one := _known(path, kinds):
            known.append(one)
        else:
            passed_over.append(special(path) or unknown(path))
    return known, passed_over


def _known(path: Path, kinds: ClipKinds) -> _Known | None:
    """Find out what a file is; whatever goes wrong there costs this file alone."""
    try:
        is_image = path.suffix.lower() in READABLE_IMAGES
        if (is_image or path.suffix.lower() in kinds.readable) and (passed := special(path)):
            raise ImageError(f"{path}: {passed.reason}")
        is_clip = kinds.is_clip(path)
        if is_clip or is_image:
            return _Known(path, is_clip, kinds.needs_fps(path))
    except BaseException as error:
        if ends_job(error):
            raise
        return _Known(path, error=error)
    return None


def _item(one: _Known, place: Path, suffix: str, kinds: ClipKinds) -> Item:
    if one.error:
        item = Item(one.path, place)
        fail(item, one.error)
        return item
    usual = _writable_clip(one.path, kinds) if one.is_clip else _writable(one.path)
    fits = suffix in (kinds.writable if one.is_clip else WRITABLE_IMAGES)
    place = place.with_suffix(suffix if fits else usual)
    if one.is_clip:
        return _clip(kinds.source_of(one.path), kinds.target_of(place))
    return Item(one.path, place)


def _met(passed_over: Sequence[PassedOver]) -> str:
    """Return the end of a message that nothing was found: what was passed over, and why the first of it."""
    if not passed_over:
        return ""
    first = passed_over[0]
    return f"; passed over: {summary(passed_over)}; {first.path.name}: {first.reason}"


def _clip(source: Source, target: Target) -> ClipItem:
    return ClipItem(source.path, target.path, reads=source, writes=target)


def _checked_suffix(suffix: str, kinds: ClipKinds) -> str:
    if not suffix:
        return ""
    suffix = suffix.lower() if suffix.startswith(".") else f".{suffix.lower()}"
    if suffix not in WRITABLE_IMAGES | kinds.writable:
        raise UsageError(
            f"cannot write {suffix!r}: choose one of {listed(WRITABLE_IMAGES)} for images, "
            f"{listed(kinds.writable)} for videos"
        )
    return suffix


def _check_agreement(target: Path, suffix: str) -> None:
    if suffix and target.suffix.lower() != suffix:
        raise UsageError(f"the target {target} and the format {suffix!r} contradict each other; give one of them")


def _no_such_image(suffix: str) -> UsageError:
    return UsageError(f"an image cannot be written as {suffix!r}: choose one of {listed(WRITABLE_IMAGES)}")


def _is_target_clip(target: Path, kinds: ClipKinds) -> bool:
    return target.suffix.lower() in kinds.writable and not target.is_dir()


def _writable_clip(path: Path, kinds: ClipKinds) -> str:
    return path.suffix if path.suffix.lower() in kinds.writable else ".mkv"


def _writable(path: Path) -> str:
    return path.suffix if path.suffix.lower() in WRITABLE_IMAGES else ".png"
