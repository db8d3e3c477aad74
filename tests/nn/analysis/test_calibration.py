"""Reliability as scikit-learn's calibration_curve has it, coverage by counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from nn.analysis.calibration import coverage_curve, reliability
from nn.analysis.scores import confidence, guesses

ANSWERS = st.lists(
    st.tuples(
        st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.1, 0.5, 0.7, 1.0]), st.booleans()
    ),
    max_size=40,
)


def apart(answers: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    sure = np.array([answer[0] for answer in answers], np.float32)
    return sure, np.array([answer[1] for answer in answers], bool)


@given(ANSWERS.filter(bool), st.integers(1, 20))
def test_the_bins_are_scikit_learn_s(answers: list[tuple[float, bool]], bins: int) -> None:
    sure, right = apart(answers)
    made = reliability(sure, right, bins)
    share_right, mean_sure = calibration_curve(right, sure, n_bins=bins)
    full = made.counts > 0
    assert made.accuracy[full] == pytest.approx(share_right)
    assert made.confidence[full] == pytest.approx(mean_sure)
    assert np.isnan(made.accuracy[~full]).all()
    assert made.counts.sum() == len(sure)


def test_the_expected_error_by_its_definition(guessing) -> None:
    probabilities, labels = guessing(3000, 10)
    sure, right = confidence(probabilities), guesses(probabilities) == labels
    total = 0.0
    for low in range(15):
        within = (sure > low / 15) & (sure <= (low + 1) / 15)
        if within.any():
            gap = abs(right[within].mean() - sure[within].mean(dtype=np.float64))
            total += within.sum() / len(sure) * gap
    assert reliability(sure, right, 15).expected_error == pytest.approx(total, rel=1e-6)


@given(ANSWERS, st.floats(0, 1, width=32))
def test_coverage_by_counting(answers: list[tuple[float, bool]], threshold: float) -> None:
    sure, right = apart(answers)
    curve = coverage_curve(sure, right)
    for asked in (threshold, *curve.thresholds):
        found = curve.at(asked)
        answered = sure >= asked
        assert found.answered == answered.sum()
        if answered.any():
            assert found.accuracy == pytest.approx(right[answered].mean())
            assert found.coverage == pytest.approx(answered.mean())
        else:
            assert np.isnan(found.accuracy)
            assert found.coverage == 0
    assert sorted(set(sure.tolist()), reverse=True) == curve.thresholds.tolist()


def test_no_digits() -> None:
    none = np.empty(0, np.float32)
    assert reliability(none, none.astype(bool)).expected_error == 0
    assert coverage_curve(none, none.astype(bool)).at(0.5).answered == 0
