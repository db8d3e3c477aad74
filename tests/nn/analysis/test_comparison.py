"""Two networks, and McNemar's test as SciPy works it out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nn.analysis.comparison import compare, sign_test


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_exact_test_is_scipy_s(b: int, c: int) -> None:
    expected = stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert sign_test(b, c) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_many_digits_overflow_nothing() -> None:
    assert sign_test(50_000, 50_000) == 1
    assert sign_test(49_000, 51_000) == pytest.approx(stats.binomtest(49_000, 100_000).pvalue, 1e-7)
    assert sign_test(0, 100_000) == 0


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_who_is_right_where(answers: list[tuple[bool, bool]]) -> None:
    labels = np.ones(len(answers), np.uint8)
    first, second = (np.array([answer[k] for answer in answers], np.uint8) for k in (0, 1))
    found = compare(labels, first, second)
    assert found.only_first.tolist() == [i for i, (a, b) in enumerate(answers) if a and not b]
    assert found.only_second.tolist() == [i for i, (a, b) in enumerate(answers) if b and not a]
    assert found.both_right == sum(a and b for a, b in answers)
    assert found.both_wrong == sum(not a and not b for a, b in answers)
    b, c = len(found.only_first), len(found.only_second)
    if abs(b - c) > 1:
        assert found.chi_squared == pytest.approx((abs(b - c) - 1) ** 2 / (b + c))
    else:
        assert found.chi_squared == 0
    assert found.chi_squared_p == pytest.approx(stats.chi2.sf(found.chi_squared, 1))
    swapped = compare(labels, second, first)
    assert math.isclose(swapped.exact_p, found.exact_p)


def test_guesses_of_other_digits_are_refused() -> None:
    with pytest.raises(ValueError, match="guesses of"):
        compare(np.zeros(3), np.zeros(3), np.zeros(2))
