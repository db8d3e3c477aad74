"""Axes: round numbers, in order, inside the axis, whatever the data."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.axis import Axis, linear_axis, log_axis, round_step, short_number, step_axis

FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=1e-300, allow_infinity=False)
COUNTS = st.integers(1, 30)


def well_formed(axis: Axis) -> None:
    """What every axis promises."""
    assert math.isfinite(axis.low)
    assert math.isfinite(axis.high)
    assert axis.low < axis.high
    assert len(axis.ticks) == len(axis.labels)
    assert all(a < b for a, b in pairwise(axis.ticks))
    slack = (axis.high - axis.low) * 1e-6
    assert all(axis.low - slack <= tick <= axis.high + slack for tick in axis.ticks)
    assert all(label and len(label) <= 12 for label in axis.labels)


@given(FINITE, FINITE, COUNTS)
def test_any_numbers_make_a_linear_axis(a: float, b: float, count: int) -> None:
    axis = linear_axis(min(a, b), max(a, b), count)
    well_formed(axis)
    assert len(axis.ticks) <= count + 3


@given(POSITIVE, POSITIVE, COUNTS)
def test_any_positive_numbers_make_a_log_axis(a: float, b: float, count: int) -> None:
    well_formed(log_axis(min(a, b), max(a, b), count))


@given(st.integers(0, 2**40), st.integers(0, 2**40), COUNTS)
def test_any_steps_make_a_step_axis(a: int, b: int, count: int) -> None:
    axis = step_axis(min(a, b), max(a, b), count)
    well_formed(axis)
    assert axis.low <= min(a, b)
    assert axis.high >= max(a, b)


def test_round_numbers() -> None:
    assert linear_axis(0.01, 2.3, 5).labels == ("0.0", "0.5", "1.0", "1.5", "2.0")
    assert log_axis(0.001, 10, 5).labels == ("0.001", "0.01", "0.1", "1", "10")
    assert step_axis(0, 4689, 5).labels == ("0", "1000", "2000", "3000", "4000")
    assert step_axis(0, 46_900, 5).labels == ("0", "10k", "20k", "30k", "40k")
    assert step_axis(0, 25_000_000, 5).labels == ("0", "5M", "10M", "15M", "20M", "25M")


def test_the_axis_ends_at_a_fraction_of_a_tick_beyond_the_data() -> None:
    ends = {step_axis(0, last, 5).high for last in range(4001, 5000)}
    assert len(ends) == 4
    assert all(step_axis(0, last, 5).high >= last for last in range(4001, 5000))


@pytest.mark.parametrize(
    ("extent", "count", "step"),
    [(10, 5, 2), (1, 5, 0.2), (9, 4, 2.5), (60, 10, 10), (0.03, 7, 0.005)],
)
def test_round_steps(extent: float, count: int, step: float) -> None:
    assert round_step(extent, count) == pytest.approx(step)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.05, "0.05"), (1e-7, "1e-7"), (2.5e30, "2.5e30"), (1 / 3, "0.333"), (-math.inf, "-inf")],
)
def test_short_numbers(value: float, text: str) -> None:
    assert short_number(value) == text
