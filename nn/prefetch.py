"""What the next steps need, made ahead by other threads, in an order that never varies.

NumPy lets go of the interpreter while it computes, so threads can draw the next batches while the
trainer is busy with this one. Two rules keep the result the same, bit for bit, whatever the number
of threads:

1.  Items have numbers, and each is a pure function of its number and of a job that says all else.
    Random ones take their randomness from `batch_rng`, which makes a generator from (seed, epoch,
    batch): no stream runs from one batch to the next, so a resumed run has no stream to restore.
2.  Items are handed out by number, not by who is ready first.

The augmented batches of an epoch, which one job describes:

    @dataclass(frozen=True)
    class Job:
        epoch: int
        permutation: NDArray[np.intp]
        amounts: Amounts

    def producer() -> Callable[[Job, int, Array], Array]:
        augment = Augmenter(image_shape, pixel_max, most=b)
        def produce(job: Job, batch: int, slot: Array) -> Array:
            rows = images[job.permutation[batch * b : (batch + 1) * b]]
            x = slot[: len(rows)]
            augment(rows, job.amounts, batch_rng(seed, job.epoch, batch), out=x)
            return x
        return produce

    with Prefetcher(producer, lambda: np.empty((b, 784), np.float32), threads=2) as batches:
        for epoch in range(epochs):
            batches.restart(Job(epoch, permutation, amounts), first=0, stop=batches_per_epoch)
            for x in batches:
                ...

and when somebody turns a knob before batch k, `batches.restart(changed_job, k, batches_per_epoch)`.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, Self, TypeVar

import numpy as np

Job = TypeVar("Job")
Slot = TypeVar("Slot")
Item = TypeVar("Item")
T = TypeVar("T")


def batch_rng(seed: int, epoch: int, batch: int) -> np.random.Generator:
    """The generator of this batch's random numbers, all three being 0 or more; some 8 us.

    A spawn key, since a plain list [seed, 0, 0] would mean the same numbers as `seed` alone, those
    that the weights began with.
    """
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(epoch, batch)))
    )


@dataclass
class _Task(Generic[Job, Slot, Item]):
    """One item to make: sent to a thread, and sent back with what came of it."""

    job: Job
    number: int
    slot: Slot
    restarts: int
    """How many there had been when it was sent: one more since, and nobody wants it any longer."""
    item: Item | None = None
    error: BaseException | None = None

    def run(self, produce: Callable[[Job, int, Slot], Item]) -> None:
        try:
            self.item = produce(self.job, self.number, self.slot)
        except BaseException as error:  # The consumer's to handle; this thread has more to do.
            self.error = error


class Prefetcher(Generic[Job, Slot, Item]):
    """An iterator over the items `first`, ..., `stop - 1` of a job, made ahead by other threads.

    Items are made in slots, reusable work space. One belongs to the item that was handed out, which
    is valid until the next is asked for; the others are all that can be made ahead. Without
    threads, an item is made when it is asked for, by whoever asks.

    To send out work and to take it back is the consumer's part, in one thread of its choice, so
    nothing here needs a lock: it meets the others in two queues, and whoever has nothing to do
    sleeps there. The threads know the queues and their producers, not the prefetcher. So if
    `producer` holds no reference to whatever owns the prefetcher, to forget the owner ends the
    threads; `close` ends them at once.
    """

    def __init__(
        self,
        producer: Callable[[], Callable[[Job, int, Slot], Item]],
        new_slot: Callable[[], Slot],
        threads: int = 1,
        ahead: int = 4,
    ) -> None:
        """
        Args:
            producer: makes the function that makes an item from (job, number, slot); called once
                for each thread, so that each has work arrays of its own. The item may be the slot,
                a view of it, or anything else.
            new_slot: makes a slot; called `ahead` + 1 times, or once without threads.
            threads: 0 or more.
            ahead: how many items may be ready or in the making beside the one handed out, from 1.

        Raises:
            ValueError: `threads` or `ahead` is too low.
        """
        if threads < 0 or ahead < 1:
            raise ValueError(f"threads must be at least 0 and ahead 1, not {threads} and {ahead}.")
        self._tasks: SimpleQueue[_Task[Job, Slot, Item] | None] = SimpleQueue()
        self._done: SimpleQueue[_Task[Job, Slot, Item]] = SimpleQueue()
        self._ready: dict[int, _Task[Job, Slot, Item]] = {}
        self._free = [new_slot() for _ in range(ahead + 1 if threads else 1)]
        self._lent: list[Slot] = []  # The one that was handed out, or none.
        self._job: Job  # From the first restart on.
        self._next = self._next_to_send = self._stop = self._restarts = 0

        producers = [producer() for _ in range(max(1, threads))]
        self._produce_here = None if threads else producers[0]
        self._threads = [
            threading.Thread(
                target=_work, args=(p, self._tasks, self._done), name=f"prefetch-{i}", daemon=True
            )
            for i, p in enumerate(producers[:threads])
        ]
        # `put` is safe wherever a finalizer may run, even in the midst of another `put` or `get`.
        self._dismiss = weakref.finalize(self, _dismiss, self._tasks, threads)
        for thread in self._threads:
            thread.start()

    def restart(self, job: Job, first: int, stop: int) -> None:
        """Go on with item `first` of `job`, up to and without `stop`; drop what was made ahead.

        Other threads read the job from now on: it must not change. What they are making when this
        is called is dropped too, when it is done; nobody waits for it.

        Raises:
            RuntimeError: it is closed.
        """
        self._need_open()
        self._drop_all()
        self._restarts += 1
        self._job, self._next, self._next_to_send, self._stop = job, first, first, stop
        self._send()

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        """The next item, when it is ready.

        Raises:
            StopIteration: the one before was the last.
            RuntimeError: it is closed.
            whatever the producer raised for this item; to ask again is to try again.
        """
        self._need_open()
        self._free += self._lent
        self._lent.clear()
        if self._next >= self._stop:
            raise StopIteration
        self._send()
        while self._next not in self._ready:
            self._receive()
        task = self._ready.pop(self._next)
        if task.error is not None:
            error, task.error = task.error, None
            self._tasks.put(task)
            if isinstance(error, StopIteration):  # Here it would pass for the end of the items.
                raise RuntimeError("The producer raised StopIteration.") from error
            raise error
        self._next += 1
        self._lent.append(task.slot)
        return task.item  # type: ignore[return-value]

    def close(self) -> None:
        """End the threads, each with the item it is making, and wait for that; may be repeated."""
        if self._dismiss.alive:
            self._drop_all()
            self._dismiss()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _need_open(self) -> None:
        if not self._dismiss.alive:
            raise RuntimeError("This prefetcher is closed.")

    def _send(self) -> None:
        """Every free slot becomes a task, as long as there are items to make."""
        while self._free and self._next_to_send < self._stop:
            slot = self._free.pop()
            self._tasks.put(_Task(self._job, self._next_to_send, slot, self._restarts))
            self._next_to_send += 1

    def _receive(self) -> None:
        """Wait for one task to be done; one that nobody wants makes room for another."""
        if self._produce_here is not None:
            _do_one(self._produce_here, self._tasks, self._done)
        task = self._done.get()
        if task.restarts == self._restarts:
            self._ready[task.number] = task
        else:
            self._free.append(task.slot)
            self._send()

    def _drop_all(self) -> None:
        """Take back every slot but the one lent and those in the making; `_receive` gets these."""
        dropped = (*self._ready.values(), *_emptied(self._tasks), *_emptied(self._done))
        self._free += [task.slot for task in dropped if task is not None]
        self._ready.clear()


def _do_one(
    produce: Callable[[Job, int, Slot], Item],
    tasks: SimpleQueue[_Task[Job, Slot, Item] | None],
    done: SimpleQueue[_Task[Job, Slot, Item]],
) -> bool:
    """Do the next task when there is one; or stop, if so told."""
    task = tasks.get()
    if task is None:
        return False
    task.run(produce)
    done.put(task)
    return True


def _work(
    produce: Callable[[Job, int, Slot], Item],
    tasks: SimpleQueue[_Task[Job, Slot, Item] | None],
    done: SimpleQueue[_Task[Job, Slot, Item]],
) -> None:
    """The life of a thread, which keeps nothing alive while it sleeps but the producer."""
    while _do_one(produce, tasks, done):
        pass


def _dismiss(tasks: SimpleQueue[_Task[Job, Slot, Item] | None], threads: int) -> None:
    """One for each thread; those who find it stop."""
    for _ in range(threads):
        tasks.put(None)


def _emptied(queue: SimpleQueue[T]) -> Iterator[T]:
    """What is in the queue, taken out of it."""
    with suppress(Empty):
        while True:
            yield queue.get_nowait()
