"""Put down and taken up again, a run is bit for bit the run that was never interrupted."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from training_runs import MakeSplit, everything, plain, square, told, untimed, whole_state

from nn.archive import ArchiveError
from nn.checkpoint import load, restore, save
from nn.data import Split
from nn.events import Diverged, EpochDone, Event, RunFinished, RunStarted, StepDone
from nn.hyperparameters import Hyperparameters
from nn.optimizers import OPTIMIZERS
from nn.schedules import SCHEDULES
from nn.state import capture
from nn.trainer import Trainer

Script = Mapping[int, Mapping[str, object]]
N_EVENTS = 1 + 3 * (5 + 1) + 1
"""RunStarted, three epochs of five steps each, RunFinished, unless patience runs out before."""

NO_CHANGES: Script = {}
CHANGES: Script = {
    2: {"dropout": 0.5, "learning_rate": 0.02, "augmentation": 2},
    5: {"ema_decay": 0, "clip_norm": 0.1},
    7: {"ema_decay": 0.8, "label_smoothing": 0, "augmentation": 0},
    9: {"weight_decay": 0.1},
    12: {"dropout": 0, "augmentation": 1},
}


@pytest.fixture(scope="module")
def digits(make_split: MakeSplit) -> Split:
    return square(make_split(90, 40))


def going_on(trainer: Trainer, script: Script) -> Iterator[Event]:
    """The trainer's events; after the steps that the script names, knobs are turned."""
    for event in trainer.run():
        if isinstance(event, StepDone) and event.step in script:
            trainer.set(**script[event.step])
        yield event


def through_a_file(trainer: Trainer, digits: Split) -> Trainer:
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder) / "run.npz", trainer)
        return load(Path(folder) / "run.npz", digits)


_known: dict[str, tuple[list[str], dict[str, object]]] = {}


def uninterrupted(h: Hyperparameters, digits: Split, script: Script) -> tuple[list[str], object]:
    key = f"{h!r} {script!r} {len(digits.test_images)}"
    if key not in _known:
        trainer = Trainer(h, digits)
        _known[key] = [untimed(e) for e in going_on(trainer, script)], whole_state(trainer)
    return _known[key]


def check_interrupted(
    h: Hyperparameters, digits: Split, stops: list[int], script: Script = NO_CHANGES
) -> None:
    """After each of `stops`, so many events later, the run is put into a file and taken out."""
    events, end = uninterrupted(h, digits, script)
    trainer, found = Trainer(h, digits), []
    for count in stops:
        run = going_on(trainer, script)
        found += [untimed(event) for event in itertools.islice(run, count)]
        before = whole_state(trainer)
        trainer = through_a_file(trainer, digits)
        assert whole_state(trainer) == before
    found += [untimed(event) for event in going_on(trainer, script)]
    # A run put down before its first step says once more that it starts, one that was put down
    # after its last that it has finished.
    assert [e for i, e in enumerate(found) if i == 0 or e != found[i - 1]] == events
    assert whole_state(trainer) == end


every_combination = pytest.mark.parametrize(
    ("optimizer", "schedule"), list(itertools.product(OPTIMIZERS, SCHEDULES))
)


@every_combination
@settings(deadline=None, max_examples=5)
@given(stops=st.lists(st.integers(0, N_EVENTS), min_size=1, max_size=2))
def test_with_everything_on_any_stop_changes_nothing(
    optimizer: str, schedule: str, stops: list[int], digits: Split
) -> None:
    h = everything(optimizer=optimizer, schedule=schedule)
    check_interrupted(h, digits, stops)


@pytest.mark.parametrize("count", range(N_EVENTS + 1))
def test_every_stop_there_is(count: int, digits: Split) -> None:
    """Before the first step, after each, between an epoch's last step and its test, at the end."""
    check_interrupted(everything(), digits, [count])
    check_interrupted(everything(optimizer="momentum"), digits, [count], CHANGES)


@settings(deadline=None, max_examples=25)
@given(
    stops=st.lists(st.integers(0, N_EVENTS), min_size=1, max_size=4),
    given=st.fixed_dictionaries(
        {},
        optional={
            "normalization": st.just("none"),
            "skip": st.just("none"),
            "dropout": st.just(0),
            "ema_decay": st.just(0),
            "keep": st.just("last"),
            "patience": st.sampled_from([0, 1]),
            "augmentation": st.just(0),
            "batch_size": st.sampled_from([1, 5, 71, 72]),
            "learning_rate": st.sampled_from([0.5, 0.0001]),
            "hidden": st.sampled_from(["", "4", "5,5,5"]),
        },
    ),
)
@example(stops=[1, 1, 1, 1], given={})
def test_with_any_of_it_off_any_stop_changes_nothing(
    stops: list[int], given: dict[str, object], digits: Split
) -> None:
    check_interrupted(everything(**given), digits, stops)


