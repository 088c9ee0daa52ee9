"""The stages of a job beside each other: decode, network, encode, each in threads of its own, with bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from img2img.errors import ItemError, Stopped, TranslationError
from img2img.host.host import PluginHost
from img2img.inference.executor import Executor
from img2img.inference.filtering import NO_FILTERS, Chain
from img2img.inference.picture import Picture
from img2img.media import Image, decode_image, encode_image, printable, read_file, write_file
from img2img.media.video import VideoOptions
from img2img.translation.journal import Journal, digest
from img2img.translation.report import Item

if TYPE_CHECKING:
    from img2img.media import Pixels

MEMORY = 1 << 30
"""Bytes of pixels that may be between two stages; a single image may be larger."""
PENDING = 64
"""Images of differing sizes that may wait for others of their size."""
STOPPED = "stopped; what is done stays, and the same command goes on from there"


@dataclass
class Work:
    """One item on its way."""

    item: Item
    image: Image
    picture: Picture
    source_sha256: str

    @property
    def bytes(self) -> int:
        return self.image.pixels.nbytes + self.picture.bytes


@dataclass(frozen=True)
class Settings:
    """What of a job's options its stages need."""

    conditions: dict[str, Tensor]
    """One row each, without the batch dimension."""
    quality: int | None
    max_pixels: int
    workers: int
    """Batches in the network at once."""
    codecs: int
    """Threads that decode images, and as many that encode."""
    video: VideoOptions = field(default_factory=VideoOptions)
    """What is asked of clips."""
    host: PluginHost = field(default_factory=PluginHost)
    """Who reads and writes what the core does not."""
    digest: str = ""
    """Of all that decides what a target of some name looks like."""
    overwrite: bool = False
    filters: Chain = NO_FILTERS
    """What each image and each clip goes through before and after the network."""


