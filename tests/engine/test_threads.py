"""How many BLAS threads: by the arithmetic, and by a made-up clock."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.hyperparameters import Hyperparameters
from nn.optimizers import OPTIMIZERS
from nn.presets import PRESETS, resolve
from tui.engine import threads as threads_module
from tui.engine.threads import (
    ENOUGH,
    LARGEST_LAYER,
    PATIENCE,
    WINDOW,
    Speed,
    Threads,
    fastest,
    numbers,
    scratch_step,
    shrunk,
    usable_cores,
    work,
)


class Machine:
    """A clock that only steps move, each by what its number of threads takes; with one thread a
    step slips now and then, and the first after a change of number has more threads to `start`."""

    def __init__(
        self, seconds: dict[int, float], slips: Sequence[float] = (0,), start: float = 0
    ) -> None:
        self.now = 0.0
        self.steps: list[int] = []
        self._seconds = seconds
        self._slips = itertools.cycle(slips)
        self._threads = 0
        self._start = start

    def limit(self, threads: int) -> None:
        self._threads = threads
        self.now += 0.001
        self._starting = self._start * (threads > 1)

    def step(self) -> None:
        self.steps.append(self._threads)
        slip = next(self._slips) if self._threads == 1 else 0
        self.now += self._seconds[self._threads] + slip + self._starting
        self._starting = 0

    def choose(self) -> tuple[int, float]:
        choosing = fastest(self.step, list(self._seconds), self.limit, lambda: self.now)
        while True:
            try:
                next(choosing)
            except StopIteration as done:
                chosen: tuple[int, float] = done.value
                return chosen


@pytest.mark.parametrize(
    ("seconds", "expected", "gain"),
    [
        ({1: 0.008, 2: 0.004, 4: 0.002}, 4, 4.0),
        ({1: 0.008, 2: 0.004, 4: 0.0035}, 2, 2.0),
        ({1: 0.008, 2: 0.0075, 4: 0.001}, 1, 1.0),
        ({1: 0.008, 2: 0.3, 4: 0.3}, 1, 1.0),
        ({1: 0.008, 2: 0.004, 4: 0.3}, 2, 2.0),
        ({1: 0.008}, 1, 1.0),
    ],
)
def test_more_threads_only_where_clearly_faster(
    seconds: dict[int, float], expected: int, gain: float
) -> None:
    number, times_as_fast = Machine(seconds).choose()
    assert number == expected
    assert times_as_fast == pytest.approx(gain)


def test_a_busy_machine_is_not_asked_for_ever_more() -> None:
    machine = Machine({1: 0.004, 2: 0.1, 4: 0.5, 8: 2.0, 16: 5.0})
    assert machine.choose() == (1, 1.0)
    assert set(machine.steps) == {1, 2}
    assert machine.now < 0.25


def test_a_slip_now_and_then_does_not_make_one_thread_look_slow() -> None:
    """Three steps in four are disturbed; a smaller number is judged by the one that is not."""
    machine = Machine({1: 0.004, 2: 0.004}, slips=(0.02, 0.03, 0.0, 0.01))
    assert machine.choose() == (1, 1.0)


def test_to_start_threads_does_not_count_against_them() -> None:
    assert Machine({1: 0.04, 2: 0.03}, start=0.02).choose() == (2, pytest.approx(4 / 3))


@given(
    st.lists(st.floats(1e-4, 0.01), min_size=1, max_size=7),
    st.lists(st.floats(0, 0.02), min_size=1, max_size=5),
)
def test_a_measurement_ends_in_time(each: list[float], slips: list[float]) -> None:
    seconds = {2**i: value for i, value in enumerate(each)}
    machine = Machine(seconds, slips)
    number, times_as_fast = machine.choose()
    assert number in seconds
    assert times_as_fast >= 1
    # Every turn is over at the first step after its time.
    turns = 4 * len(seconds)
    assert machine.now <= PATIENCE + turns * (max(each) + max(slips) + 0.001) + 1e-9


def test_the_work_of_a_step() -> None:
    assert work((3, 5), 7) == 2 * 7 * (2 * 15)
    assert work((3, 5, 2), 7) == 2 * 7 * (2 * 15 + 3 * 10)


@pytest.mark.parametrize("preset", ["first-light", "quick", "tutorial"])
def test_small_networks_take_one_thread_without_measuring(
    preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads_module, "usable_cores", lambda: 64)
    monkeypatch.setattr(threads_module, "scratch_step", pytest.fail)
    h = resolve(preset, {})
    threads = Threads(h.threads)
    pixels = 64 if h.dataset == "digits" else 784
    assert list(threads.measure((pixels, *h.hidden, 10), h)) == []
    assert (threads.number, threads.times_as_fast) == (1, 0)


def test_no_preset_names_a_number() -> None:
    assert not any("threads" in values for values in PRESETS.values())


@given(st.lists(st.integers(1, 1_000_000), min_size=2, max_size=18), st.integers(1, 65536))
def test_what_is_measured_is_bounded(sizes: list[int], rows: int) -> None:
    smaller, batch = shrunk(sizes, rows)
    assert len(smaller) == len(sizes)
    assert min(*smaller, batch) >= 1
    assert work(smaller, batch) <= ENOUGH
    assert batch * max(smaller) <= LARGEST_LAYER
    if work(sizes, rows) <= ENOUGH and rows * max(sizes) <= LARGEST_LAYER:
        assert (smaller, batch) == (sizes, rows)


@pytest.mark.parametrize(("most", "expected"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6])])
def test_the_numbers_to_try(most: int, expected: list[int]) -> None:
    assert numbers(most) == expected


def test_no_more_threads_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads_module, "_granted", lambda: 64)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 5, 6}, raising=False)
    assert usable_cores() == 3
    monkeypatch.setattr(threads_module, "_granted", lambda: 2)
    assert usable_cores() == 2


def test_scratch_steps_go_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, numbers stay of the size that they have in a run."""
    taken: list[np.ndarray] = []

    class Watched(OPTIMIZERS["adam"]):  # type: ignore[misc]
        def step(self, parameters: np.ndarray, gradients: np.ndarray, rate: float) -> None:
            assert np.isfinite(gradients).all()
            assert np.abs(gradients).max() > 1e-6
            before = parameters.copy()
            super().step(parameters, gradients, rate)
            taken.append(parameters - before)

    monkeypatch.setattr(threads_module, "OPTIMIZERS", {"adam": Watched})
    h = Hyperparameters(optimizer="adam", normalization="batch_norm", dropout=0.2, skip="residual")
    step = scratch_step((6, 8, 8, 3), 5, h)
    for _ in range(20):
        step()
    assert len(taken) == 20
    assert not np.any(taken)


def test_a_speed_that_halves() -> None:
    speed = Speed()
    assert not speed.fell(100, WINDOW)
    assert not speed.fell(200, WINDOW), "faster"
    assert not speed.fell(101, WINDOW), "a little more than half of the best"
    assert speed.fell(99, WINDOW)
    assert not speed.fell(1, WINDOW), "after a fall there is nothing to compare with"
    assert not speed.fell(1, WINDOW)


def test_short_epochs_are_looked_at_together() -> None:
    speed = Speed()
    assert not any(speed.fell(10, WINDOW / 10) for _ in range(20))
    assert not speed.fell(10, WINDOW / 2), "half a window tells nothing yet"
    assert speed.fell(10, WINDOW)