@settings(deadline=None, max_examples=15)
@given(
    stops=st.lists(st.integers(0, N_EVENTS), min_size=1, max_size=3),
    script=st.dictionaries(st.integers(1, 15), st.sampled_from(list(CHANGES.values())), max_size=4),
)
def test_with_knobs_turned_before_and_after(
    stops: list[int], script: Script, digits: Split
) -> None:
    check_interrupted(everything(), digits, stops, script)


def test_a_plain_run_and_one_without_a_test_set(make_split: MakeSplit) -> None:
    for n_test in (40, 0):
        for stop in (0, 1, 4, 7, 8, 21):
            check_interrupted(plain(), make_split(90, n_test), [stop])


def test_stopped_early_stays_stopped(digits: Split) -> None:
    h = everything(patience=1, epochs=60, learning_rate=3)
    trainer = Trainer(h, digits)
    *_, last = trainer.run()
    assert isinstance(last, RunFinished)
    assert last.stopped_early
    again = through_a_file(trainer, digits)
    assert told(again) == [untimed(last)]
    assert again.history == trainer.history
    assert again.history[-1].epoch == last.epochs < 60


def test_one_that_diverged_diverges_again(digits: Split) -> None:
    trainer = Trainer(plain(), digits)
    run = trainer.run()
    next(run)
    next(run)
    trainer.network.parameters[:] = 3e38
    last = list(run)[-1]
    assert isinstance(last, Diverged)
    assert told(through_a_file(trainer, digits)) == [untimed(last)]
    # Where there are no numbers left, there is nothing to go on with.
    trainer.network.parameters[0] = np.nan
    with pytest.raises(ArchiveError, match="not finite"):
        through_a_file(trainer, digits)


def test_in_memory_and_the_state_is_independent_of_the_trainer_it_made(digits: Split) -> None:
    events, end = uninterrupted(everything(), digits, NO_CHANGES)
    trainer = Trainer(everything(), digits)
    run = trainer.run()
    begun = [untimed(e) for e in itertools.islice(run, 10)]
    state = capture(trainer)
    first, second = restore(state, digits), restore(state, digits)
    for one in (first, second):
        assert begun + told(one) == events
        assert whole_state(one) == end
    # The one it was taken from has not moved meanwhile.
    assert begun + [untimed(e) for e in run] == events


def test_saving_on_the_way_changes_nothing(digits: Split, tmp_path: Path) -> None:
    events, end = uninterrupted(everything(), digits, NO_CHANGES)
    trainer, found = Trainer(everything(), digits), []
    for event in trainer.run():
        found.append(untimed(event))
        save(tmp_path / "run.npz", trainer)
    assert found == events
    assert whole_state(trainer) == end
    # The same state makes the same bytes.
    first = (tmp_path / "run.npz").read_bytes()
    save(tmp_path / "run.npz", load(tmp_path / "run.npz", digits))
    assert (tmp_path / "run.npz").read_bytes() == first


def test_clocks_and_history_go_on(digits: Split) -> None:
    trainer = Trainer(plain(validation=0.2), digits)
    run = trainer.run()
    done = [e for e in itertools.islice(run, 9) if isinstance(e, EpochDone)]
    again = through_a_file(trainer, digits)
    assert again.history == done == trainer.history
    assert (again.seconds, again.training_seconds) == (trainer.seconds, trainer.training_seconds)
    assert again.epoch_began == trainer.epoch_began
    *_, last = again.run()
    assert isinstance(last, RunFinished)
    assert last.seconds > trainer.seconds
    assert [e.epoch for e in again.history] == [1, 2, 3]
    assert all(e.seconds > 0 and e.samples_per_second > 0 for e in again.history)


def test_a_knob_may_be_turned_before_the_first_step_of_the_second_life(digits: Split) -> None:
    for change in ({"augmentation": 3}, {"augmentation": 0}, {"ema_decay": 0}, {"dropout": 0}):
        alive = Trainer(everything(), digits)
        run = alive.run()
        list(itertools.islice(run, 4))
        again = through_a_file(alive, digits)
        for trainer in (alive, again):
            trainer.set(**change)
        assert told(again) == [untimed(e) for e in run]


def test_a_new_trainer_from_a_file_begins_at_the_beginning(digits: Split) -> None:
    again = through_a_file(Trainer(everything(), digits), digits)
    assert isinstance(next(again.run()), RunStarted)
