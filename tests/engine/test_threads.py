"""How many BLAS threads: by the arithmetic, by a made-up clock, and what a run makes of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from nn.events import EpochDone, RunFinished, RunStarted
from nn.hyperparameters import Hyperparameters
from nn.optimizers import OPTIMIZERS
from nn.presets import PRESETS, resolve
from tui.engine import threads as threads_module
from tui.engine.commands import Stop
from tui.engine.control import Asked
from tui.engine.facts import Entry, Fact, MistakesChanged, Preparing, Stopped, ThreadsChosen
from tui.engine.log_lines import words
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.state import RunState
from tui.engine.threads import (
    ENOUGH,
    LARGEST_LAYER,
    PATIENCE,
    SMALL,
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
from tui.engine.worker import Worker
from tui.headless import JsonLines

Make = Callable[..., RunDirectory]
FactsOf = Callable[[RunDirectory], list[Fact]]
StepsOf = Callable[[RunDirectory], np.ndarray]

LARGE = {"hidden": (512, 512), "batch_size": 128}
"""A network on the small digits, whose steps are worth measuring."""


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


def blas_threads() -> set[int]:
    return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, float]]]:
    """Four cores, and what measurements on them will say, one after the other."""
    says: list[tuple[int, float]] = []

    def answer(*_: object) -> Iterator[None]:
        yield
        return says.pop(0)  # type: ignore[return-value]

    monkeypatch.setattr(threads_module, "usable_cores", lambda: 4)
    monkeypatch.setattr(threads_module, "fastest", answer)
    yield says
    threads_module.limit_blas(1)


def kinds(facts: list[Fact]) -> list[type]:
    return [type(fact) for fact in facts if not isinstance(fact, Preparing)]


def test_a_run_says_and_keeps_what_it_chose(
    make_run: Make, facts_of: FactsOf, measured: list[tuple[int, float]]
) -> None:
    measured.append((2, 1.8))
    run = make_run(epochs=1, **LARGE)
    for entry in Worker(run).run():
        if isinstance(entry.fact, RunStarted):
            assert blas_threads() == {2}
            assert run.read_config().threads_chosen == 2
    facts = facts_of(run)
    assert kinds(facts) == [ThreadsChosen, RunStarted, EpochDone, MistakesChanged, RunFinished]
    (chosen,) = (fact for fact in facts if isinstance(fact, ThreadsChosen))
    assert chosen == ThreadsChosen(2, 0, 0, 1.8)
    assert run.read_config().hyperparameters.threads == 0, "what was asked for"


@pytest.mark.parametrize("asked", [0, 3])
def test_a_number_that_is_known_is_not_measured(
    asked: int, make_run: Make, measured: list[tuple[int, float]]
) -> None:
    """As when it was asked for, or when a run that chose it goes on."""
    run = make_run(epochs=1, threads=asked, **LARGE)
    if not asked:
        run.write_config(run.read_config().model_copy(update={"threads_chosen": 3}))
    facts = [entry.fact for entry in Worker(run).run()]
    assert kinds(facts) == [RunStarted, EpochDone, MistakesChanged, RunFinished]
    assert blas_threads() == {3}
    assert run.read_config().threads_chosen == 3
    assert not measured


def test_measuring_leaves_the_run_s_chances_alone(make_run: Make, steps_of: StepsOf) -> None:
    values = {"epochs": 1, "seed": 3, "dropout": 0.2, "hidden": (1024, 1024), "batch_size": 64}
    named, measured = make_run(threads=1, **values), make_run(**values)
    sizes = (64, 1024, 1024, 10)
    assert work(sizes, 64) >= SMALL
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        # Really measured, but one thread it is, or the bits would differ for another reason.
        context.setattr(threads_module, "usable_cores", lambda: 2)
        context.setattr(threads_module, "CLEARLY", float("inf"))
        list(Worker(measured).run())
    list(Worker(named).run())
    assert measured.read_config().threads_chosen == 1
    for column in ("loss", "gradient_norm"):
        assert steps_of(measured)[column].tobytes() == steps_of(named)[column].tobytes()
    assert measured.predictions.read_bytes() == named.predictions.read_bytes()


def test_stop_while_threads_are_measured(
    make_run: Make, facts_of: FactsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(**LARGE)
    worker = Worker(run)

    def endless(*_: object) -> Iterator[None]:
        worker._control.queue.put(Asked(Stop(), "me", None))
        while True:
            yield

    monkeypatch.setattr(threads_module, "usable_cores", lambda: 4)
    monkeypatch.setattr(threads_module, "fastest", endless)
    list(worker.run())
    assert facts_of(run)[-1] == Stopped(0, 0, "me")


@pytest.fixture
def slow_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each second epoch is told to be far slower than the one before."""
    falls = itertools.cycle((False, True))
    monkeypatch.setattr(Speed, "fell", lambda *_: next(falls))


@pytest.mark.usefixtures("slow_after_the_first")
def test_a_run_that_slows_down_measures_again(
    make_run: Make, facts_of: FactsOf, measured: list[tuple[int, float]]
) -> None:
    measured += [(2, 1.9), (2, 1.8), (1, 1.0)]
    run = make_run(epochs=8, **LARGE)
    list(Worker(run).run())
    chosen = [fact for fact in facts_of(run) if isinstance(fact, ThreadsChosen)]
    per_epoch = -(-1437 // 128)
    assert chosen == [ThreadsChosen(2, 0, 0, 1.9), ThreadsChosen(1, 2, 4 * per_epoch, 1.0)]
    assert run.read_config().threads_chosen == 1
    assert blas_threads() == {1}
    assert not measured, "the same number again is no news; one thread is never measured again"


@pytest.mark.usefixtures("slow_after_the_first")
@pytest.mark.parametrize("exempt", [{"pace": 1e6}, {"threads": 2}, {"epochs": 2}])
def test_some_runs_do_not_measure_again(
    exempt: dict[str, float], make_run: Make, measured: list[tuple[int, float]]
) -> None:
    """A pace, a number that somebody named, and the end of the run."""
    measured.append((2, 1.5))
    (*_, last) = Worker(make_run(**{"epochs": 4, **LARGE, **exempt})).run()
    assert isinstance(last.fact, RunFinished), last
    assert len(measured) == ("threads" in exempt)


@pytest.mark.parametrize("wild", [-1, 257])
def test_a_config_that_asks_for_a_wild_number_is_refused(wild: int, make_run: Make) -> None:
    run = make_run()
    text = run.config_file.read_text()
    assert "threads_chosen = 0" in text
    run.config_file.write_text(text.replace("threads_chosen = 0", f"threads_chosen = {wild}"))
    with pytest.raises(RunError, match="threads_chosen"):
        run.read_config()


def test_a_choice_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    JsonLines("a run").show(Entry(1e9, ThreadsChosen(4, 0, 0, 2.5)))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "event": "threads_chosen", "threads": 4, "before": 0, "step": 0, "times_as_fast": 2.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (ThreadsChosen(4, 0, 0, 2.345), "4 BLAS threads: 2.3 times as fast as 1 here"),
        (ThreadsChosen(1, 0, 0, 1.0), "1 BLAS thread: more are not clearly faster here"),
        (ThreadsChosen(1, 4, 1234, 1.0), "BLAS threads 4 -> 1 at step 1,234: it had become slow"),
    ],
)
def test_a_choice_in_words(fact: ThreadsChosen, expected: str) -> None:
    assert words(fact) == expected
    state = RunState("a run", Hyperparameters())
    state.apply(Entry(1e9, fact))
    assert expected in state.book.lines[0]
    assert state.status.phase == "preparing"
