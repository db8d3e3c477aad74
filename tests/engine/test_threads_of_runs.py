"""What a run makes of the number of BLAS threads: it measures, says, keeps, and measures again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from nn.events import EpochDone, RunFinished, RunStarted
from nn.hyperparameters import Hyperparameters
from tui.engine import threads as threads_module
from tui.engine.commands import Stop
from tui.engine.control import Asked
from tui.engine.facts import Entry, Fact, MistakesChanged, Preparing, Stopped, ThreadsChosen
from tui.engine.log_lines import words
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.state import RunState
from tui.engine.threads import (
    SMALL,
    Speed,
    work,
)
from tui.engine.worker import Worker
from tui.headless import JsonLines

Make = Callable[..., RunDirectory]


FactsOf = Callable[[RunDirectory], list[Fact]]


StepsOf = Callable[[RunDirectory], np.ndarray]


LARGE = {"hidden": (512, 512), "batch_size": 128}


"""A network on the small digits, whose steps are worth measuring."""


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
