"""What a run can do besides descending: validate, stop early, keep the best, clip, average."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import MakeSplit, everything, of_kind, plain, square, told, untimed

import nn.judging
from nn.events import Diverged, EpochDone, Event, RunFinished, RunStarted, StepDone
from nn.hyperparameters import HyperparameterError
from nn.layers import Dropout
from nn.losses import SoftmaxCrossEntropy
from nn.metrics import evaluate
from nn.trainer import Trainer


@settings(deadline=None, max_examples=50)
@given(
    n=st.integers(2, 120), share=st.floats(0, 0.5), seed=st.integers(0, 2**32 - 1), data=st.data()
)
def test_validation_digits_are_never_trained_on(
    make_split: MakeSplit, n: int, share: float, seed: int, data: st.DataObject
) -> None:
    digits = make_split(n, 10)
    h = plain(validation=share, seed=seed, batch_size=1, epochs=1)
    trainer = Trainer(h, digits)
    held_out = sorted(set(range(n)) - set(trainer.train_rows.tolist()))
    assert trainer.n_train + len(trainer.validation) == n
    assert len(held_out) == len(trainer.validation) == math.ceil(n * share)
    np.testing.assert_array_equal(trainer.validation.images, digits.train_images[held_out])
    np.testing.assert_array_equal(trainer.validation.labels, digits.train_labels[held_out])
    assert trainer.test.images is digits.test_images
    # They depend on the seed and the share alone.
    other = data.draw(st.sampled_from(["adam", "nesterov"]))
    again = Trainer(h.model_copy(update={"optimizer": other, "hidden": (3,)}), digits)
    np.testing.assert_array_equal(again.train_rows, trainer.train_rows)


def test_the_trained_rows_are_the_training_rows(make_split: MakeSplit) -> None:
    trainer = Trainer(plain(validation=0.25, epochs=2), make_split(90, 40))
    met: list[int] = []
    started = None
    for event in trainer.run():
        if isinstance(event, RunStarted):
            started = event
        elif isinstance(event, StepDone):
            assert trainer.permutation is not None
            met.extend(trainer.permutation[len(met) : trainer.position].tolist())
        elif isinstance(event, EpochDone):
            assert sorted(met) == trainer.train_rows.tolist()
            met = []
            expected = evaluate(trainer.network, trainer.validation, SoftmaxCrossEntropy(4))
            assert event.validation_loss == expected.loss
            assert event.validation_accuracy == expected.accuracy
    assert started is not None
    assert (started.n_train, started.n_validation, started.n_test) == (67, 23, 40)


def test_without_validation_nobody_is_judged(make_split: MakeSplit) -> None:
    events = list(Trainer(plain(), make_split()).run())
    assert {e.validation_loss for e in of_kind(events, EpochDone)} == {None}
    assert events[0].n_validation == 0  # type: ignore[union-attr]
    assert (events[-1].best_epoch, events[-1].stopped_early) == (None, False)  # type: ignore[union-attr]


def scripted(trainer: Trainer, losses: list[float]) -> pytest.MonkeyPatch:
    """Let the validation loss of each epoch be what the script says."""
    coming = iter(losses)

    def read_out(network: Any, batches: Any, loss: Any) -> Any:
        seen = evaluate(network, batches, loss)
        if batches is trainer.validation:
            seen = dataclasses.replace(seen, loss=next(coming))
        return seen

    patch = pytest.MonkeyPatch()
    patch.setattr(nn.judging, "evaluate", read_out)
    return patch


@settings(deadline=None, max_examples=60)
@given(
    losses=st.lists(st.sampled_from([0.5, 1.0, 1.5, 2.0, 2.5]), min_size=8, max_size=8),
    patience=st.integers(0, 9),
    ema=st.sampled_from([0, 0.9]),
    keep=st.sampled_from(["last", "best"]),
)
def test_it_stops_after_so_many_epochs_and_keeps_what_it_should(
    make_split: MakeSplit, losses: list[float], patience: int, ema: float, keep: str
) -> None:
    h = plain(validation=0.2, patience=patience, epochs=8, batch_size=48, ema_decay=ema, keep=keep)
    trainer = Trainer(h, make_split(60, 20))
    # By hand: where the loop should end, and which epoch was the best then.
    best, end = 0, 8
    for epoch in range(1, 9):
        if best == 0 or losses[epoch - 1] < losses[best - 1]:
            best = epoch
        if patience and epoch - best >= patience:
            end = epoch
            break
    judged = {}
    patch = scripted(trainer, losses)
    try:
        events: list[Event] = []
        for event in trainer.run():
            events.append(event)
            if isinstance(event, EpochDone):
                own = trainer.average.parameters if trainer.average else trainer.network.parameters
                judged[event.epoch] = own.copy()
        raw = trainer.network.parameters.copy()
        again = list(trainer.run())
    finally:
        patch.undo()
    epochs = of_kind(events, EpochDone)
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert (len(epochs), finished.epochs, finished.best_epoch) == (end, end, best)
    assert finished.stopped_early == (end < 8)
    chosen = best if keep == "best" else end
    # The figures are those of the network that is left, to the bit.
    assert finished.test_loss == epochs[chosen - 1].test_loss
    assert finished.test_accuracy == epochs[chosen - 1].test_accuracy
    with trainer.judged() as network:
        np.testing.assert_array_equal(network.parameters, judged[chosen])
        found = evaluate(network, trainer.test, SoftmaxCrossEntropy(4))
    assert found.loss == finished.test_loss
    assert trainer.evaluation is not None
    np.testing.assert_array_equal(trainer.evaluation.probabilities, found.probabilities)
    np.testing.assert_array_equal(trainer.network.parameters, raw)
    assert [untimed(e) for e in again] == [untimed(finished)]


@pytest.mark.parametrize(
    ("given", "name", "sentence"),
    [
        ({"patience": 3}, "patience", "Patience 3 needs validation digits to judge by"),
        ({"keep": "best"}, "keep", "Keep best needs validation digits to judge by"),
    ],
)
def test_what_needs_validation_is_refused_without(
    make_split: MakeSplit, given: dict[str, object], name: str, sentence: str
) -> None:
    with pytest.raises(HyperparameterError, match=sentence) as caught:
        plain(**given)
    assert caught.value.name == name
    assert str(caught.value).endswith(".")
    # Nor does a trainer take what was not assembled by `resolve`.
    with pytest.raises(HyperparameterError, match=sentence):
        Trainer(plain().model_copy(update=given), make_split())


@pytest.mark.parametrize("clip", [0.05, 0.5, 1e6])
def test_a_clipped_step_is_no_longer_than_it_may_be(make_split: MakeSplit, clip: float) -> None:
    trainer = Trainer(plain(clip_norm=clip, learning_rate=0.5), make_split())
    free = Trainer(plain(learning_rate=0.5), make_split())
    before = trainer.network.parameters.copy()
    for event in trainer.run():
        if isinstance(event, StepDone):
            moved = np.linalg.norm((trainer.network.parameters - before).astype(float))
            expected = 0.5 * min(event.gradient_norm, clip)
            assert moved == pytest.approx(expected, rel=1e-4)
            before = trainer.network.parameters.copy()
    if clip == 1e6:
        # No gradient is so long: not a bit is another.
        list(free.run())
        np.testing.assert_array_equal(free.network.parameters, trainer.network.parameters)


@pytest.mark.parametrize("normalization", ["none", "batch_norm"])
def test_an_average_is_asked_and_the_training_never_hears_of_it(
    make_split: MakeSplit, normalization: str
) -> None:
    h = plain(normalization=normalization, optimizer="adam")
    averaged = Trainer(h.model_copy(update={"ema_decay": 0.95}), make_split())
    usual = Trainer(h, make_split())
    p, s, t = averaged.network.parameters.astype(float), averaged.network.state.astype(float), 0
    for ours, theirs in zip(averaged.run(), usual.run(), strict=True):
        np.testing.assert_array_equal(averaged.network.parameters, usual.network.parameters)
        np.testing.assert_array_equal(averaged.network.state, usual.network.state)
        if isinstance(ours, StepDone):
            assert ours == theirs
            share = 1 - min(0.95, (1 + t) / (10 + t))
            p += share * (averaged.network.parameters - p)
            s += share * (averaged.network.state - s)
            t += 1
        elif isinstance(ours, EpochDone):
            assert isinstance(theirs, EpochDone)
            assert ours.train_loss == theirs.train_loss
            assert ours.test_loss != theirs.test_loss
            assert averaged.average is not None
            np.testing.assert_allclose(averaged.average.parameters, p, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(averaged.average.state, s, rtol=1e-4, atol=1e-6)
            averaged.network.parameters[...] = averaged.average.parameters
            averaged.network.state[...] = averaged.average.state
            expected = evaluate(averaged.network, averaged.test, SoftmaxCrossEntropy(4))
            averaged.network.parameters[...] = usual.network.parameters
            averaged.network.state[...] = usual.network.state
            assert (ours.test_loss, ours.test_accuracy) == (expected.loss, expected.accuracy)


@pytest.mark.parametrize("given", [{}, {"validation": 0.2, "keep": "best", "ema_decay": 0.9}])
def test_an_empty_test_set_is_no_catastrophe(
    make_split: MakeSplit, given: dict[str, object]
) -> None:
    events = list(Trainer(plain(**given), make_split(90, 0)).run())
    assert not of_kind(events, Diverged)
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    for event in (events[0], *of_kind(events, EpochDone), finished):
        assert math.isnan(event.test_loss)  # type: ignore[union-attr]
        assert math.isnan(event.test_accuracy)  # type: ignore[union-attr]
    assert all(math.isfinite(e.train_loss) for e in of_kind(events, EpochDone))


@pytest.mark.parametrize(
    "given",
    [
        {"dropout": 0.0, "weight_decay": 0, "label_smoothing": 0, "ema_decay": 0},
        {"clip_norm": 1e6},
        {"shift": 2, "rotation": 20, "elastic": 1, "scaling": 0.9, "augmentation": 0},
        {"warmup": "0", "decay": 0.5, "drops": 7, "elastic_sigma": 9},
        {"normalization": "none", "skip": "none", "initializer": "auto"},
    ],
    ids=lambda given: next(iter(given)),
)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_what_is_there_but_off_changes_not_a_bit(
    make_split: MakeSplit, given: dict[str, object], optimizer: str
) -> None:
    digits = square(make_split())
    one = Trainer(plain(optimizer=optimizer), digits)
    other = Trainer(plain(optimizer=optimizer, **given), digits)
    assert told(one) == told(other)
    assert one.network.parameters.tobytes() == other.network.parameters.tobytes()


def test_dropout_changes_neither_the_first_weights_nor_the_order(make_split: MakeSplit) -> None:
    one, other = (Trainer(plain(dropout=rate), make_split()) for rate in (0, 0.5))
    np.testing.assert_array_equal(one.network.parameters, other.network.parameters)
    for a, b in zip(one.run(), other.run(), strict=True):
        if isinstance(a, StepDone):
            np.testing.assert_array_equal(one.permutation, other.permutation)
            assert a != b
    rates = [layer.rate for layer in other.network.walk() if isinstance(layer, Dropout)]
    assert rates == [0.5, 0.5]


def test_a_lone_last_digit_does_not_spoil_batch_norm(make_split: MakeSplit) -> None:
    """97 digits in batches of 16: the last batch of an epoch, just before the test, is one."""
    h = plain(normalization="batch_norm", optimizer="adam", learning_rate=0.01, epochs=12)
    last = list(Trainer(h, make_split(97, 60)).run())[-1]
    assert isinstance(last, RunFinished)
    assert last.test_accuracy > 0.9


def test_everything_at_once_learns(make_split: MakeSplit) -> None:
    h = everything(epochs=25, patience=0, shift=0.3)
    last = list(Trainer(h, square(make_split(300, 100))).run())[-1]
    assert isinstance(last, RunFinished)
    assert last.test_accuracy > 0.9
