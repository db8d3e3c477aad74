"""Softmax and cross-entropy: against scikit-learn, against differences, and at the edges."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import log_loss

from nn.losses import SoftmaxCrossEntropy, softmax


@st.composite
def batches(
    draw: st.DrawFn, size: float = 8, dtype: type[np.floating] = np.float64
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, n_classes) and labels (n,)."""
    n, classes = draw(st.integers(1, 9)), draw(st.integers(2, 12))
    width = 64 if dtype is np.float64 else 32
    numbers = st.floats(-size, size, width=width)
    logits = draw(hnp.arrays(dtype, (n, classes), elements=numbers))
    labels = draw(hnp.arrays(np.uint8, n, elements=st.integers(0, classes - 1)))
    return logits, labels


def loss_for(logits: np.ndarray) -> SoftmaxCrossEntropy:
    return SoftmaxCrossEntropy(logits.shape[1], logits.dtype)


@settings(deadline=None)
@given(batch=batches())
def test_the_loss_is_scikit_learns_log_loss(batch: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = batch
    expected = log_loss(labels, softmax(logits), labels=range(logits.shape[1]))
    assert loss_for(logits).forward(logits, labels) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(batch=batches(), smoothing=st.floats(0.001, 0.5))
def test_the_smoothed_loss_is_the_cross_entropy_with_the_smoothed_truth(
    batch: tuple[np.ndarray, np.ndarray], smoothing: float
) -> None:
    logits, labels = batch
    n, n_classes = logits.shape
    truth = np.full((n, n_classes), smoothing / n_classes)
    truth[np.arange(n), labels] += 1 - smoothing
    expected = -(truth * np.log(softmax(logits))).sum(axis=1).mean()
    loss = SoftmaxCrossEntropy(n_classes, np.float64, smoothing)
    assert loss.forward(logits, labels) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(loss.backward(), (softmax(logits) - truth) / n, atol=1e-14)


def test_smoothing_may_change_between_two_steps_and_zero_is_none_at_all() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((6, 5)), rng.integers(0, 5, 6)
    loss, plain = SoftmaxCrossEntropy(5, np.float64, 0.3), SoftmaxCrossEntropy(5, np.float64)
    assert loss.forward(logits, labels) != plain.forward(logits, labels)
    assert (loss.backward() != plain.backward()).any()
    loss.smoothing = 0
    assert loss.forward(logits, labels) == plain.forward(logits, labels)
    np.testing.assert_array_equal(loss.backward(), plain.backward())


def test_a_smoothed_loss_is_never_zero_and_prefers_doubt() -> None:
    loss = SoftmaxCrossEntropy(4, np.float32, 0.1)
    labels = np.array([2])
    losses = [
        loss.forward(np.array([[0, 0, z, 0]], np.float32), labels) for z in (0, 2, 3.61, 6, 1e4)
    ]
    # The truth is 0.925 for one and 0.025 for three: log(37) = 3.61 says just that.
    assert losses[2] == min(losses) > 0
    assert losses[4] == pytest.approx(0.075 * 1e4)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@settings(deadline=None)
@given(batch=batches())
def test_the_gradient_is_the_central_difference(
    smoothing: float,
    batch: tuple[np.ndarray, np.ndarray],
    numeric_gradient: Callable[..., np.ndarray],
    assert_agree: Callable[..., None],
) -> None:
    logits, labels = batch
    loss = loss_for(logits)
    loss.smoothing = smoothing
    loss.forward(logits, labels)
    analytic = loss.backward().copy()
    assert_agree(analytic, numeric_gradient(lambda: loss.forward(logits, labels), logits))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@settings(deadline=None)
@given(batch=batches())
def test_each_row_of_the_gradient_sums_to_zero(
    smoothing: float, batch: tuple[np.ndarray, np.ndarray]
) -> None:
    logits, labels = batch
    loss = loss_for(logits)
    loss.smoothing = smoothing
    loss.forward(logits, labels)
    # Adding one number to all logits of a sample changes nothing.
    np.testing.assert_allclose(loss.backward().sum(axis=1), 0, atol=1e-14)


@settings(deadline=None)
@given(batch=batches(size=1e4, dtype=np.float32))
def test_huge_logits_give_the_right_finite_loss_without_warnings(
    batch: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, labels = batch
    with np.errstate(all="raise", under="ignore"):
        loss = loss_for(logits)
        found = loss.forward(logits, labels)
        gradient = loss.backward()
    # Sample by sample in exact enough arithmetic: log(sum exp(z - max)) - (z_y - max).
    expected = 0.0
    for row, label in zip(logits.astype(float).tolist(), labels, strict=True):
        top = max(row)
        expected += math.log(math.fsum(math.exp(z - top) for z in row)) - (row[label] - top)
    assert found == pytest.approx(expected / len(logits), rel=1e-5, abs=1e-5)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_at_ten_thousand_is_known(dtype: type[np.floating]) -> None:
    logits = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], dtype)
    loss = loss_for(logits)
    assert loss.forward(logits, np.array([1, 1])) == pytest.approx(1e4)
    np.testing.assert_array_equal(loss.backward(), [[0.5, -0.5, 0], [0, 0, 0]])
    assert loss.forward(logits, np.array([0, 1])) == 0


@settings(deadline=None)
@given(batch=batches(size=1e4, dtype=np.float32))
def test_softmax_rows_are_probabilities(batch: tuple[np.ndarray, np.ndarray]) -> None:
    logits, _ = batch
    before = logits.copy()
    p = softmax(logits)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    assert p.min() >= 0
    # The favourite is among the largest, ties by rounding allowed.
    rows = np.arange(len(p))
    np.testing.assert_array_equal(p[rows, logits.argmax(axis=1)], p.max(axis=1))
    np.testing.assert_array_equal(logits, before)


def test_softmax_into_an_array_is_the_same_and_may_be_its_own_input() -> None:
    logits = np.random.default_rng(0).standard_normal((5, 4))
    expected = softmax(logits)
    out = np.empty_like(logits)
    assert softmax(logits, out=out) is out
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(softmax(logits, out=logits), expected)


def test_logits_and_labels_are_left_alone() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((6, 5)), np.array([4, 0, 1, 1, 2, 3], np.uint8)
    before = logits.copy(), labels.copy()
    loss = loss_for(logits)
    loss.forward(logits, labels)
    loss.backward()
    np.testing.assert_array_equal(logits, before[0])
    np.testing.assert_array_equal(labels, before[1])


@pytest.mark.parametrize("planted", [np.nan, np.inf])
def test_a_logit_that_is_not_finite_makes_a_loss_that_is_not(planted: float) -> None:
    logits = np.zeros((3, 4), np.float32)
    logits[1, 2] = planted
    with np.errstate(invalid="ignore"):
        assert not math.isfinite(loss_for(logits).forward(logits, np.array([0, 1, 2])))


def test_a_batch_is_not_changed_by_the_batches_before_it() -> None:
    rng = np.random.default_rng(1)
    loss = SoftmaxCrossEntropy(10)
    for n in (7, 3, 7, 11, 1, 7):
        logits = rng.standard_normal((n, 10)).astype(np.float32)
        labels = rng.integers(0, 10, n)
        loss.smoothing = 0.1 * (n % 3)
        fresh = SoftmaxCrossEntropy(10, smoothing=loss.smoothing)
        assert loss.forward(logits, labels) == fresh.forward(logits, labels)
        np.testing.assert_array_equal(loss.backward(), fresh.backward())
