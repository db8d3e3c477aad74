"""The range test finds where a step is too large, and suggests one that is not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from training_runs import MakeSplit, plain

from nn.data import Dataset
from nn.data import split as divided
from nn.events import RunFinished
from nn.presets import resolve
from nn.range_test import LEAST_CLIMB, MEMORY, TOO_MUCH, RangePoint, range_test, suggested_rate
from nn.trainer import Trainer


def test_rates_grow_by_the_same_factor_and_losses_are_smoothed_as_the_equations_say(
    make_split: MakeSplit,
) -> None:
    points = list(range_test(Trainer(plain(), make_split()), 1e-4, 1e-1, 31))
    rates = np.array([point.learning_rate for point in points])
    np.testing.assert_allclose(rates, 1e-4 * 1000 ** (np.arange(31) / 30))
    assert [point.step for point in points] == list(range(1, 32))
    average = 0.0
    for t, point in enumerate(points):
        average = MEMORY * average + (1 - MEMORY) * point.loss
        assert point.smoothed == pytest.approx(average / (1 - MEMORY ** (t + 1)))


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_it_stops_where_it_is_too_much(
    make_split: MakeSplit, optimizer: str, schedule: str
) -> None:
    h = plain(optimizer=optimizer, schedule=schedule, epochs=1)
    points = list(range_test(Trainer(h, make_split()), 1e-4, 100.0, 200))
    smoothed = [point.smoothed for point in points]
    assert all(math.isfinite(value) for value in smoothed)
    # Until the last step it was not, so the test went no further than it had to.
    lowest = np.minimum.accumulate(smoothed)
    too_much = smoothed > np.maximum(TOO_MUCH * lowest, lowest + LEAST_CLIMB)
    assert not too_much[:-1].any()
    assert too_much[-1] or len(points) == 200 or optimizer == "sgd"  # It may not be finite, too.
    if optimizer == "adam":
        assert len(points) < 200
    rate = suggested_rate(points)
    assert rate is not None
    assert 1e-4 < rate < points[int(np.argmin(smoothed))].learning_rate * 1.1


def test_the_suggestion_is_where_it_falls_steepest_or_a_tenth_of_the_lowest() -> None:
    def curve(lowest: float) -> list[RangePoint]:
        """A fall that is steepest at 0.01, and is over at `lowest`."""
        x = np.linspace(-5, 1, 300)
        loss = 2.3 - 2 / (1 + np.exp(-6 * (x + 2))) - 0.1 * x + 40 * np.maximum(x - lowest, 0)
        return [
            RangePoint(i + 1, 300, 10.0**rate, value, value)
            for i, (rate, value) in enumerate(zip(x.tolist(), loss.tolist(), strict=True))
        ]

    assert suggested_rate(curve(-1.5)) == pytest.approx(0.01, rel=0.2)
    assert suggested_rate(curve(0.5)) == pytest.approx(10**0.5 / 10, rel=0.1)


def test_steps_far_apart_have_a_slope_too() -> None:
    """Of 20 steps over six factors of ten, no two are within a quarter of one."""
    losses = [2.3] * 9 + [2.0, 1.2, 0.9] + [0.8] * 8
    points = [
        RangePoint(i + 1, 20, 10 ** (6 * i / 19 - 5), loss, loss) for i, loss in enumerate(losses)
    ]
    assert suggested_rate(points) == pytest.approx(points[10].learning_rate, rel=0.05)


def test_nothing_is_suggested_where_nothing_falls() -> None:
    climbing = [RangePoint(i, 99, 10 ** (i / 20 - 5), 1 + i, 1.0 + i) for i in range(1, 99)]
    assert suggested_rate(climbing) is None
    assert suggested_rate(climbing[:3]) is None
    assert suggested_rate([]) is None


def test_what_it_suggests_is_good_for_the_small_digits(digits: Dataset) -> None:
    """One optimiser's good rate is thirty times another's; both must be found."""
    halves = divided(digits, "0.2", 42)
    for optimizer in ("sgd", "adam"):
        h = resolve("first-light", {"optimizer": optimizer, "epochs": 10, "pace": 0})
        rate = suggested_rate(list(range_test(Trainer(h, halves))))
        *_, last = Trainer(h.model_copy(update={"learning_rate": rate}), halves).run()
        assert isinstance(last, RunFinished)
        assert last.test_accuracy > 0.95
