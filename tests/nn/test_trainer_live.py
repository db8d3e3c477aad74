"""Knobs turned while a run goes on: each acts from the very next step, and on that alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from training_runs import MakeSplit, everything, plain, square, untimed

from nn.events import Event, HyperparameterChanged, StepDone
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.layers import Dropout
from nn.specs import SPECS
from nn.trainer import Trainer

CHANGES: dict[str, object] = {
    "learning_rate": 0.003,
    "momentum": 0.5,
    "dropout": 0.6,
    "weight_decay": 0.5,
    "label_smoothing": 0.4,
    "clip_norm": 0.01,
    "ema_decay": 0.2,
    "augmentation": 3.0,
    "shift": 0.5,
    "rotation": 30.0,
    "scaling": 0.3,
    "shear": 0.2,
    "elastic": 1.0,
    "elastic_sigma": 1.0,
    "epochs": 6,
}
UNFELT = {"pace": 100.0}


def run_with(
    trainer: Trainer, at: int, turn: Callable[[Trainer], object]
) -> tuple[list[str], list[bytes]]:
    """The events, and the parameters after each of the steps; knobs are turned after step `at`."""
    events, parameters = [], []
    event: Event
    for event in trainer.run():
        events.append(untimed(event))
        if isinstance(event, StepDone):
            parameters.append(trainer.network.parameters.tobytes())
            if event.step == at:
                turn(trainer)
    return events, parameters


def nothing(_: Trainer) -> None:
    """Turn no knob."""


def test_every_live_knob_is_tried_here() -> None:
    assert {name for name, spec in SPECS.items() if spec.live} == {*CHANGES, *UNFELT}


# After the 2nd step of five, and after the last of an epoch, before its test.
@pytest.mark.parametrize("at", [2, 5])
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_felt_from_the_next_step_on(make_split: MakeSplit, name: str, at: int) -> None:
    h, digits = everything(patience=0), square(make_split())
    facts: list[HyperparameterChanged] = []
    usual = run_with(Trainer(h, digits), at, nothing)
    turned = Trainer(h, digits)
    changed = run_with(turned, at, lambda t: facts.extend(t.set(**{name: CHANGES[name]})))
    assert facts == [HyperparameterChanged(name, getattr(h, name), CHANGES[name], at)]
    assert getattr(turned.hyperparameters, name) == CHANGES[name]
    assert changed[1][:at] == usual[1][:at]
    if name == "ema_decay":
        # The training never hears of the average; the tests do.
        assert changed[1] == usual[1]
        assert changed[0][-1] != usual[0][-1]
    else:
        assert changed[1][at] != usual[1][at]
    # As if it had been so from the start, as far as the parts go by it.
    made = Trainer(turned.hyperparameters, digits)
    assert turned.optimizer.momentum == made.optimizer.momentum
    assert turned.optimizer.weight_decay == made.optimizer.weight_decay
    assert turned.loss.smoothing == made.loss.smoothing


def test_epochs_to_come_may_be_more_or_fewer_but_none_that_is_begun(make_split: MakeSplit) -> None:
    def turned(at: int, epochs: int) -> int:
        trainer = Trainer(plain(), make_split())
        run_with(trainer, at, lambda t: t.set(epochs=epochs))
        return trainer.epochs_done

    assert turned(2, 1) == 1
    assert turned(2, 5) == 5
    assert turned(6, 1) == 1
    for at, begun in ((7, 2), (18, 3)):
        with pytest.raises(HyperparameterError, match=f"at least {begun}: so many are begun") as no:
            turned(at, begun - 1)
        assert no.value.name == "epochs"


@pytest.mark.parametrize("name", [*CHANGES, *UNFELT])
def test_a_change_and_back_before_the_next_step_is_none(make_split: MakeSplit, name: str) -> None:
    h, digits = everything(), square(make_split())
    value = {**CHANGES, **UNFELT}[name]

    def back_and_forth(trainer: Trainer) -> None:
        assert len(trainer.set(**{name: value})) == 1
        assert len(trainer.set(**{name: getattr(h, name)})) == 1

    usual = run_with(Trainer(h, digits), 7, nothing)
    assert run_with(Trainer(h, digits), 7, back_and_forth) == usual


def test_dropout_is_one_rate_for_all_and_disturbs_nobody_else(make_split: MakeSplit) -> None:
    h, digits = plain(), make_split()
    orders: list[list[Any]] = [[], []]
    for order, rate in zip(orders, (0.0, 0.4), strict=True):
        trainer = Trainer(h, digits)
        for event in trainer.run():
            if isinstance(event, StepDone) and event.step == 3:
                trainer.set(dropout=rate)
            if trainer.permutation is not None:
                order.append(trainer.permutation.tolist())
        rates = {layer.rate for layer in trainer.network.walk() if isinstance(layer, Dropout)}
        assert rates == {rate}
    assert orders[0] == orders[1]


def test_an_average_begins_when_it_is_switched_on_and_is_forgotten_after(
    make_split: MakeSplit,
) -> None:
    trainer = Trainer(plain(), make_split())
    for event in trainer.run():
        if isinstance(event, StepDone):
            if event.step == 4:
                trainer.set(ema_decay=0.9)
                assert trainer.average is not None
                np.testing.assert_array_equal(
                    trainer.average.parameters, trainer.network.parameters
                )
            elif 4 < event.step <= 9:
                assert trainer.average is not None
                assert trainer.average.updates == event.step - 4
                kept = trainer.average
                if event.step == 7:
                    trainer.set(ema_decay=0.5)
                    assert trainer.average is kept
                if event.step == 9:
                    trainer.set(ema_decay=0)
            else:
                assert trainer.average is None


def test_augmentation_off_on_and_off_again(make_split: MakeSplit) -> None:
    """Switched off, the batches are the plain ones; on, those of a run where it was always on."""
    digits = square(make_split())

    def seen(trainer: Trainer, script: dict[int, float]) -> list[np.ndarray]:
        batches: list[np.ndarray] = []
        take = trainer.supply.take

        def spy() -> Any:
            x, labels = take()
            batches.append(x.copy())
            return x, labels

        trainer.supply.take = spy  # type: ignore[method-assign]
        for event in trainer.run():
            if isinstance(event, StepDone) and event.step in script:
                trainer.set(augmentation=script[event.step])
        return batches

    on = seen(Trainer(plain(shift=1, elastic=0.5), digits), {})
    off = seen(Trainer(plain(), digits), {})
    mixed = seen(
        Trainer(plain(shift=1, elastic=0.5, augmentation=0), digits), {3: 1, 6: 0, 8: 1, 11: 0}
    )
    is_on = [3 <= i < 6 or 8 <= i < 11 for i in range(18)]
    for i, batch in enumerate(mixed):
        np.testing.assert_array_equal(batch, (on if is_on[i] else off)[i])
        assert (on[i] != off[i]).any()


def test_the_strongest_augmentation_of_the_strongest_kind_still_runs(make_split: MakeSplit) -> None:
    extreme: dict[str, object] = {
        name: float(SPECS[name].bounds.rpartition("<= ")[2].replace(",", ""))
        for name in ("shift", "rotation", "scaling", "shear", "elastic", "augmentation")
    }
    assert extreme["augmentation"] == 10
    for sigma in (0.5, 1000):
        trainer = Trainer(plain(**extreme, elastic_sigma=sigma, epochs=1), square(make_split()))
        events, _ = run_with(trainer, 3, lambda t: t.set(augmentation=9))
        assert events[-1].startswith("RunFinished")


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "rmsprop"])
def test_momentum_has_no_part_where_there_is_none(make_split: MakeSplit, optimizer: str) -> None:
    trainer = Trainer(plain(optimizer=optimizer), make_split())
    with pytest.raises(HyperparameterError, match=f"Momentum has no part in {optimizer}"):
        trainer.set(momentum=0.5)


def refused() -> list[str]:
    return [name for name, spec in SPECS.items() if not spec.live]


@pytest.mark.parametrize("name", refused())
def test_what_is_not_live_is_refused(make_split: MakeSplit, name: str) -> None:
    h: Hyperparameters = plain()
    trainer = Trainer(h, make_split())
    with pytest.raises(HyperparameterError, match="cannot change while a run goes on"):
        trainer.set(learning_rate=0.5, **{name: SPECS[name].default})
    assert trainer.hyperparameters == h
