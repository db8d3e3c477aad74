"""While digits are loaded: a worker is all ears, and a load ends with whoever waits for it."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from asking import Answers, ask

from nn.data.dataset import DataError, Progress
from nn.events import EpochDone, RunFinished, RunStarted
from nn.hyperparameters import Hyperparameters
from tui.engine import making_ready
from tui.engine.commands import Command, Pause, Resume, Set, Stop
from tui.engine.facts import Fact, MistakesChanged, Paused, Preparing, Resumed, Stopped, TakenUp
from tui.engine.loading import Loading
from tui.engine.run_directory import RunDirectory
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]


FactsOf = Callable[[RunDirectory], list[Fact]]


StepsOf = Callable[[RunDirectory], np.ndarray]


def preparing(worker: Worker, after: dict[int, Command]) -> Callable[..., Any]:
    """A loading of the digits that is asked things on its way."""
    really_load = making_ready.load_split

    def load(h: Hyperparameters, data_dir: str, progress: Progress, **more: str) -> Any:
        for done in range(10):
            if done in after:
                ask(worker, after[done])
            progress("Reading \x1b[2J", done, 10)
        return really_load(h, data_dir, **more)

    return load


def test_stop_while_the_digits_are_loaded(make_run: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()
    worker = Worker(run)
    monkeypatch.setattr(making_ready, "load_split", preparing(worker, {4: Stop()}))
    facts = [entry.fact for entry in worker.run()]
    assert facts[-1] == Stopped(0, 0, "me")
    assert {type(fact) for fact in facts[:-1]} <= {Preparing}
    assert not run.is_live()


def test_pause_while_the_digits_are_loaded(
    make_run: Make, monkeypatch: pytest.MonkeyPatch, steps_of: StepsOf
) -> None:
    run = make_run()
    worker = Worker(run)
    asked = {3: Pause(), 5: Set("learning_rate", 1)}
    monkeypatch.setattr(making_ready, "load_split", preparing(worker, asked))
    facts = []
    for entry in worker.run():
        facts.append(entry.fact)
        if isinstance(entry.fact, RunStarted):
            ask(worker, Stop())
    assert Preparing("Reading ?[2J", 0, 10) in facts
    assert Paused(0, "me") in facts
    assert facts[-1] == Stopped(0, 0, "me")
    assert len(steps_of(run)) == 0
    assert sum(isinstance(fact, Preparing) for fact in facts) < 5, "ten lines in a millisecond"


def test_a_run_was_away_until_its_digits_were_loaded_anew(
    make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(epochs=2, batch_size=100)
    for entry in (first := Worker(run)).run():
        if isinstance(entry.fact, EpochDone):
            first.stop("me")
    for path in (run.journal, run.steps):
        os.utime(path, (0, 0))
    worker = Worker(run)
    monkeypatch.setattr(making_ready, "load_split", preparing(worker, {}))
    facts = [entry.fact for entry in worker.run()]
    (taken_up,) = (fact for fact in facts if isinstance(fact, TakenUp))
    assert isinstance(facts[0], Preparing), "it tells of the loading, and in the same journal"
    assert taken_up.away > 3600


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A download that hangs without a word, until the event is set."""
    really_load = making_ready.load_split
    answers = threading.Event()

    def load(h: Hyperparameters, data_dir: str, progress: Progress, **more: str) -> Any:
        progress("Downloading", 0, 10)
        assert answers.wait(30)
        progress("Downloading", 10, 10)
        return really_load(h, data_dir, **more)

    monkeypatch.setattr(making_ready, "load_split", load)
    yield answers
    answers.set()


@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize("how", ["a request", "a signal"])
def test_stop_while_a_download_hangs(how: str, make_run: Make, facts_of: FactsOf) -> None:
    run = make_run()
    worker = Worker(run)
    facts = []
    for entry in worker.run():
        facts.append(entry.fact)
        if isinstance(entry.fact, Preparing):
            ask(worker, Stop()) if how == "a request" else worker.stop("me")
    assert facts == [Preparing("Downloading", 0, 10), Stopped(0, 0, "me")]
    assert facts_of(run) == facts
    assert not run.is_live()


def test_what_is_asked_while_a_download_hangs(
    mirror: threading.Event, make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making_ready, "PROGRESS_EVERY", math.inf)
    worker = Worker(make_run(epochs=1, batch_size=100))
    replies: list[Answers] = []
    facts: list[Fact] = []
    for entry in worker.run():
        facts.append(entry.fact)
        match entry.fact:
            case Preparing():
                replies = [ask(worker, Set("learning_rate", 1)), ask(worker, Pause())]
            case Paused():
                assert "still being loaded" in (replies[0].sentence or "")
                mirror.set()
            case RunStarted():
                ask(worker, Resume())
    kinds = [type(fact) for fact in facts]
    ending = [EpochDone, MistakesChanged, RunFinished]
    assert kinds == [Preparing, Paused, RunStarted, Resumed, *ending]


def test_a_load_that_nobody_waits_for_ends_at_its_next_word(wait_for: Callable[..., None]) -> None:
    left, done = threading.Event(), []

    def work(progress: Progress) -> None:
        left.wait(20)
        progress("Downloading", 1, 2)
        done.append("the rest")

    with Loading(work):
        (thread,) = [t for t in threading.enumerate() if t.name == "loading"]
    left.set()
    wait_for(lambda: not thread.is_alive(), "its end")
    assert not done


def test_what_goes_wrong_in_a_load_is_raised_where_it_is_waited_for() -> None:
    wrong = DataError("The files are damaged.")

    def work(_: Progress) -> None:
        raise wrong

    with Loading(work) as loading:
        while loading.lasts:
            assert loading.look(20) is None
        with pytest.raises(DataError) as raised:
            loading.result()
    assert raised.value is wrong