class Pipeline:
    """Carries items through decode, network and encode.

    Args:
        executor: Runs the network.
        settings: What to do.
        journal: Tells what is done already and notes what gets done; None for a single file.
        ended: Called, in the thread that calls `run`, with items that came to their end.
        stop: Asked between items; True ends the run.
    """

    def __init__(
        self,
        executor: Executor,
        settings: Settings,
        journal: Journal | None,
        ended: Callable[[Sequence[Item]], None],
        stop: Callable[[], bool],
    ) -> None:
        self.executor, self.settings, self.journal, self.ended, self.stop = executor, settings, journal, ended, stop
        self._decoders = ThreadPoolExecutor(settings.codecs, "decode")
        self._networks = ThreadPoolExecutor(settings.workers + 1, "batch")
        self._encoders = ThreadPoolExecutor(settings.codecs, "encode")
        self._outcomes: SimpleQueue[tuple[Work, BaseException | None]] = SimpleQueue()
        self._in_flight: dict[int, int] = {}
        self._pending = max(PENDING, executor.asked_batch_size)

    def run(self, items: Iterable[Item]) -> None:
        """Carry items to their end; their `status` tells which.

        Raises:
            FatalError: A target cannot be written; items that had not come to their end stay `planned`.
            Stopped: `stop` said so.
        """
        try:
            for batch in self._batches(self._decoded(items)):
                self._wait_for_room(batch)
                self._in_flight |= {id(work): work.bytes for work in batch}
                self._networks.submit(self._translate, batch)
            while self._in_flight:
                self._collect()
        finally:
            self.executor.close()
            for pool in (self._decoders, self._networks, self._encoders):
                pool.shutdown(cancel_futures=True)
            self._collect_rest()

    def _decoded(self, items: Iterable[Item]) -> Iterator[Work]:
        """Decode ahead, in order, while there is room; items that need no translation end here."""
        ahead: deque[Future[tuple[Item, Work | None]]] = deque()
        for item in items:
            ahead.append(self._decoders.submit(self._decode, item))
            while self._enough(ahead):
                yield from self._decoded_next(ahead)
        while ahead:
            yield from self._decoded_next(ahead)

    def _enough(self, ahead: Sequence[Future[tuple[Item, Work | None]]]) -> bool:
        """Whether to decode no further; images whose size is not known yet are no more than keep the threads busy."""
        finished = [future.result()[1] for future in ahead if future.done()]
        held = sum(work.bytes for work in finished if work is not None)
        return len(ahead) - len(finished) > self.settings.codecs or len(ahead) >= PENDING or held > MEMORY // 4

    def _decoded_next(self, ahead: deque[Future[tuple[Item, Work | None]]]) -> Iterator[Work]:
        if self.stop():
            raise Stopped(STOPPED)
        item, work = ahead.popleft().result()
        if work is None:
            self.ended([item])
        else:
            yield work

    def _decode(self, item: Item) -> tuple[Item, Work | None]:
        started = perf_counter()
        try:
            data = read_file(item.source)
            source_sha256 = digest(data)
            if self.journal is not None and self.journal.done(item, source_sha256):
                item.status, item.reason = "skipped", "done already"
                return item, None
            image = decode_image(data, printable(item.source), self.settings.max_pixels)
            picture = Picture.enter(image.pixels, self.executor.traits, self.settings.filters.start())
            return item, Work(item, image, picture, source_sha256)
        except (ItemError, MemoryError) as error:
            item.status, item.reason = "failed", _reason(item, error)
            return item, None
        finally:
            item.seconds += perf_counter() - started

    def _batches(self, works: Iterable[Work]) -> Iterator[list[Work]]:
        """Put images of equal size and type together; whichever has waited longest goes first when many wait."""
        groups: dict[object, list[Work]] = {}
        for work in works:
            key = (work.picture.entering.shape, work.picture.entering.dtype)
            group = groups.setdefault(key, [])
            group.append(work)
            if len(group) >= self._batch_size(work):
                yield groups.pop(key)
            waiting = [one for other in groups.values() for one in other]
            if len(waiting) >= self._pending or sum(one.bytes for one in waiting) > MEMORY // 4:
                yield groups.pop(next(iter(groups)))
        yield from groups.values()

    def _batch_size(self, work: Work) -> int:
        return min(self._pending, self.executor.batch_size(*work.picture.entering.shape[:2]))

    def _wait_for_room(self, batch: list[Work]) -> None:
        """Wait until the network and the encoders have little enough before them."""
        scale = self.executor.translator.traits.scale
        coming = int(sum(work.bytes for work in batch) * (1 + scale * scale))
        most = (2 * self.settings.workers + 2) * len(batch)
        while self._in_flight and (len(self._in_flight) > most or self._bytes_in_flight() + coming > MEMORY):
            self._collect()

    def _bytes_in_flight(self) -> int:
        scale = self.executor.translator.traits.scale
        return int(sum(self._in_flight.values()) * (1 + scale * scale))

    def _collect(self) -> None:
        """Wait for one item to come to its end; an error that is not the item's own ends the job."""
        while not self.stop():
            try:
                work, error = self._outcomes.get(timeout=0.2)
            except Empty:
                continue
            if self._settle(work, error):
                self.ended([work.item])
                return
            assert error is not None
            raise error
        raise Stopped(STOPPED)

    def _collect_rest(self) -> None:
        """Settle what was finished while the stages came to rest."""
        ended = []
        while not self._outcomes.empty():
            work, error = self._outcomes.get()
            if self._settle(work, error):
                ended.append(work.item)
        if ended:
            self.ended(ended)

    def _settle(self, work: Work, error: BaseException | None) -> bool:
        """Note what became of one item; False where it has not come to its end."""
        del self._in_flight[id(work)]
        if isinstance(error, CancelledError):
            return False
        work.item.reason = _reason(work.item, error) if error else ""
        if error is not None and not isinstance(error, (ItemError, MemoryError)):
            return False
        work.item.status = "failed" if error else "done"
        return True

    def _translate(self, batch: list[Work]) -> None:
        """The network stage: a batch that fails is tried image by image, so that only the guilty one is lost."""
        started = perf_counter()
        try:
            results: Sequence[Pixels | BaseException] = list(self._run(batch))
        except (TranslationError, MemoryError) as error:
            results = [error] if len(batch) == 1 else [self._run_alone(work) for work in batch]
        except BaseException as error:
            results = [error] * len(batch)
        share = (perf_counter() - started) / len(batch)
        for work, result in zip(batch, results, strict=True):
            work.item.seconds += share
            if isinstance(result, BaseException):
                self._outcomes.put((work, result))
            else:
                self._hand_over(work, result)

    def _run(self, batch: list[Work]) -> Pixels:
        conditions = {name: row.expand(len(batch), *row.shape) for name, row in self.settings.conditions.items()}
        return self.executor.run(np.stack([work.picture.entering for work in batch]), conditions)

    def _run_alone(self, work: Work) -> Pixels | BaseException:
        try:
            return self._run([work])[0]
        except BaseException as error:
            return error

    def _hand_over(self, work: Work, result: Pixels) -> None:
        try:
            self._encoders.submit(self._encode, work, result)
        except RuntimeError:  # the encoders are shut: the job is being stopped
            self._outcomes.put((work, CancelledError()))

    def _encode(self, work: Work, result: Pixels) -> None:
        started = perf_counter()
        item, error = work.item, None
        try:
            image = Image(work.picture.leave(result), work.image.metadata, work.image.notes)
            encoded = encode_image(image, item.target.suffix, self.settings.quality)
            item.notes = (*work.image.notes, *encoded.notes)
            if self.journal is not None:
                self.journal.record(item, work.source_sha256, digest(encoded.data))
            write_file(item.target, encoded.data)
        except BaseException as raised:
            error = raised
        item.seconds += perf_counter() - started
        self._outcomes.put((work, error))


def _reason(item: Item, error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return f"{printable(item.source)}: it does not fit the memory ({error}); translate it on another machine"
    return f"{printable(item.source)}: {error}" if isinstance(error, TranslationError) else str(error)
