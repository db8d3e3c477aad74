"""Items made ahead by threads: in order, the same bits, never too many, and no thread left over."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.augment import Amounts, Augmenter
from nn.prefetch import Prefetcher, batch_rng

THREADS = [0, 1, 2, 4]
Produce = Callable[[str, int, list[int]], str]


def named(job: str, number: int, slot: list[int]) -> str:
    slot[0] = number
    return f"{job}{number}"


def prefetcher(
    produce: Produce = named, threads: int = 2, ahead: int = 3
) -> Prefetcher[str, list[int], str]:
    return Prefetcher(lambda: produce, lambda: [-1], threads, ahead)


def all_ended(threads: list[threading.Thread]) -> bool:
    for thread in threads:
        thread.join(5)
    return not any(thread.is_alive() for thread in threads)


def ours() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("prefetch-")]


@pytest.mark.parametrize("threads", THREADS)
def test_in_order_whoever_is_ready_first(threads: int) -> None:
    def later_ones_sooner(job: str, number: int, slot: list[int]) -> str:
        time.sleep(0.004 * (3 - number % 4))
        return named(job, number, slot)

    with prefetcher(later_ones_sooner, threads) as items:
        items.restart("a", 5, 25)
        assert list(items) == [f"a{i}" for i in range(5, 25)]
        assert list(items) == []


@settings(deadline=None, max_examples=60)
@given(
    threads=st.integers(0, 4),
    ahead=st.integers(1, 5),
    jobs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 12)), max_size=6),
)
def test_any_sequence_of_restarts(
    threads: int, ahead: int, jobs: list[tuple[int, int, int]]
) -> None:
    """Whatever was asked for, and dropped, before: first, first + 1, ... of the newest job."""
    with prefetcher(threads=threads, ahead=ahead) as items:
        assert list(items) == []
        for letter, (first, length, taken) in zip("abcdef", jobs, strict=False):
            items.restart(letter, first, first + length)
            found = [item for item, _ in zip(items, range(taken), strict=False)]
            assert found == [f"{letter}{first + i}" for i in range(min(length, taken))]


@pytest.mark.parametrize("threads", THREADS)
def test_an_item_stays_until_the_next_is_asked_for(threads: int) -> None:
    def fill(job: float, number: int, slot: np.ndarray) -> np.ndarray:
        slot.fill(job + number)
        return slot[:50]

    with Prefetcher(lambda: fill, lambda: np.empty(100), threads, ahead=2) as items:
        for job in (0.0, 1000.0):
            items.restart(job, 0, 40)
            for i in range(20):
                item = next(items)
                time.sleep(0.001)
                np.testing.assert_array_equal(item, np.full(50, job + i))
            items.restart(-1.0, 0, 40)
            time.sleep(0.002)
            np.testing.assert_array_equal(item, np.full(50, job + 19))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_never_more_than_the_slots(threads: int) -> None:
    """Nor fewer: all slots but the one handed out are filled without being asked for."""
    made: list[str] = []

    def note(job: str, number: int, slot: list[int]) -> str:
        made.append(f"{job}{number}")
        return named(job, number, slot)

    def made_in_the_end(job: str, n: int) -> bool:
        deadline = time.monotonic() + 5
        while len(made) < n and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.003)
        return sorted(made) == sorted(f"{job}{i}" for i in range(n))

    with prefetcher(note, threads, ahead=3) as items:
        items.restart("a", 0, 1000)
        for taken in range(1, 20):
            next(items)
            assert made_in_the_end("a", taken + 3)
        made.clear()
        items.restart("b", 0, 1000)
        assert made_in_the_end("b", 3)


def test_without_threads_nothing_is_made_ahead_nor_elsewhere() -> None:
    made = []

    def note(job: str, number: int, slot: list[int]) -> str:
        made.append((number, threading.current_thread()))
        return named(job, number, slot)

    with prefetcher(note, threads=0) as items:
        items.restart("a", 0, 10)
        assert made == []
        assert next(items) == "a0"
        assert next(items) == "a1"
        assert made == [(0, threading.main_thread()), (1, threading.main_thread())]


def test_threads_work_at_the_same_time() -> None:
    """Two producers that wait for each other: with one thread this could not end."""
    meeting = threading.Barrier(2, timeout=10)

    def meet(job: str, number: int, slot: list[int]) -> str:
        meeting.wait()
        return named(job, number, slot)

    with prefetcher(meet, threads=2) as items:
        items.restart("a", 0, 6)
        assert len(list(items)) == 6


@pytest.mark.parametrize("threads", THREADS)
def test_an_error_comes_at_its_turn_and_may_pass(threads: int) -> None:
    broken = threading.Event()
    broken.set()

    def fail(job: str, number: int, slot: list[int]) -> str:
        if number == 2 and broken.is_set():
            raise OSError("no third")
        return named(job, number, slot)

    with prefetcher(fail, threads) as items:
        items.restart("a", 0, 5)
        assert [next(items), next(items)] == ["a0", "a1"]
        with pytest.raises(OSError, match="no third"):
            next(items)
        broken.clear()
        found = []
        while len(found) < 3:  # The second attempt may have been made before `clear`.
            try:
                found.append(next(items))
            except OSError:
                continue
        assert found == ["a2", "a3", "a4"]
        broken.set()
        items.restart("b", 2, 5)
        with pytest.raises(OSError, match="no third"):
            next(items)
        items.restart("c", 3, 5)
        assert list(items) == ["c3", "c4"]


@pytest.mark.parametrize("threads", THREADS)
def test_a_stray_stop_iteration_is_not_the_end(threads: int) -> None:
    def stop(_job: str, _number: int, _slot: list[int]) -> str:
        raise StopIteration

    with prefetcher(stop, threads) as items:
        items.restart("a", 0, 5)
        with pytest.raises(RuntimeError, match="StopIteration"):
            list(items)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_restart_and_close_in_the_midst_of_making(threads: int) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def wait(job: str, number: int, slot: list[int]) -> str:
        if job == "slow":
            begun.release()
            assert go_on.wait(10)
        return named(job, number, slot)

    # So many slots that some are free for every thread while others are lent or in the making.
    items = prefetcher(wait, threads, ahead=3 * threads)
    for _ in range(3):
        go_on.clear()
        items.restart("slow", 0, 100)
        for _ in range(threads):
            assert begun.acquire(timeout=10)
        items.restart("quick", 0, 100)
        go_on.set()
        assert [next(items), next(items)] == ["quick0", "quick1"]
        while begun.acquire(blocking=False):
            pass
    items.restart("slow", 0, 100)
    workers = items._threads
    items.close()
    assert not any(thread.is_alive() for thread in workers)
    items.close()
    with pytest.raises(RuntimeError, match="closed"):
        next(items)
    with pytest.raises(RuntimeError, match="closed"):
        items.restart("a", 0, 1)


def test_leaving_by_an_error_ends_the_threads() -> None:
    with pytest.raises(KeyboardInterrupt), prefetcher() as items:  # noqa: PT012
        items.restart("a", 0, 100)
        assert len(ours()) >= 2
        raise KeyboardInterrupt
    assert not any(thread.is_alive() for thread in items._threads)


@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_forgotten_is_ended(in_a_cycle: bool) -> None:
    items = prefetcher(threads=3)
    items.restart("a", 0, 100)
    next(items)
    workers, gone = items._threads, weakref.ref(items)
    if in_a_cycle:
        items.itself = items  # type: ignore[attr-defined]
    del items
    gc.collect()
    assert gone() is None
    assert all_ended(workers)


def test_a_waiting_thread_keeps_no_job_alive() -> None:
    class Heavy:
        pass

    with Prefetcher(lambda: lambda _j, n, _s: n, lambda: None, threads=2) as items:
        job = Heavy()
        gone = weakref.ref(job)
        items.restart(job, 0, 20)
        assert list(items) == list(range(20))
        del job
        items.restart(Heavy(), 0, 0)
        assert gone() is None


@pytest.mark.parametrize("ending", ["pass", "next(items)", "raise SystemExit", "del items"])
def test_the_interpreter_can_end_at_any_time(ending: str) -> None:
    script = (
        "from nn.prefetch import Prefetcher\n"
        "import numpy as np\n"
        "def produce(job, number, slot):\n"
        "    np.sqrt(slot, out=slot)\n"
        "    return slot\n"
        "items = Prefetcher(lambda: produce, lambda: np.ones(500_000), threads=3)\n"
        f"items.restart(None, 0, 10**6)\n{ending}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("threads", "ahead"), [(-1, 2), (1, 0)])
def test_what_makes_no_sense_is_refused(threads: int, ahead: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        prefetcher(threads=threads, ahead=ahead)


def augmented_run(images: np.ndarray, threads: int, start: int = 0) -> list[np.ndarray]:
    """Two epochs of augmented batches, the strength changed before batch 7, begun at `start`."""
    size, per_epoch, found = 32, 10, []
    permutation = np.random.default_rng(1).permutation(len(images))
    mild, strong = (Amounts(1, 10, 0.1, 0.1, 0.5).times(k) for k in (1, 2))

    def producer() -> Callable[[tuple[int, Amounts], int, np.ndarray], np.ndarray]:
        augment = Augmenter((8, 8), 16, size)

        def produce(job: tuple[int, Amounts], batch: int, slot: np.ndarray) -> np.ndarray:
            rows = images[permutation[batch * size : (batch + 1) * size]]
            augment(rows, job[1], batch_rng(3, job[0], batch), out=slot)
            return slot

        return produce

    def new_slot() -> np.ndarray:
        return np.empty((size, 64), np.float32)

    with Prefetcher(producer, new_slot, threads) as batches:
        for epoch in (0, 1):
            batches.restart((epoch, mild), start, per_epoch)
            found += [next(batches).copy() for _ in range(start, 7)]
            batches.restart((epoch, strong), 7, per_epoch)
            found += [x.copy() for x in batches]
    return found


def test_the_same_bits_whatever_the_number_of_threads() -> None:
    images = np.random.default_rng(0).integers(0, 17, (320, 64), dtype=np.uint8)
    expected = augmented_run(images, 0)
    assert len({x.tobytes() for x in expected}) == 20
    for threads in (1, 2, 4):
        np.testing.assert_array_equal(augmented_run(images, threads), expected)
    resumed = augmented_run(images, 2, start=4)
    np.testing.assert_array_equal(resumed, expected[4:10] + expected[14:])


@given(*[st.integers(0, 2**32 - 1)] * 3)
def test_a_batch_has_numbers_of_its_own(seed: int, epoch: int, batch: int) -> None:
    numbers = batch_rng(seed, epoch, batch).random(4).tolist()
    assert batch_rng(seed, epoch, batch).random(4).tolist() == numbers
    others = [
        batch_rng(seed + 1, epoch, batch),
        batch_rng(seed, epoch + 1, batch),
        batch_rng(seed, epoch, batch + 1),
        np.random.default_rng(seed),
        np.random.default_rng([seed, epoch, batch]),
        np.random.default_rng(seed).spawn(1)[0],
    ]
    if epoch != batch:
        others.append(batch_rng(seed, batch, epoch))
    assert numbers not in [other.random(4).tolist() for other in others]
