"""How many BLAS threads a run computes with.

Threads share a matrix product between cores. A large one is done sooner; for a small one, waiting
for each other costs more than is gained, and on cores that others are using it costs a hundred
times more. So where nobody named a number, it is measured on a scratch network like the run's own.

The number changes the order in which sums are rounded, and so the bits of a run. Hence small steps
are never measured: they take one thread on every machine, and the same seed means the same bits on
all that share a kernel. A measured number is kept in config.toml, for whoever goes on with the run.
"""

from __future__ import annotations

import functools
import itertools
import os
import statistics
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import numpy as np

from nn.hyperparameters import Hyperparameters
from nn.losses import SoftmaxCrossEntropy
from nn.network import Network
from nn.optimizers import OPTIMIZERS

SMALL = 200e6
"""Floating-point operations of a step that is not worth a second thread: with 60 to 150 million two
threads were 1.0 to 1.2 times as fast as one (AVX2, 3.5 GHz), with 200 million 0.8 to 1.3 times, and
from 230 million on 1.3 to 1.8 times."""

ENOUGH = 1e9
"""Floating-point operations of a step that shows what threads are good for; larger ones are
measured on a smaller network."""

LARGEST_LAYER = 4_000_000
"""Numbers in a layer's output that a measurement may take: 16 MB."""

CLEARLY = 1.2
"""More threads are taken where they are so many times as fast as fewer."""

SLOW = 0.5
"""The share of its best speed below which a run has its threads measured again."""

PATIENCE = 0.25
"""Seconds that a measurement may take, about."""

WINDOW = 1.0
"""Seconds of training that are needed to speak of a speed."""


class Threads:
    """The number of BLAS threads of one run, and whether it is still the right one.

    `number` is 0 until it is known, `times_as_fast` how a step with so many compares to one with a
    single thread; 0 where it was not measured.
    """

    def __init__(self, asked: int, chosen: int = 0) -> None:
        """`asked` for by a person, or 0; then `chosen` when the run began, or 0."""
        self.number = asked or chosen
        self.times_as_fast = 0.0
        self._automatic = not asked
        self._speed = Speed()
        self.apply()

    def apply(self) -> None:
        """Have BLAS compute so, also what has been imported since the last time."""
        limit_blas(self.number or 1)

    def measure(self, sizes: Sequence[int], h: Hyperparameters) -> Iterator[None]:
        """Settle on a number for steps of these layer sizes. Yields between two scratch steps, so
        that whoever waits can listen, or leave off."""
        most = usable_cores()
        chosen, self.times_as_fast = 1, 0.0
        if most > 1 and work(sizes, h.batch_size) >= SMALL:
            step = scratch_step(*shrunk(sizes, h.batch_size), h)
            chosen, self.times_as_fast = yield from fastest(step, numbers(most))
        self.number = chosen
        self.apply()

    def slowed(self, digits: int, digits_per_second: float) -> bool:
        """Whether an epoch's speed says that what was measured no longer holds."""
        if not self._automatic or self.number <= 1:
            return False
        return self._speed.fell(digits, digits / digits_per_second)


class Speed:
    """The best speed so far, and whether the latest is far below it."""

    def __init__(self) -> None:
        self._best = 0.0
        self._digits, self._seconds = 0, 0.0

    def fell(self, digits: int, seconds: float) -> bool:
        """Take in an epoch. Epochs that are too short to tell are looked at together; after a fall
        everything begins anew."""
        self._digits += digits
        self._seconds += seconds
        if self._seconds < WINDOW:
            return False
        speed = self._digits / self._seconds
        self._digits, self._seconds = 0, 0.0
        fell = speed < SLOW * self._best
        self._best = 0.0 if fell else max(speed, self._best)
        return fell


