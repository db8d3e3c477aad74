"""The bounded curve: nothing a reader would miss is ever lost, and it never grows."""

from __future__ import annotations

import math
from dataclasses import astuple
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.engine.curve import Curve

FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=32)
SERIES = st.lists(FLOATS, min_size=1, max_size=400)


def build(values: list[float], cuts: list[int], capacity: int = 16) -> Curve:
    """A curve from `values`, handed over in pieces cut at `cuts`."""
    curve = Curve(capacity)
    edges = sorted({0, len(values), *(cut % (len(values) + 1) for cut in cuts)})
    for start, stop in pairwise(edges):
        curve.extend(np.arange(start, stop), np.array(values[start:stop], np.float32))
    return curve


def test_an_empty_curve_has_nothing_to_show() -> None:
    curve = Curve()
    assert len(curve) == 0
    assert curve.last is None
    assert curve.last_x is None
    assert curve.first_x is None
    assert len(curve.columns(80)) == 0
    assert curve.revision == 0


def test_a_short_curve_is_kept_point_for_point() -> None:
    curve = Curve()
    curve.extend(np.array([0, 10, 20]), np.array([3.0, 1.0, 2.0]))
    columns = curve.columns(21)
    assert columns.x.tolist() == [0, 10, 20]
    assert columns.low.tolist() == columns.high.tolist() == columns.mean.tolist() == [3, 1, 2]
    assert not columns.gap.any()
    assert (curve.last, curve.last_x, curve.first_x) == (2.0, 20, 0)


def test_columns_hold_the_extremes_and_the_mean_of_their_steps() -> None:
    values = np.arange(100, dtype=np.float64)
    curve = Curve()
    curve.extend(np.arange(100), values)
    columns = curve.columns(10, start=0, stop=100)
    assert columns.low.tolist() == [10.0 * k for k in range(10)]
    assert columns.high.tolist() == [10.0 * k + 9 for k in range(10)]
    assert columns.mean.tolist() == [10.0 * k + 4.5 for k in range(10)]


@given(SERIES, st.integers(1, 40))
def test_the_extremes_survive_any_length(values: list[float], width: int) -> None:
    curve = build(values, [])
    finite = [v for v in np.array(values, np.float32).tolist() if math.isfinite(v)]
    columns = curve.columns(width)
    if not finite:
        assert len(columns) == 0
        return
    assert 1 <= len(columns) <= width
    assert columns.low.min() == min(finite)
    assert columns.high.max() == max(finite)


@given(SERIES, st.lists(st.integers(0, 400)), st.integers(1, 40))
def test_how_points_are_handed_over_does_not_matter(
    values: list[float], cuts: list[int], width: int
) -> None:
    whole, pieces = build(values, []).columns(width), build(values, cuts).columns(width)
    np.testing.assert_array_equal(whole.x, pieces.x)
    np.testing.assert_array_equal(whole.low, pieces.low)
    np.testing.assert_array_equal(whole.high, pieces.high)
    np.testing.assert_array_equal(whole.gap, pieces.gap)
    scale = float(np.abs(whole.high - whole.low).max(initial=0.0)) + 1.0
    np.testing.assert_allclose(whole.mean, pieces.mean, rtol=1e-6, atol=1e-6 * scale)


@given(st.lists(st.tuples(st.integers(0, 5), FLOATS), min_size=1, max_size=300), st.integers(1, 30))
def test_x_only_ever_increases(points: list[tuple[int, float]], width: int) -> None:
    xs = np.cumsum([gap for gap, _ in points])
    curve = Curve(8)
    curve.extend(xs, np.array([v for _, v in points]))
    columns = curve.columns(width)
    assert np.all(np.diff(columns.x) > 0)
    assert np.all(columns.low <= columns.mean)
    assert np.all(columns.mean <= columns.high)
    if len(columns):
        assert xs[0] <= columns.x[0]
        assert columns.x[-1] <= xs[-1]


@given(SERIES)
def test_points_that_are_not_finite_are_counted_and_nothing_more(values: list[float]) -> None:
    curve = build(values, [7, 50])
    assert len(curve) == len(values)
    columns = curve.columns(1000)
    for array in (columns.x, columns.low, columns.high, columns.mean):
        assert np.all(np.isfinite(array))


def test_a_stretch_of_nan_is_a_gap() -> None:
    curve = Curve()
    curve.extend(np.arange(6), np.array([1.0, 2.0, np.nan, np.inf, 3.0, 4.0]))
    columns = curve.columns(60)
    assert columns.x.tolist() == [0, 1, 4, 5]
    assert columns.gap.tolist() == [False, False, True, False]


