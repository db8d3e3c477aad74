"""A run from first event to last: what it says, what it computes, and how it fails."""

from __future__ import annotations

import contextvars
import math
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from nn.data import Dataset, Split, split
from nn.events import Diverged, EpochDone, Event, RunFinished, RunStarted, StepDone
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.optimizers import OPTIMIZERS
from nn.presets import resolve
from nn.schedules import SCHEDULES, Shape
from nn.trainer import Trainer

MakeSplit = Callable[..., Split]
T = TypeVar("T")


def recipe(**given: object) -> Hyperparameters:
    """A small network on few digits, unless told otherwise."""
    return resolve(
        "first-light", {"hidden": "9,7", "batch_size": 16, "epochs": 3, "seed": 5, **given}
    )


def of_kind(events: list[Event], kind: type[T]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def test_a_run_tells_its_story_in_order(make_split: MakeSplit) -> None:
    trainer = Trainer(recipe(), make_split(90, 40))
    events = list(trainer.run())
    kinds = [type(event).__name__ for event in events]
    epoch = ["StepDone"] * 6 + ["EpochDone"]
    assert kinds == ["RunStarted", *epoch, *epoch, *epoch, "RunFinished"]

    started = events[0]
    assert isinstance(started, RunStarted)
    assert started.layer_sizes == (16, 9, 7, 4)
    assert started.n_parameters == 16 * 9 + 9 + 9 * 7 + 7 + 7 * 4 + 4
    assert (started.n_train, started.n_test) == (90, 40)
    assert (started.epochs, started.steps_per_epoch) == (3, 6)

    steps = of_kind(events, StepDone)
    assert [s.step for s in steps] == list(range(1, 19))
    assert [s.epoch for s in steps] == [1] * 6 + [2] * 6 + [3] * 6
    assert {s.learning_rate for s in steps} == {0.05}
    assert all(0 < s.gradient_norm < 1e3 for s in steps)

    epochs = of_kind(events, EpochDone)
    assert [(e.epoch, e.step) for e in epochs] == [(1, 6), (2, 12), (3, 18)]
    assert all(e.seconds > 0 and e.samples_per_second > 0 for e in epochs)

    finished, last = events[-1], epochs[-1]
    assert isinstance(finished, RunFinished)
    assert (finished.epochs, finished.step) == (3, 18)
    assert finished.train_loss == last.train_loss
    assert (finished.test_loss, finished.test_accuracy) == (last.test_loss, last.test_accuracy)
    assert finished.seconds >= sum(e.seconds for e in epochs)


def test_a_finished_run_has_only_its_end_to_say(make_split: MakeSplit) -> None:
    trainer = Trainer(recipe(), make_split())
    finished = list(trainer.run())[-1]
    parameters = trainer.network.parameters.copy()
    assert list(trainer.run()) == [finished]
    np.testing.assert_array_equal(trainer.network.parameters, parameters)


def test_a_step_is_the_equations(make_split: MakeSplit) -> None:
    """Two epochs of plain descent, done again in float64 by the book."""
    digits = make_split(70, 30)
    trainer = Trainer(recipe(epochs=2, batch_size=32, activation="tanh", hidden="6"), digits)
    twin = trainer.network.at_precision(np.float64)
    w1, b1 = twin.parameters[:96].reshape(16, 6), twin.parameters[120:126]
    w2, b2 = twin.parameters[96:120].reshape(6, 4), twin.parameters[126:]
    for event in trainer.run():
        if isinstance(event, (RunStarted, EpochDone, RunFinished)):
            continue
        assert isinstance(event, StepDone)
        assert trainer.permutation is not None
        start = (event.step - 1) % 3 * 32
        rows = trainer.permutation[start : start + 32]
        x, y = digits.train_images[rows] / 255, np.eye(4)[digits.train_labels[rows]]
        a1 = np.tanh(x @ w1 + b1)
        e = np.exp(a1 @ w2 + b2)
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.log((p * y).sum(axis=1)).mean()
        d2 = (p - y) / len(rows)
        d1 = d2 @ w2.T * (1 - a1**2)
        gradients = [x.T @ d1, d1.sum(axis=0), a1.T @ d2, d2.sum(axis=0)]
        norm = math.sqrt(sum((g**2).sum() for g in gradients))
        for parameter, gradient in zip((w1, b1, w2, b2), gradients, strict=True):
            parameter -= 0.05 * gradient
        assert event.loss == pytest.approx(loss, rel=1e-5)
        assert event.gradient_norm == pytest.approx(norm, rel=1e-4)
    np.testing.assert_allclose(trainer.network.parameters, twin.parameters, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("n_train", "batch"), [(90, 16), (96, 16), (17, 16), (5, 5), (7, 1)])
def test_every_digit_is_met_once_an_epoch_and_counts_the_same(
    make_split: MakeSplit, n_train: int, batch: int
) -> None:
    trainer = Trainer(recipe(batch_size=batch, epochs=2), make_split(n_train, 20))
    assert trainer.steps_per_epoch == math.ceil(n_train / batch)
    losses: list[float] = []
    met: list[int] = []
    orders = []
    for event in trainer.run():
        if isinstance(event, StepDone):
            assert trainer.permutation is not None
            rows = trainer.permutation[len(met) : trainer.position]
            met.extend(rows.tolist())
            losses.extend([event.loss] * len(rows))
        elif isinstance(event, EpochDone):
            assert sorted(met) == list(range(n_train))
            # The mean over digits, not over batches: the last one is short.
            assert event.train_loss == pytest.approx(np.mean(losses), rel=1e-9)
            orders.append(tuple(met))
            losses, met = [], []
    if n_train > 7:
        assert orders[0] != orders[1]


def test_the_test_figures_are_scikit_learns(make_split: MakeSplit) -> None:
    digits = make_split(90, 600)
    trainer = Trainer(recipe(epochs=2), digits)
    said = 0
    for event in trainer.run():
        if isinstance(event, (RunStarted, EpochDone)):
            x = (digits.test_images / 255).astype(np.float32)
            p = trainer.network.predict_probabilities(x)
            assert event.test_accuracy == accuracy_score(digits.test_labels, p.argmax(axis=1))
            exact = p.astype(float) / p.sum(axis=1, keepdims=True, dtype=float)
            expected = log_loss(digits.test_labels, exact, labels=range(4))
            assert event.test_loss == pytest.approx(expected, rel=1e-4)
            assert trainer.evaluation is not None
            np.testing.assert_allclose(trainer.evaluation.probabilities, p, rtol=1e-5, atol=1e-7)
            said += 1
    assert said == 3


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("warmup", ["auto", "0", "0.5"])
def test_the_learning_rate_follows_the_schedule(
    make_split: MakeSplit, schedule: str, warmup: str
) -> None:
    h = recipe(schedule=schedule, warmup=warmup, decay=0.25, drops=3, epochs=10)
    trainer = Trainer(h, make_split(64, 10))
    rates = [s.learning_rate for s in of_kind(list(trainer.run()), StepDone)]
    assert len(rates) == 40
    share = {"auto": 0.25 if schedule == "one_cycle" else 0.0}.get(warmup) or float(
        warmup.replace("auto", "0")
    )
    shape = Shape(share, 0.25, 3)
    assert rates == [0.05 * SCHEDULES[schedule](i / 40, shape) for i in range(40)]
    # Up to the peak, and from there on not up again.
    peak = round(40 * share)
    assert rates[peak] == 0.05 == max(rates)
    assert all(a < b for a, b in pairwise(rates[: peak + 1]))
    assert all(a >= b for a, b in pairwise(rates[peak:]))
    assert (rates[-1] == 0.05) == (schedule == "constant")


def test_a_batch_larger_than_the_training_set_is_refused_with_a_sentence(
    make_split: MakeSplit,
) -> None:
    Trainer(recipe(batch_size=90), make_split(90))
    with pytest.raises(HyperparameterError) as caught:
        Trainer(recipe(batch_size=91), make_split(90))
    assert caught.value.name == "batch_size"
    assert str(caught.value) == (
        "Batch size must be at most 90, the number of training digits in made on the spot (got 91)."
    )


def run_quietly(trainer: Trainer) -> list[Event]:
    """All events, with every warning an error."""
    with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("error")
        return list(trainer.run())


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_a_learning_rate_that_is_far_too_large_ends_in_diverged(
    digits: Dataset, optimizer: str
) -> None:
    h = resolve(None, {"learning_rate": 100, "optimizer": optimizer})
    trainer = Trainer(h, split(digits, "0.2", 42))
    events = run_quietly(trainer)
    last = events[-1]
    assert isinstance(last, Diverged)
    assert last.learning_rate == 100
    assert last.step == 1 + len(of_kind(events, StepDone))
    assert last.epoch == 1
    # All that was said before it were numbers.
    for step in of_kind(events, StepDone):
        assert math.isfinite(step.loss)
        assert math.isfinite(step.gradient_norm)


@pytest.mark.parametrize("planted", [np.inf, -np.inf, np.nan, 3e38])
def test_a_number_that_is_not_finite_ends_the_run_at_its_step(
    make_split: MakeSplit, planted: float
) -> None:
    trainer = Trainer(recipe(learning_rate=0.125), make_split())
    run = trainer.run()
    for _ in range(9):  # RunStarted, an epoch of 6 steps, EpochDone, the 7th step
        event = next(run)
    assert isinstance(event, StepDone)
    trainer.network.parameters[:] = planted
    with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("error")
        rest = list(run)
    assert len(rest) == 1
    assert isinstance(rest[0], Diverged)
    assert (rest[0].step, rest[0].epoch, rest[0].learning_rate) == (8, 2, 0.125)
    # To go on is to hear the same again, not to train on.
    again = list(trainer.run())
    assert len(again) == 1
    assert isinstance(again[0], Diverged)
    assert again[0].step == 8


def test_a_network_lost_in_the_last_step_of_an_epoch_is_found_by_the_test_set(
    make_split: MakeSplit,
) -> None:
    trainer = Trainer(recipe(epochs=1), make_split())
    run = trainer.run()
    for _ in range(7):
        event = next(run)
    assert isinstance(event, StepDone)
    trainer.network.parameters[:] = np.nan
    rest = list(run)
    assert len(rest) == 1
    assert isinstance(rest[0], Diverged)
    assert (rest[0].step, rest[0].epoch, rest[0].learning_rate) == (6, 1, 0.05)


def test_whoever_iterates_keeps_numpys_warnings_as_they_were(make_split: MakeSplit) -> None:
    with np.errstate(all="raise"):
        for _ in Trainer(recipe(epochs=1), make_split()).run():
            assert np.geterr()["over"] == np.geterr()["invalid"] == "raise"


def test_a_run_may_be_iterated_from_one_context_after_another(make_split: MakeSplit) -> None:
    """As asyncio does when one task begins a run and another goes on with it."""
    events: list[Event] = []
    run = Trainer(recipe(epochs=1), make_split()).run()
    for _ in range(4):
        contextvars.copy_context().run(lambda: events.append(next(run)))
    events.extend(run)
    assert isinstance(events[-1], RunFinished)


def test_time_that_the_reader_takes_is_not_training_time(make_split: MakeSplit) -> None:
    trainer = Trainer(recipe(epochs=1), make_split())
    clock = 0.0

    def tick() -> float:
        nonlocal clock
        clock += 1.0
        return clock

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nn.trainer.time.perf_counter", tick)
        events = []
        for event in trainer.run():
            events.append(event)
            clock += 1000.0
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    # Each of 6 steps and 3 evaluations, one of them of nobody, looks at the clock twice, a second
    # apart.
    assert finished.seconds == 9
    assert finished.samples_per_second == 90 / 6


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_small_digits_are_learnt_in_a_few_epochs(digits: Dataset, optimizer: str) -> None:
    rate = {"sgd": 0.2, "momentum": 0.03, "nesterov": 0.03, "adagrad": 0.03}.get(optimizer, 0.003)
    h = resolve(None, {"epochs": 20, "optimizer": optimizer, "learning_rate": rate})
    finished = list(Trainer(h, split(digits, "0.2", 42)).run())[-1]
    assert isinstance(finished, RunFinished)
    assert finished.test_accuracy > 0.95
    assert finished.train_loss < 0.2