def fastest(
    step: Callable[[], object],
    numbers: Sequence[int],
    limit: Callable[[int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Generator[None, None, tuple[int, float]]:
    """The number of threads to take, and how many times as fast as the first of `numbers` it is.

    Each number is up against the next larger one, in turns, twice; the first that does not clearly
    win ends it, so that a machine that is busy is not asked for ever more. What counts is the
    smaller number's best step and the larger one's median: threads that wait for a core that is
    taken are slow now and then, which is what makes them slow.
    """
    limit = limit or limit_blas
    patience = PATIENCE / (4 * max(1, len(numbers) - 1))
    chosen, times_as_fast = numbers[0], 1.0
    for fewer, more in itertools.pairwise(numbers):
        with_fewer: list[float] = []
        with_more: list[float] = []
        for _ in range(2):
            for number, times in ((fewer, with_fewer), (more, with_more)):
                limit(number)
                times += yield from _timed(step, patience, clock)
            gain = min(with_fewer) / statistics.median(with_more)
            if gain < CLEARLY:
                return chosen, times_as_fast
        chosen, times_as_fast = more, times_as_fast * gain
    return chosen, times_as_fast


def _timed(
    step: Callable[[], object], patience: float, clock: Callable[[], float]
) -> Generator[None, None, list[float]]:
    """Seconds of steps taken for so long. The first one, which may have to start threads, counts
    only where there is time for no other."""
    times: list[float] = []
    while not times or sum(times) < patience:
        began = clock()
        step()
        times.append(clock() - began)
        yield
    return times[1:] or times


def scratch_step(sizes: Sequence[int], rows: int, h: Hyperparameters) -> Callable[[], None]:
    """A step as the trainer takes it, with a network, digits and chances of its own."""
    rng = np.random.default_rng(0)
    network = Network.build(
        sizes,
        h.activation,
        rng,
        initializer=h.initializer,
        normalization=h.normalization,
        skip=h.skip,
        dropout_rng=rng,
    )
    network.set_dropout(h.dropout)
    loss = SoftmaxCrossEntropy(sizes[-1])
    optimizer = OPTIMIZERS[h.optimizer](network.parameters, h.momentum, 0.0, network.n_decayed)
    x = rng.random((rows, sizes[0]), dtype=np.float32)
    labels = rng.integers(0, sizes[-1], rows)

    @np.errstate(all="ignore")
    def step() -> None:
        loss.forward(network.forward(x, training=True), labels)
        network.backward(loss.backward())
        np.dot(network.gradients, network.gradients)
        # At a rate of 0, since it is to go nowhere, however often it is repeated.
        optimizer.step(network.parameters, network.gradients, 0.0)

    return step


def work(sizes: Sequence[int], rows: int) -> float:
    """Floating-point operations in the matrix products of a step.

    Each weight is met three times by each row, going forward, for its own gradient and for that of
    its input, which the first layer needs not; each time it takes a multiplication and an addition.
    """
    weights = [a * b for a, b in itertools.pairwise(sizes)]
    return 2.0 * rows * (3 * sum(weights) - weights[0])


def shrunk(sizes: Sequence[int], rows: int) -> tuple[list[int], int]:
    """Layer sizes and a batch for which a step is quick and small: the largest is halved until they
    are."""
    smaller = [rows, *sizes]
    while work(smaller[1:], smaller[0]) > ENOUGH or smaller[0] * max(smaller[1:]) > LARGEST_LAYER:
        largest = smaller.index(max(smaller))
        smaller[largest] //= 2
    return smaller[1:], smaller[0]


def numbers(most: int) -> list[int]:
    """1, 2, 4, ... and `most`, which is at least 1."""
    doubled = itertools.takewhile(lambda n: n < most, (2**i for i in itertools.count()))
    return [*doubled, most]


def usable_cores() -> int:
    """How many threads may compute at once: cores that this process may use, or fewer if the
    environment (OPENBLAS_NUM_THREADS and the like) says so."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _granted()))


@functools.cache
def _granted() -> int:
    """The number of threads that BLAS itself began with."""
    return max((int(info.get("num_threads", 1)) for info in _blas_libraries()), default=1)


def limit_blas(threads: int) -> None:
    """Have matrix products shared by so many threads, from the next one on."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    _granted()
    threadpool_limits(threads, user_api="blas")


def blas_in_words() -> str:
    """Whose matrix products these are: another kernel rounds differently."""
    found = [
        " ".join(str(info.get(key, "?")) for key in ("internal_api", "version", "architecture"))
        for info in _blas_libraries()
    ]
    return ", ".join(sorted(set(found)))


def _blas_libraries() -> list[dict[str, Any]]:
    from threadpoolctl import threadpool_info

    return [info for info in threadpool_info() if info.get("user_api") == "blas"]
