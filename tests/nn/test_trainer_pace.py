"""Same seed, same bits: wherever a run was stopped on its way, and whatever looked at it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.data import Split
from nn.events import Event, RunStarted
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.optimizers import OPTIMIZERS
from nn.presets import resolve
from nn.trainer import Trainer

MakeSplit = Callable[..., Split]
TIMINGS = {"seconds": 0.0, "samples_per_second": 0.0}
every_optimiser = pytest.mark.parametrize("optimizer", OPTIMIZERS)


def recipe(**given: object) -> Hyperparameters:
    return resolve(
        "first-light",
        {
            "hidden": "9,7",
            "batch_size": 16,
            "epochs": 3,
            "seed": 5,
            "schedule": "one_cycle",
            "optimizer": "adam",
            "learning_rate": 0.01,
            **given,
        },
    )


def untimed(event: Event) -> Event:
    """The event without its timings, the only part that may differ between two equal runs."""
    names = {field.name for field in dataclasses.fields(event)}
    return dataclasses.replace(event, **{k: v for k, v in TIMINGS.items() if k in names})


def bits(trainer: Trainer) -> bytes:
    assert trainer.evaluation is not None
    return trainer.network.parameters.tobytes() + trainer.evaluation.probabilities.tobytes()


def straight_through(h: Hyperparameters, digits: Split) -> tuple[list[Event], bytes]:
    trainer = Trainer(h, digits)
    events = [untimed(event) for event in trainer.run()]
    return events, bits(trainer)


@every_optimiser
def test_same_seed_same_bits(make_split: MakeSplit, optimizer: str) -> None:
    h = recipe(optimizer=optimizer)
    assert straight_through(h, make_split()) == straight_through(h, make_split())


def test_another_seed_is_another_run(make_split: MakeSplit) -> None:
    events, end = straight_through(recipe(), make_split())
    other_events, other_end = straight_through(recipe(seed=6), make_split())
    assert end != other_end
    # From the first figure on: the network is drawn anew, not only the order of the digits.
    assert events[0] != other_events[0]


def test_another_trainer_in_between_changes_nothing(make_split: MakeSplit) -> None:
    expected = straight_through(recipe(), make_split())
    trainer, other = Trainer(recipe(), make_split()), Trainer(recipe(seed=9), make_split())
    np.random.seed(0)  # the global generator is nobody's business here
    events = []
    others = other.run()
    for event in trainer.run():
        events.append(untimed(event))
        np.random.random()
        next(others, None)
    assert (events, bits(trainer)) == expected


@every_optimiser
@settings(deadline=None, max_examples=40)
@given(stops=st.lists(st.integers(0, 24), max_size=6), close=st.booleans())
def test_stopping_anywhere_and_going_on_gives_the_run_that_never_stopped(
    make_split: MakeSplit, optimizer: str, stops: list[int], close: bool
) -> None:
    h = recipe(optimizer=optimizer)
    expected, end = straight_through(h, make_split())
    trainer = Trainer(h, make_split())
    events: list[Event] = []
    abandoned = []
    for count in stops:
        run = trainer.run()
        for _, event in zip(range(count), run, strict=False):
            events.append(untimed(event))
        if close:
            run.close()  # type: ignore[attr-defined]
        abandoned.append(run)
    events.extend(untimed(event) for event in trainer.run())
    # A run that was stopped before its first step says once more that it starts, one that was
    # stopped after its last that it has finished.
    said_once = [e for i, e in enumerate(events) if i == 0 or e != events[i - 1]]
    assert said_once == expected
    assert bits(trainer) == end


@settings(deadline=None, max_examples=20)
@given(step=st.integers(0, 17))
def test_looking_on_the_way_changes_nothing(make_split: MakeSplit, step: int) -> None:
    expected, end = straight_through(recipe(), make_split())
    trainer = Trainer(recipe(), make_split())
    events = []
    for event in trainer.run():
        events.append(untimed(event))
        if trainer.step == step:
            # What a screen might do between two events, with batches of sizes of its own.
            for n in (1, 3, 16, 40):
                trainer.network.predict_probabilities(np.ones((n, 16), np.float32))
            assert trainer.learning_rate > 0 or step == 18
    assert events == expected
    assert bits(trainer) == end


def test_the_learning_rate_changes_between_two_steps_and_keeps_the_schedule(
    make_split: MakeSplit,
) -> None:
    h = recipe(schedule="cosine", learning_rate=0.08)
    usual = [e.learning_rate for e in Trainer(h, make_split()).run() if hasattr(e, "gradient_norm")]
    trainer = Trainer(h, make_split())
    rates = []
    for event in trainer.run():
        if hasattr(event, "gradient_norm"):
            rates.append(event.learning_rate)
            if event.step == 7:
                (change,) = trainer.set(learning_rate="0.02")
                assert (change.name, change.old, change.new) == ("learning_rate", 0.08, 0.02)
                assert change.step == 7
    assert rates[:7] == usual[:7]
    np.testing.assert_allclose(rates[7:], np.array(usual[7:]) / 4, rtol=1e-12)


def test_a_change_makes_another_run_from_there_on_only(make_split: MakeSplit) -> None:
    h = recipe(schedule="constant")
    expected, end = straight_through(h, make_split())
    trainer = Trainer(h, make_split())
    events = []
    for event in trainer.run():
        events.append(untimed(event))
        if trainer.step == 9:
            trainer.set(learning_rate=0.001)
    same = [a == b for a, b in zip(events, expected, strict=True)]
    # RunStarted, 6 steps, EpochDone, 3 steps; the 10th step's own learning rate is already new.
    assert same[:11] == [True] * 11
    assert not any(same[11:])
    assert bits(trainer) != end


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adam", "adamw"])
def test_momentum_changes_what_the_optimiser_does(make_split: MakeSplit, optimizer: str) -> None:
    h = recipe(optimizer=optimizer)
    _, end = straight_through(h, make_split())
    trainer = Trainer(h, make_split())
    for event in trainer.run():
        if hasattr(event, "gradient_norm") and event.step == 9:
            (change,) = trainer.set(momentum=0.5)
            assert (change.name, change.old, change.new, change.step) == ("momentum", 0.9, 0.5, 9)
            assert trainer.optimizer.momentum == 0.5
    assert trainer.hyperparameters.momentum == 0.5
    assert bits(trainer) != end


def test_a_change_to_what_already_is_changes_nothing(make_split: MakeSplit) -> None:
    expected, end = straight_through(recipe(), make_split())
    trainer = Trainer(recipe(), make_split())
    events = []
    for event in trainer.run():
        events.append(untimed(event))
        assert trainer.set(learning_rate=0.01, momentum="0.9") == []
    assert (events, bits(trainer)) == (expected, end)


@pytest.mark.parametrize(
    ("changes", "name", "sentence"),
    [
        ({"batch_size": 8}, "batch_size", "Batch size cannot change while a run goes on"),
        ({"seed": 1}, "seed", "Seed cannot change while a run goes on"),
        ({"colour": 3}, "colour", "There is no hyperparameter 'colour'"),
        ({"learning_rate": "nan"}, "learning_rate", "Learning rate must be a finite number"),
        ({"learning_rate": float("inf")}, "learning_rate", "Learning rate must be"),
        ({"learning_rate": 0}, "learning_rate", "Learning rate must be greater than 0"),
        ({"learning_rate": "fast"}, "learning_rate", "Learning rate must be a number"),
        ({"momentum": 1}, "momentum", "Momentum must be less than 1"),
        ({"momentum": None}, "momentum", "Momentum"),
        ({"learning_rate": 0.5, "momentum": -1}, "momentum", "Momentum must be at least 0"),
        ({"learning_rate": 0.5, "hidden": "3"}, "hidden", "Hidden layers cannot change"),
    ],
)
def test_what_cannot_be_set_is_refused_and_nothing_has_changed(
    make_split: MakeSplit, changes: dict[str, object], name: str, sentence: str
) -> None:
    expected, end = straight_through(recipe(), make_split())
    trainer = Trainer(recipe(), make_split())
    events = []
    for event in trainer.run():
        events.append(untimed(event))
        with pytest.raises(HyperparameterError) as caught:
            trainer.set(**changes)
        assert caught.value.name == name
        assert str(caught.value).startswith(sentence)
    assert trainer.hyperparameters == recipe()
    assert (events, bits(trainer)) == (expected, end)


def test_a_run_that_was_stopped_at_once_can_start_again(make_split: MakeSplit) -> None:
    trainer = Trainer(recipe(), make_split())
    first, second = next(trainer.run()), next(trainer.run())
    assert isinstance(first, RunStarted)
    assert first == second
    assert trainer.step == 0
