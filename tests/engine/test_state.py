"""What a screen knows of a run, from a stream of news; bounded, and unmoved by damaged files."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.checks import SLOWEST_PACE
from nn.events import Diverged, EpochDone, HyperparameterChanged, RunFinished, RunStarted
from nn.hyperparameters import Hyperparameters, Value
from tui.engine.facts import Entry, Fact, Failed, Paused, Preparing, Resumed, Stopped
from tui.engine.run_status import LIVE
from tui.engine.state import LONGEST_LOG, LogBook, RunState
from tui.engine.tail import STEP, Died, StepsRecorded, Waiting

STARTED = RunStarted((64, 32, 10), 2410, 1000, 360, 10, 100, 2.3, 0.1)
FINISHED = RunFinished(10, 1000, 0.1, 0.2, 0.95, 5.0, 20_000.0)


def epoch_done(epoch: int, **changes: Any) -> EpochDone:
    values = {
        "epoch": epoch, "step": 100 * epoch, "train_loss": 0.5, "test_loss": 1 / epoch,
        "test_accuracy": 0.5 + epoch / 100, "learning_rate": 0.05, "seconds": 0.4,
        "samples_per_second": 20_000.0,
    }  # fmt: skip
    return EpochDone(**values | changes)


def steps(first: int, count: int, loss: float = 1.0, each: float = 0.01) -> StepsRecorded:
    records = np.zeros(count, STEP)
    records["step"] = np.arange(first, first + count)
    records["seconds"] = records["step"] * each
    records["loss"] = loss
    return StepsRecorded(records)


def state_after(*news: Fact | StepsRecorded | Died, **values: Any) -> RunState:
    state = RunState("a run", Hyperparameters(**values))
    for item in news:
        state.apply(item if isinstance(item, (StepsRecorded, Died)) else Entry(1e9, item))
    return state


@pytest.mark.parametrize(
    ("news", "phase"),
    [
        ([], "preparing"),
        ([Preparing("Reading", 1, 2)], "preparing"),
        ([STARTED], "running"),
        ([STARTED, Paused(3, "")], "paused"),
        ([STARTED, Paused(3, ""), Resumed(3, "", "run")], "running"),
        ([STARTED, Paused(3, ""), epoch_done(1)], "paused"),
        ([Paused(0, "me"), Preparing("Reading", 2, 2)], "preparing"),
        ([Paused(0, "me"), Preparing("Reading", 2, 2), STARTED], "paused"),
        ([Paused(0, "me"), Resumed(0, "me", "run"), Preparing("Reading", 2, 2)], "preparing"),
        ([Paused(0, "me"), Resumed(0, "me", "run"), STARTED], "running"),
        ([STARTED, FINISHED], "finished"),
        ([STARTED, Paused(9, ""), Stopped(9, 0, "me")], "stopped"),
        ([STARTED, Diverged(9, 1, math.nan, 1.0)], "diverged"),
        ([Failed("No data.", "dataset")], "failed"),
        ([STARTED, Died("")], "died"),
        ([Died("ValueError: x")], "died"),
    ],
)
def test_the_phase_follows_the_news(news: list[Any], phase: str) -> None:
    status = state_after(*news).status
    assert status.phase == phase
    assert status.live == (phase in LIVE)


def test_a_status_tells_where_the_run_stands() -> None:
    state = state_after(STARTED, steps(1, 250), epoch_done(1), epoch_done(2))
    status = state.status
    assert (status.step, status.steps, status.epoch, status.epochs) == (250, 1000, 2, 10)
    assert status.progress == 0.25
    assert status.test_accuracy == pytest.approx(0.52)
    assert status.samples_per_second == 20_000
    assert status.seconds_left == round(750 * 0.01)
    assert status.run_name == "a run"


def test_the_time_left_minds_the_pace() -> None:
    assert state_after(STARTED, steps(1, 200), pace=4).status.seconds_left == 800 / 4
    assert state_after(STARTED, steps(1, 200), pace=4000).status.seconds_left == 800 * 0.01
    changed = HyperparameterChanged("pace", 4.0, 8.0, 200)
    assert state_after(STARTED, steps(1, 200), changed, pace=4).status.seconds_left == 800 / 8
    assert state_after(STARTED, steps(1, 200), Paused(200, "")).status.seconds_left == 8
    for without in (state_after(STARTED), state_after(STARTED, steps(1, 1000), FINISHED)):
        assert without.status.seconds_left is None
    long = dataclasses.replace(STARTED, epochs=10_000)
    assert state_after(long, steps(1, 2), pace=SLOWEST_PACE).status.seconds_left is None


def test_a_failure_names_its_field_and_a_death_its_last_words() -> None:
    status = state_after(Failed("No \x1b[2J data.", "data\x1b set")).status
    assert (status.sentence, status.field) == ("No ?[2J data.", "data? set")
    state = state_after(STARTED, steps(1, 120), epoch_done(1), Died("ValueError: \x1b" + "x" * 999))
    assert state.status.sentence.startswith("The worker died at epoch 2, step 120. Its last words")
    assert state.status.sentence.isprintable()
    assert len(state.status.sentence) < 300
    assert " ".join(list(state.book.lines)[-2:]) == state.status.sentence


def test_a_live_knob_is_known_and_nonsense_is_not() -> None:
    def knobs(name: str, new: Value) -> Hyperparameters:
        return state_after(STARTED, HyperparameterChanged(name, 0.0, new, 1)).hyperparameters

    assert knobs("learning_rate", 0.5).learning_rate == 0.5
    for name, new in (("pace", "fast"), ("pace", -1.0), ("colour", 1), ("hidden", (0,))):
        assert knobs(name, new) == Hyperparameters()


def test_a_view_is_a_new_object_exactly_when_it_changed() -> None:
    state = state_after(STARTED, steps(1, 10))
    before = (state.status, state.history, state.book)
    state.apply(steps(11, 1))
    assert state.status is not before[0]
    assert state.history is not before[1]
    assert state.history.revision == before[1].revision + 1
    assert state.book is before[2]
    before = (state.status, state.history, state.book)
    state.apply(Entry(1e9, Paused(11, "")))
    assert state.history is before[1]
    assert state.book is not before[2]
    state.apply(Entry(1e9, Preparing("x", 1, 2)))
    assert state.book.total == before[2].total + 1, "progress is no line of the log"


def test_the_losses_are_kept_by_step() -> None:
    state = state_after(STARTED, steps(1, 150, loss=3.0), epoch_done(1), epoch_done(2))
    assert (len(state.history.train), state.history.train.last_x) == (150, 150)
    test = state.history.test
    assert (len(test), test.first_x, test.last_x, test.last) == (3, 0, 200, 0.5)


def test_a_million_steps_take_no_more_room_than_a_few_thousand() -> None:
    state = state_after(STARTED)
    for first in range(1, 1_000_000, 20_000):
        state.apply(steps(first, 20_000, loss=9.0 if first == 460_001 else 1.0))
        for epoch in range(1, 300):
            state.apply(Entry(1e9, epoch_done(epoch, step=first)))
    assert len(state.history.train) == 1_000_000
    assert state.history.train.buckets <= state.history.train.capacity
    assert state.history.test.buckets <= state.history.test.capacity
    columns = state.history.train.columns(80)
    assert (columns.low.min(), columns.high.max()) == (1.0, 9.0)
    assert len(state.book.lines) == LONGEST_LOG
    assert state.book.total == 50 * 299 + 1


def test_a_log_hands_out_what_is_new_to_a_reader() -> None:
    state = state_after()
    seen = state.book.total
    assert state.book.since(seen) == []
    for number in range(7):
        state.say(f"line {number}")
    assert state.book.since(seen) == [f"line {number}" for number in range(7)]
    assert state.book.since(seen + 5) == ["line 5", "line 6"]
    assert state.book.since(99) == []
    for number in range(LONGEST_LOG + 10):
        state.say(str(number))
    assert len(state.book.since(0)) == LONGEST_LOG, "what is no longer kept cannot be had"
    assert state.book.since(state.book.total - 1) == [str(LONGEST_LOG + 9)]
    assert LogBook(state.book.lines, 3).since(5) == []


@pytest.mark.parametrize(
    "damage",
    [
        steps(50, 10),
        steps(2**63 - 5, 20),
        steps(200, 10, loss=math.nan),
        steps(200, 10, loss=math.inf),
        steps(200, 10, each=math.nan),
        steps(200, 10, each=math.inf),
        steps(200, 10, each=-math.inf),
        StepsRecorded(steps(200, 10).records[::-1].copy()),
        StepsRecorded(steps(200, 10).records[[0, 0, 5, 5, 2]].copy()),
        epoch_done(1, step=1),
        epoch_done(1, step=-5),
        epoch_done(2**62, step=2**63 - 1),
        epoch_done(1, test_loss=math.inf, train_loss=math.nan),
        STARTED,
        RunStarted((), -1, -1, -1, 2**62, 2**62, math.nan, math.inf),
        RunStarted((), 0, 0, 0, -1, -1, 0.0, 0.0),
        Preparing("\x1b[2J", 5, -1),
    ],
    ids=range(17),
)
def test_damaged_files_do_not_end_the_story(damage: Any) -> None:
    state = state_after(STARTED, steps(1, 100), epoch_done(1), damage)
    state.apply(steps(300, 10))
    state.apply(Entry(1e9, Stopped(309, 3, "me")))
    assert state.status.phase == "stopped"
    assert all(line.isprintable() for line in state.book.lines)
    xs = state.history.train.columns(50).x
    assert (np.diff(xs) > 0).all()


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.floats(), st.floats(width=32))))
def test_no_records_whatever_raise(values: list[tuple[int, float, float]]) -> None:
    records = np.zeros(len(values), STEP)
    for record, (step, seconds, loss) in zip(records, values, strict=True):
        record["step"], record["seconds"], record["loss"] = step, seconds, loss
    state = state_after(STARTED, StepsRecorded(records), epoch_done(1), StepsRecorded(records))
    assert state.status.phase == "running"


@pytest.mark.parametrize(
    ("news", "held"),
    [
        ([], False),
        ([Preparing("Reading", 1, 2), Paused(0, "me")], True),
        ([Paused(0, "me"), Preparing("Reading", 2, 2)], True),
        ([Paused(0, "me"), STARTED], True),
        ([Paused(0, "me"), Preparing("Reading", 2, 2), Resumed(0, "me", "run")], False),
        ([STARTED, Paused(3, "")], True),
        ([STARTED, Paused(3, ""), Resumed(3, "", "step")], False),
        ([STARTED, Paused(3, ""), Stopped(3, 0, "me")], False),
        ([STARTED, Paused(3, ""), Died("")], False),
        ([Paused(0, "me"), Failed("No data.", "dataset")], False),
    ],
)
def test_a_run_is_held_between_a_pause_and_what_ends_it(news: list[Any], held: bool) -> None:
    assert state_after(*news).status.held == held


@pytest.mark.parametrize("ending", [Stopped(0, 0, "me"), FINISHED])
def test_an_ending_leaves_no_stale_sentence(ending: Fact) -> None:
    assert state_after(Preparing("Downloading mnist", 0, 10), ending).status.sentence == ""


def test_a_run_that_waits_says_why_until_it_is_over() -> None:
    state = RunState("run", Hyperparameters())
    state.apply(Entry(1.0, STARTED))
    state.apply(Waiting("Training waits: No space left\x1b[2J."))
    assert state.status.sentence == "Training waits: No space left?[2J."
    before = state.status
    state.apply(Waiting("Training waits: No space left\x1b[2J."))
    assert state.status is before
    state.apply(Waiting(""))
    assert state.status.sentence == ""
