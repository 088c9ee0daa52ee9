"""The images of a job are decoded, carried through the network by the stream, encoded and written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

from img2img.errors import ImageError
from img2img.host.host import PluginHost
from img2img.inference import stream
from img2img.inference.device import Compute
from img2img.inference.executor import Executor
from img2img.inference.filtering import NO_FILTERS, Chain, Passage
from img2img.inference.limits import is_out_of_memory
from img2img.inference.picture import Picture
from img2img.inference.stream import Outcome, Stream
from img2img.media import Image, decode_image, encode_image
from img2img.media.video import VideoOptions
from img2img.text import error_text, printable
from img2img.translation.conditions import Conditions
from img2img.translation.failures import ends_job, fail
from img2img.translation.journal import Journal, digest
from img2img.translation.options import Output
from img2img.translation.place import Place
from img2img.translation.reading import is_unchanged, read, stamp_of
from img2img.translation.report import Item
from img2img.translation.room import check_room, needed
from img2img.translation.values import ItemConditions

if TYPE_CHECKING:
    from torch import Tensor

    from img2img.media import Pixels

_CHANGED = (
    "it was changed, replaced or removed while it was translated; the target shows what it held when it was read; run "
    "again for what it holds now"
)


@dataclass
class Work:
    """One image on its way through the job."""

    item: Item
    image: Image
    picture: Picture
    source_sha256: str
    stamp: object
    """A value that stays equal until somebody changes the source."""
    given: ItemConditions

    @property
    def conditions(self) -> Mapping[str, Tensor]:
        """Return the rows of the conditions."""
        return self.given.rows

    @cached_property
    def bytes(self) -> int:
        """Return how much memory the work holds."""
        return self.image.pixels.nbytes + self.picture.bytes + self.given.bytes


@dataclass(frozen=True)
class Settings:
    """The options of a job that its stages need."""

    conditions: Conditions
    """The values of the conditions that each item is given."""
    output: Output
    compute: Compute
    codecs: int
    """The number of threads that decode images; as many encode."""
    video: VideoOptions = field(default_factory=VideoOptions)
    """The options of clips."""
    host: PluginHost = field(default_factory=PluginHost)
    """The plugins that read and write what the core does not."""
    digest: str = ""
    """A digest of all that decides what a target of some name looks like."""
    filters: Chain = NO_FILTERS
    """The filters of each image and each clip, before and after the network."""


class Pipeline:
    """Carries items through decode, network and encode.

    Args:
        executor: Runs the network.
        settings: The options of the job.
        journal: Knows what is done already and notes what gets done; None for a single file.
        on_items_done: Called, in the thread that calls `run`, with items that are done, failed or skipped.
        stop: Called between items; True ends the run.
    """

    def __init__(
        self,
        executor: Executor,
        settings: Settings,
        journal: Journal | None,
        on_items_done: Callable[[Sequence[Item]], None],
        stop: Callable[[], bool],
    ) -> None:
        self.executor, self.settings, self.journal, self.on_items_done = executor, settings, journal, on_items_done
        self._decoders = ThreadPoolExecutor(settings.codecs, "decode")
        self._is_alone, self._put_off = False, list[Item]()
        self._stream = Stream(executor, self._encode, stop, settings.codecs)

    def run(self, items: Iterable[Item]) -> None:
        """Translate items; the `status` of each records how it ended.

        Raises:
            FatalError: A target cannot be written; items that were not finished stay `planned`.
            Stopped: `stop` returned True.
        """
        items = [*items]
        self._is_alone = len(items) == 1
        try:
            self._carry(items)
            self._is_alone = True
            for item in self._put_off:
                self._carry([item])
        finally:
            self.executor.close()
            self._decoders.shutdown(cancel_futures=True)
            if rest := [outcome.work.item for outcome in self._stream.close() if _settle(outcome)]:
                self.on_items_done(rest)

    def _carry(self, items: Sequence[Item]) -> None:
        for outcome in self._stream.by_group(self._decoded(items)):
            item = outcome.work.item
            if outcome.error is not None and self._is_put_off(item, outcome.error):
                continue
            if not _settle(outcome):
                outcome.result()  # raises the error that ends the job
            self.on_items_done([item])

    def _is_put_off(self, item: Item, error: BaseException) -> bool:
        """Put an item off if memory ran out while other items had a part of it; it is tried again alone at the end."""
        if self._is_alone or not is_out_of_memory(error):
            return False
        self._put_off.append(item)
        return True

    def _decoded(self, items: Iterable[Item]) -> Iterator[Work]:
        """Decode ahead, in order, while there is room; items that need no translation are finished here."""
        ahead: deque[Future[tuple[Item, Work | None]]] = deque()
        for item in items:
            ahead.append(self._decoders.submit(self._decode, item))
            while self._enough(ahead):
                yield from self._decoded_next(ahead)
        while ahead:
            yield from self._decoded_next(ahead)

    def _enough(self, ahead: Sequence[Future[tuple[Item, Work | None]]]) -> bool:
        """Return whether to decode no further; not more images of unknown size are begun than keep the threads busy."""
        finished = [future.result()[1] for future in ahead if future.done()]
        held = sum(work.bytes for work in finished if work is not None)
        are_busy = len(ahead) - len(finished) > self.settings.codecs
        return are_busy or len(ahead) >= stream.PENDING or held > stream.MEMORY // 4

    def _decoded_next(self, ahead: deque[Future[tuple[Item, Work | None]]]) -> Iterator[Work]:
        self._stream.heed_stop()
        item, work = ahead.popleft().result()
        if work is not None:
            yield work
        elif item.status != "planned":
            self.on_items_done([item])

    def _decode(self, item: Item) -> tuple[Item, Work | None]:
        started, data = perf_counter(), b""
        try:
            before = stamp_of(item)
            data = read(item)
            if stamp_of(item) != before:
                raise ImageError(f"{item.address or item.source}: it was changed while it was read; run again")
            source_sha256 = digest(data)
            given = self.settings.conditions.of(item)
            if self.journal is not None and self.journal.done(item, given.made_of(source_sha256)):
                item.status, item.reason = "skipped", "done already"
                return item, None
            image = decode_image(data, printable(item.address or item.source), self.settings.compute.max_pixels)
            check_room(image.pixels, self.executor.traits)
            picture = Picture.enter(image.pixels, self.executor.traits, self._filters())
            _ = given.rows  # decodes them here, and not in the thread that fills the batches
            return item, Work(item, image, picture, source_sha256, before, given)
        except BaseException as error:
            if ends_job(error):
                raise
            if not self._is_put_off(item, error):
                fail(item, error, needed(data, self.executor.traits) if is_out_of_memory(error) else 0)
            return item, None
        finally:
            item.seconds += perf_counter() - started

    def _filters(self) -> Passage:
        return self.settings.filters.start(self.executor.device.place)

    def _encode(self, work: Work, result: Pixels) -> str:
        """Write the target; return a message if the source was changed meanwhile, or else an empty text."""
        started, item, output = perf_counter(), work.item, self.settings.output
        try:
            image = Image(work.picture.leave(result), work.image.metadata, work.image.notes)
            encoded = encode_image(image, item.target.suffix, output.quality, output.ground)
            item.notes = (*work.image.notes, *work.given.notes, *encoded.notes)
            item.notes += self.executor.notes(*work.picture.entering.shape[:2])
            if self.journal is not None:
                self.journal.record(item, work.given.made_of(work.source_sha256), digest(encoded.data))
            Place.of(item, self.journal, overwrite=output.overwrite).write(encoded.data)
            is_same = is_unchanged(item, work.stamp, work.source_sha256)
            return "" if is_same else f"{printable(item.address or item.source)}: {_CHANGED}"
        finally:
            item.seconds += perf_counter() - started


def _settle(outcome: Outcome[Work, str]) -> bool:
    """Record how one item ended; return False where it did not, since its error ends the job."""
    item, error = outcome.work.item, outcome.error
    item.seconds += outcome.seconds
    if error is None:
        item.status, item.reason = ("damaged", outcome.value) if outcome.value else ("done", "")
    elif outcome.is_lost_alone:
        fail(item, error, needed(outcome.work.image.pixels, outcome.work.picture.traits))
    else:
        item.reason = error_text(error)
        return False
    return True