@settings(max_examples=25)
@given(st.integers(1, 200_000))
def test_memory_is_bounded(length: int) -> None:
    curve = Curve(64)
    curve.extend(np.arange(length), np.zeros(length, np.float32))
    assert curve.buckets <= 64
    assert len(curve) == length
    assert sum(a.nbytes for a in vars(curve).values() if isinstance(a, np.ndarray)) == 64 * 48


def test_one_spike_in_three_million_steps_is_still_there() -> None:
    curve = Curve()
    for start in range(0, 3_000_000, 100_000):
        values = np.ones(100_000, np.float32)
        if start == 1_300_000:
            values[777] = 9.5
        curve.extend(np.arange(start, start + 100_000), values)
    columns = curve.columns(100)
    assert columns.high.max() == 9.5
    assert abs(columns.x[int(columns.high.argmax())] - 1_300_777) < 30_000
    assert columns.mean.max() < 1.01


@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=8), st.integers(1, 60).map(lambda n: 2 * n)
)
@settings(max_examples=50)
def test_room_that_is_made_on_the_way_changes_nothing(pieces: list[int], capacity: int) -> None:
    values = np.random.default_rng(len(pieces)).normal(size=sum(pieces))
    values[::17] = np.nan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui.engine.curve._AT_FIRST", 6)
        grown, begin = Curve(capacity), 0
        for piece in pieces:
            if piece < 50:
                for step in range(begin, begin + piece):
                    grown.append(step, values[step])
            else:
                grown.extend(np.arange(begin, begin + piece), values[begin : begin + piece])
            begin += piece
        patch.setattr("tui.engine.curve._AT_FIRST", capacity)
        whole = Curve(capacity)
    whole.extend(np.arange(len(values)), values)
    assert grown.buckets == whole.buckets <= capacity
    for mine, theirs in zip(astuple(grown.so_far()), astuple(whole.so_far()), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def test_the_cost_of_columns_does_not_follow_the_length() -> None:
    curve = Curve()
    curve.extend(np.arange(4_000_000), np.ones(4_000_000, np.float32))
    assert curve.buckets <= curve.capacity < 10_000
    kept = sum(value.size for value in vars(curve).values() if isinstance(value, np.ndarray))
    assert kept < 10 * curve.capacity


def test_huge_values_do_not_overflow_the_mean() -> None:
    curve = Curve(2)
    with np.errstate(all="raise"):
        curve.extend(np.arange(4), np.array([1.7e308, 1.7e308, 1.7e308, -1.7e308]))
        columns = curve.columns(1)
    assert columns.low[0] <= columns.mean[0] <= columns.high[0]


def test_the_revision_grows_with_every_change_and_only_then() -> None:
    curve = Curve()
    seen = [curve.revision]
    curve.append(1, 2.0)
    seen.append(curve.revision)
    curve.extend(np.array([], np.int64), np.array([]))
    assert curve.revision == seen[-1]
    curve.extend([2, 3], [1.0, float("nan")])
    seen.append(curve.revision)
    assert seen == sorted(set(seen))
    assert math.isnan(curve.last or 0.0)


@pytest.mark.parametrize(
    ("x", "values"), [([3], [1.0]), ([6, 5], [1.0, 1.0]), ([6, 7], [1.0]), ([[6]], [[1.0]])]
)
def test_bad_points_are_refused_and_change_nothing(x: list[int], values: list[float]) -> None:
    curve = Curve()
    curve.append(5, 1.0)
    with pytest.raises(ValueError, match="x"):
        curve.extend(x, values)
    assert (len(curve), curve.revision, curve.last_x) == (1, 1, 5)


@pytest.mark.parametrize("capacity", [0, 1, 7])
def test_an_impossible_capacity_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="capacity"):
        Curve(capacity)


@given(SERIES)
def test_one_by_one_is_the_same_as_all_at_once(values: list[float]) -> None:
    one, other = Curve(16), Curve(16)
    other.extend(np.arange(len(values)), np.array(values))
    for x, value in enumerate(values):
        one.append(x, value)
    for mine, theirs in zip(
        vars(one.so_far()).values(), vars(other.so_far()).values(), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-280)
    assert (len(one), one.last_x, one.buckets) == (len(other), other.last_x, other.buckets)
    with pytest.raises(ValueError, match="x"):
        one.append(-1, 0.0)
