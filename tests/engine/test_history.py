"""What a chart asks of a run: curves by metric, stretches by scope, places on an axis."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.events import EpochDone, RunStarted
from nn.hyperparameters import Hyperparameters
from tui.engine.chart_view import ALONGS, METRICS, SCOPES, SMOOTHEST, ChartView
from tui.engine.columns import Columns
from tui.engine.curve import Curve
from tui.engine.facts import Entry
from tui.engine.history import FEWEST_RECENT, RunHistory
from tui.engine.series import Series
from tui.engine.state import RunState
from tui.engine.tail import STEP, StepsRecorded

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80)


def columns_of(values: list[float], x: list[float] | None = None) -> Columns:
    series = Series()
    series.extend(np.arange(len(values)) if x is None else x, np.array(values))
    return series.columns(10_000)


def long_series(steps: int, newest: int = 64) -> Series:
    """A series that is its own step, so that any value says where it was measured."""
    series = Series(newest)
    for begin in range(0, steps, 777):
        x = np.arange(begin, min(begin + 777, steps))
        series.extend(x, x.astype(float))
    return series


@given(VALUES, st.floats(0.5, 40))
def test_smoothing_is_the_bias_corrected_average_by_its_definition(
    values: list[float], half_life: float
) -> None:
    columns = columns_of(values)
    smooth = columns.averaged(half_life, 1.0)
    for i in range(len(values)):
        weights = 0.5 ** ((i - np.arange(i + 1)) / half_life)
        expected = float(weights @ np.array(values[: i + 1]) / weights.sum())
        assert smooth.mean[i] == pytest.approx(expected, rel=1e-9, abs=1e-6)
    np.testing.assert_array_equal(smooth.high, columns.high)
    np.testing.assert_array_equal(smooth.low, columns.low)


def test_a_constant_stays_what_it_is_from_its_first_value_on() -> None:
    np.testing.assert_allclose(columns_of([3.0] * 50).averaged(10, 1.0).mean, 3.0)


def test_smoothing_begins_anew_after_a_gap() -> None:
    columns = columns_of([9.0, 9.0, math.nan, 1.0, 1.0])
    assert columns.averaged(20, 1.0).mean == pytest.approx([9.0, 9.0, 1.0, 1.0])


@pytest.mark.parametrize("steps", [1, 63, 129, 5_000, 40_000])
def test_the_newest_points_are_known_one_by_one(steps: int) -> None:
    series = long_series(steps)
    known = min(steps, 64)
    fine = series.columns(known, steps - known, steps - 1)
    np.testing.assert_array_equal(fine.mean, np.arange(steps - known, steps))
    np.testing.assert_array_equal(fine.first, fine.last)


@pytest.mark.parametrize("steps", [5_000, 40_000, 300_000])
@pytest.mark.parametrize("width", [10, 133, 1000])
def test_a_series_is_whole_where_what_is_fine_meets_what_is_coarse(steps: int, width: int) -> None:
    columns = long_series(steps).columns(width, 0, steps - 1)
    assert np.all(np.diff(columns.x) > 0)
    assert not columns.gap.any()
    assert (columns.low[0], columns.high[-1]) == (0, steps - 1)
    assert columns.first[0] == 0
    assert columns.last[-1] == steps - 1
    # Nothing between two columns is left out.
    assert np.all(columns.first[1:] <= columns.last[:-1] + 1)
    coarse = np.abs(columns.mean - columns.x)
    assert coarse.max() <= steps / width + steps / 2048


def test_a_series_takes_no_more_than_it_needs_and_does_not_grow_for_ever() -> None:
    short, long, longer = (
        sum(a.nbytes for a in vars(long_series(steps)).values() if isinstance(a, np.ndarray))
        for steps in (10, 100_000, 300_000)
    )
    assert 10 * short < long == longer


def test_one_point_at_a_time_is_the_same_as_all_at_once() -> None:
    one, other = Series(8), Series(8)
    other.extend(np.arange(100), np.arange(100.0))
    for step in range(100):
        one.append(step, float(step))
    fine, same = (s.columns(8, 92, 99) for s in (one, other))
    np.testing.assert_array_equal(fine.mean, same.mean)


def test_columns_outside_of_the_stretch_are_left_out() -> None:
    curve = Curve()
    curve.extend(np.arange(100), np.arange(100.0))
    columns = curve.columns(10, 40, 60)
    assert (columns.low.min(), columns.high.max()) == (40, 60)


def run(epochs: int = 4, steps: int = 100) -> RunHistory:
    """A run whose second epoch takes ten times as long as the others."""
    state = RunState("a run", Hyperparameters())
    state.apply(Entry(0.0, RunStarted((64, 10), 650, 1000, 100, epochs, steps, 2.3, 0.1, 50)))
    seconds = 0.0
    for epoch in range(1, epochs + 1):
        records = np.zeros(steps, STEP)
        records["step"] = np.arange(steps) + (epoch - 1) * steps + 1
        each = 0.1 if epoch == 2 else 0.01
        records["seconds"] = seconds + each * np.arange(1, steps + 1)
        records["loss"], records["learning_rate"] = 1 / epoch, 0.05
        records["gradient_norm"] = epoch
        seconds = float(records["seconds"][-1])
        state.apply(StepsRecorded(records))
        done = EpochDone(epoch, epoch * steps, 0.5, 1 / epoch, 0.9, 0.05, 1.0, 9e4, 0.4, 0.8)
        state.apply(Entry(0.0, done))
    return state.history


def test_every_metric_has_its_curves() -> None:
    history = run()
    counts = {metric: [len(c) for c in history.lines(metric).there] for metric in METRICS}
    assert counts == {
        "loss": [400, 5, 4], "accuracy": [5, 4], "learning rate": [400], "gradient norm": [400],
        "samples/s": [4],
    }  # fmt: skip
    assert history.gradient_norm.last == 4
    assert history.validation_accuracy.last == 0.8


def test_epochs_and_seconds_are_measured_along_the_run() -> None:
    history = run()
    steps = np.array([0.0, 50.0, 150.0, 400.0])
    np.testing.assert_allclose(history.ruler("step").at(steps), steps)
    np.testing.assert_allclose(history.ruler("epoch").at(steps), [0, 0.5, 1.5, 4])
    np.testing.assert_allclose(history.ruler("time").at(steps), [0, 0.5, 6, 13])


@pytest.mark.parametrize("along", ALONGS)
@given(st.floats(0, 1e6))
def test_there_and_back_is_the_same_step(along: str, step: float) -> None:
    ruler = HISTORY.ruler(along)
    assert ruler.step_at(float(ruler.at(np.array([step]))[0])) == pytest.approx(step, abs=1e-3)


HISTORY = run()


@pytest.mark.parametrize("along", ALONGS)
def test_a_run_of_nothing_has_axes_all_the_same(along: str) -> None:
    ruler = RunHistory().ruler(along)
    assert np.all(np.diff(ruler.at(np.array([0.0, 1.0, 2.0]))) > 0)


def test_scopes_are_all_of_it_its_newest_part_and_this_epoch() -> None:
    history = run(40)
    assert history.stretch("run") is None
    start, stop = history.stretch("recent") or (0, 0)
    assert stop == 4000
    assert 400 <= stop - start < 600
    assert history.stretch("epoch") == (3900, 4000)
    assert run(1).stretch("recent") is None, "all of it is recent"
    assert RunHistory().stretch("epoch") is None


@given(st.integers(FEWEST_RECENT, 10**9))
def test_what_is_recent_begins_at_a_step_that_stays(last: int) -> None:
    begins = set()
    for step in range(last, last + 20):
        curve = Series()
        curve.append(step, 1.0)
        stretch = dataclasses.replace(RunHistory(), train=curve).stretch("recent")
        begins.add(stretch[0] if stretch else 0.0)
    assert len(begins) <= 3


def test_a_view_goes_round_and_comes_back() -> None:
    view = ChartView(smoothing=2)
    for step, count in (("next_scope", SCOPES), ("next_metric", METRICS), ("next_axis", ALONGS)):
        seen = view
        for _ in count:
            seen = getattr(seen, step)()
        assert seen == view
        assert getattr(view, step)() != view
    assert view.smoothed(1).smoothing == 3
    assert view.smoothed(-9).smoothing == view.smoothed(0).smoothing == 0
    assert view.smoothed(999).smoothing == SMOOTHEST


def test_a_view_can_be_kept_as_plain_values() -> None:
    view = ChartView("epoch", "gradient norm", "time", 7, True)
    assert ChartView(**dataclasses.asdict(view)) == view
    assert view.words == "Gradient norm, this epoch, by time, log, smoothed 7"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"scope": "all"}, "scope"), ({"metric": ""}, "metric"), ({"axis": 3}, "axis"),
        ({"smoothing": -1}, "smoothing"), ({"smoothing": True}, "smoothing"),
        ({"smoothing": 1e9}, "smoothing"), ({"log_scale": "no"}, "log_scale"),
    ],
)  # fmt: skip
def test_a_view_that_cannot_be_is_refused_in_a_sentence(
    wrong: dict[str, object], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        ChartView(**wrong)  # type: ignore[arg-type]
