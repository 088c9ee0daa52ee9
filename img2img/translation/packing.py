"""This module puts the finished targets of a job into one file, such as a zip, once all of them are there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from img2img.errors import FatalError, ItemError, Stopped, UsageError, WriteError
from img2img.host.host import PluginHost
from img2img.host.kinds import ALBUM_TARGETS
from img2img.media import Folder, unwritable
from img2img.text import error_text
from img2img.translation.failures import ends_job, fail
from img2img.translation.journal import STATE
from img2img.translation.plan import Plan


def pack_after(run: Callable[[], None], plan: Plan, host: PluginHost, *, overwrite: bool) -> None:
    """Run a job, and then put its targets into the plan's album, if it has one.

    The album appears under its name when it is complete. What stands in the plan's folder is kept if the job ends
    early, so that the next start goes on from there, and deleted once the album stands.

    Args:
        run: Translates the items.
        plan: The plan of the job.
        host: The plugins that write albums.
        overwrite: Whether an album that stands there is replaced.

    Raises:
        WriteError: The album cannot be written.
        ItemError: Somebody else's file has appeared under its name.
    """
    run()
    album, folder = plan.album, plan.folder
    if album is None or folder is None:
        return
    root, part = Folder(album.parent), folder / STATE / "album.part"
    with suppress(FileNotFoundError):
        root.remove(part)
    if is_written := _write(plan, host, part):
        root.publish(part, album, replaces=overwrite)
    for item in plan.items:
        item.target, item.packed_in = album / item.target.relative_to(folder), album if is_written else None
    with suppress(OSError):
        root.remove(folder)
        for empty in (folder.parent, folder.parent.parent):
            empty.rmdir()


def _write(plan: Plan, host: PluginHost, part: Path) -> bool:
    """Write the album to a path of a moment; return False, and write nothing, if there is no target."""
    assert plan.album is not None
    assert plan.folder is not None
    finished = [item for item in plan.items if item.status in ("done", "damaged", "skipped")]
    if not finished:
        return False
    name = plan.album.suffix.lower()[1:]
    try:
        with closing(host.find(ALBUM_TARGETS, name).create(part)) as writer:
            for item in finished:
                try:
                    with Folder(plan.folder).open(item.target, "rb") as content:
                        writer.add(item.target.relative_to(plan.folder).as_posix(), content)
                except ItemError as error:
                    fail(item, error)
            writer.finish()
    except OSError as error:
        raise unwritable(plan.album, error) from error
    except BaseException as error:
        if ends_job(error) or isinstance(error, FatalError | Stopped | UsageError):
            raise
        raise WriteError(
            f"{plan.album}: the plugin that writes .{name} files failed: {error_text(error)}; name a folder as target"
        ) from error
    return True
