"""A plan says which source becomes which target; it is made and checked before anything is written."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from img2img.errors import UsageError
from img2img.media import READABLE_IMAGES, WRITABLE_IMAGES, printable
from img2img.media.clip.sequence import natural_order
from img2img.media.formats import listed
from img2img.translation.finding import find_files, real_names
from img2img.translation.kinds import ClipKinds
from img2img.translation.report import ClipItem, Item
from img2img.translation.sources import ImageSequence, PluginSource, Source
from img2img.translation.targets import NumberedImages, Target

LONGEST_NAME = 255
"""Bytes of the longest file name that most file systems take."""


@dataclass(frozen=True)
class Plan:
    """The items of a job, sorted by source."""

    items: list[Item]
    folder: Path | None
    """The target folder; None where the target is one file."""
    ignored: int = 0
    """The number of files that are passed over because they are no images."""


def make_plan(
    source: str | Path,
    target: str | Path,
    suffix: str = "",
    kinds: ClipKinds | None = None,
    *,
    rate_given: bool = False,
) -> Plan:
    """Plan a job: decide which source becomes which target.

    Args:
        source: An image, a video, a folder (with all below it), a pattern such as `photos/**/*.jpg`, or `NAME:ADDRESS`
            for what a plugin reads.
        target: A file for one of them, a folder for more; the tree of the sources is mirrored in it. A video as target
            of a folder of images shows these, in natural order.
        suffix: Format of the targets, such as `.png` or `.mp4`; by default each keeps its source's. An image's
            suffix for a single video asks for its frames as numbered images.
        kinds: Decides which files are clips; by default those that need no plugin.
        rate_given: Whether the user gives the rate of frames; if not, files of a folder that need one are passed over.

    Raises:
        UsageError: There is no source, source and target are one file, or two sources would write one target.
    """
    kinds = kinds or ClipKinds()
    suffix = _checked_suffix(suffix, kinds)
    if not str(source) or not str(target):  # an unset variable of a shell is empty
        raise UsageError("source and target must not be empty; for this folder, write a dot")
    try:
        plan = _plan(str(source), Path(target), suffix, kinds, rate_given)
        _check_targets(plan.items)
    except OSError as error:
        raise UsageError(f"cannot look at {printable(error.filename)}: {error.strerror}; name another") from error
    return plan


def _plan(source: str, target: Path, suffix: str, kinds: ClipKinds, rate_given: bool) -> Plan:
    if scheme := kinds.scheme_of(source):
        return _plan_clip(PluginSource(Path(source), scheme, source), target, suffix, kinds)
    if Path(source).is_file() or (Path(source).exists() and kinds.reader_of(Path(source))):
        becomes_clip = target.suffix.lower() in kinds.writable - WRITABLE_IMAGES
        if kinds.is_clip(Path(source)) or becomes_clip:
            return _plan_clip(kinds.source_of(Path(source)), target, suffix, kinds)
        return _plan_file(Path(source), target, suffix, kinds)
    if _is_target_clip(target, kinds):
        return _plan_sequence(*find_files(source), target, suffix, kinds)
    return _plan_folder(*find_files(source), target, suffix, kinds, rate_given)


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
            f"{printable(path)} is an image and {printable(target)} a video; give a video, or a folder of images "
            "that follow each other"
        )
    if suffix in WRITABLE_IMAGES - kinds.writable:
        if _is_target_clip(target, kinds):
            raise UsageError(f"frames as {suffix} images need a folder as target, not {printable(target)}")
        return Plan([_clip(source, NumberedImages(target, suffix))], None)
    if target.is_dir() or not target.suffix:
        target = target / path.with_suffix(suffix or _writable_clip(path, kinds)).name
    elif target.suffix.lower() not in kinds.writable:
        images = "; for its frames, give a folder and --format png" if target.suffix.lower() in WRITABLE_IMAGES else ""
        raise UsageError(f"cannot write a video as {target.suffix!r}: choose one of {listed(kinds.writable)}{images}")
    else:
        _check_agreement(target, suffix)
    return Plan([_clip(source, kinds.target_of(target))], None)


def _plan_sequence(base: Path, files: list[Path], target: Path, suffix: str, kinds: ClipKinds) -> Plan:
    _check_agreement(target, suffix)
    images = [path for path in files if path.suffix.lower() in READABLE_IMAGES]
    if not images:
        raise UsageError(f"no images found in {printable(base)} that could become {printable(target)}")
    item = _clip(ImageSequence(base, tuple(natural_order(images))), kinds.target_of(target))
    return Plan([item], None, ignored=len(files) - len(images))


def _plan_folder(base: Path, files: list[Path], target: Path, suffix: str, kinds: ClipKinds, rate_given: bool) -> Plan:
    if os.path.lexists(target) and not target.is_dir():
        raise UsageError(f"{printable(target)} is a file; a folder of images needs a folder as target")
    own, where = os.path.realpath(target), os.path.realpath(base)
    if own == where:
        raise UsageError(
            f"the target folder is the source folder {printable(base)}; name another, sources are never touched"
        )
    sources = files
    if Path(where) in Path(own).parents:  # results of an earlier job are no sources
        inside = own + os.sep
        sources = [path for path, real in zip(files, real_names(files), strict=True) if not real.startswith(inside)]
    known = [path for path in sources if path.suffix.lower() in READABLE_IMAGES or kinds.is_clip(path)]
    if not rate_given:  # files that need a rate are left out, unless there is nothing else
        known = [path for path in known if not kinds.needs_fps(path)] or known
    if not known:
        looked_for = listed(READABLE_IMAGES | kinds.readable)
        raise UsageError(f"no images or videos found in {printable(base)} (looked for {looked_for})")
    if suffix in kinds.writable - WRITABLE_IMAGES and not any(map(kinds.is_clip, known)):
        raise _no_such_image(suffix)
    items: list[Item] = []
    for path in sorted(known):
        is_clip = kinds.is_clip(path)
        usual = _writable_clip(path, kinds) if is_clip else _writable(path)
        fits = suffix in (kinds.writable if is_clip else WRITABLE_IMAGES)
        place = (target / path.relative_to(base)).with_suffix(suffix if fits else usual)
        items.append(_clip(kinds.source_of(path), kinds.target_of(place)) if is_clip else Item(path, place))
    return Plan(items, target, ignored=len(sources) - len(known))


def _check_targets(items: list[Item]) -> None:
    """Check that no two items write one target, even where names ignore case and Unicode's normal form."""
    sources = set(real_names([item.source for item in items if not item.address]))
    targets = real_names([item.target for item in items])
    seen: dict[str, Item] = {}
    for item, target in zip(items, targets, strict=True):
        other = seen.setdefault(_folded(item.target), item)
        if other is not item:
            raise UsageError(
                f"{printable(other.source)} and {printable(item.source)} would both be written to "
                f"{printable(item.target)}; rename one, or translate them into different folders"
            )
        if target in sources:
            raise UsageError(
                f"the target {printable(item.target)} is a source; name another folder, sources are never touched"
            )
        if len(os.fsencode(item.target.name)) > LONGEST_NAME:
            raise UsageError(f"the name {printable(item.target.name)} is too long; rename {printable(item.source)}")
    parents = {item.target.parent for item in items}
    for folder in parents.union(*(parent.parents for parent in parents)):
        if clash := seen.get(_folded(folder)):
            raise UsageError(
                f"{printable(clash.source)} would be written to {printable(clash.target)}, where a folder must stand; "
                "rename one of the two"
            )


def _folded(path: Path) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()


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
        raise UsageError(
            f"the target {printable(target)} and the format {suffix!r} contradict each other; give one of them"
        )


def _no_such_image(suffix: str) -> UsageError:
    return UsageError(f"an image cannot be written as {suffix!r}: choose one of {listed(WRITABLE_IMAGES)}")


def _is_target_clip(target: Path, kinds: ClipKinds) -> bool:
    return target.suffix.lower() in kinds.writable and not target.is_dir()


def _writable_clip(path: Path, kinds: ClipKinds) -> str:
    return path.suffix if path.suffix.lower() in kinds.writable else ".mkv"


def _writable(path: Path) -> str:
    return path.suffix if path.suffix.lower() in WRITABLE_IMAGES else ".png"
