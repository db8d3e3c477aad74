"""Each digit on its own, recomputed by scikit-learn and by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import log_loss

from nn.analysis import scores


@pytest.mark.parametrize("n_classes", [2, 3, 10, 256])
def test_the_mean_loss_is_scikit_learn_s(guessing, n_classes: int) -> None:
    probabilities, labels = guessing(400, n_classes)
    probabilities[:3] = np.eye(n_classes, dtype=np.float32)[[0, 1, 0]]
    labels[:3] = [0, 0, 1]
    expected = log_loss(labels, probabilities, labels=np.arange(n_classes))
    assert scores.losses(probabilities, labels).mean() == pytest.approx(expected, rel=1e-5)


def test_each_loss_is_the_one_scikit_learn_gives_to_it_alone(guessing) -> None:
    probabilities, labels = guessing(40, 5)
    each = [
        log_loss(labels[i : i + 1], probabilities[i : i + 1], labels=range(5)) for i in range(40)
    ]
    assert scores.losses(probabilities, labels) == pytest.approx(each, rel=1e-5)
    twice = scores.losses(probabilities.astype(np.float64), labels)
    assert twice == pytest.approx(each, rel=1e-5)


def test_a_probability_that_rounded_to_nothing_is_dear_but_not_infinite() -> None:
    certain = np.array([[1, 0], [1, 0]], np.float32)
    losses = scores.losses(certain, np.array([1, 0]))
    assert losses.tolist() == pytest.approx([15.942, 0], abs=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3, 10, 256])
def test_the_margin_is_the_first_less_the_second(guessing, n_classes: int) -> None:
    probabilities, _ = guessing(300, n_classes)
    before = probabilities.copy()
    ordered = np.sort(probabilities, axis=1)
    assert scores.margins(probabilities) == pytest.approx(ordered[:, -1] - ordered[:, -2])
    assert (probabilities == before).all(), "what is looked at stays as it is"


def test_one_class_leaves_nothing_to_decide() -> None:
    assert scores.margins(np.ones((3, 1), np.float32)).tolist() == [1, 1, 1]


def test_many_digits_are_looked_at_piece_by_piece(
    guessing, monkeypatch: pytest.MonkeyPatch
) -> None:
    probabilities, _ = guessing(100, 4)
    at_once = scores.margins(probabilities)
    monkeypatch.setattr(scores, "CHUNK", 7)
    assert (scores.margins(probabilities) == at_once).all()


def test_nan_counts_as_nothing_and_warns_of_nothing() -> None:
    nan = np.nan
    rows = np.array([[nan, 0.2, 0.1], [nan, nan, nan]], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert scores.guesses(rows).tolist() == [1, 0]
        assert scores.confidence(rows).tolist() == pytest.approx([0.2, 0])
        assert scores.margins(rows).tolist() == pytest.approx([0.1, 0])
        assert scores.losses(rows, np.array([0, 2])).tolist() == pytest.approx([15.94] * 2, abs=0.1)


def test_no_digits() -> None:
    none = np.empty((0, 10), np.float32)
    labels = np.empty(0, np.uint8)
    for made in (scores.guesses(none), scores.confidence(none), scores.margins(none)):
        assert made.shape == (0,)
    assert scores.losses(none, labels).shape == (0,)


@given(
    st.one_of(
        arrays(np.float32, st.integers(0, 30), elements=st.floats(width=32, allow_nan=False)),
        arrays(np.int32, st.integers(0, 30), elements=st.integers(-(2**31), 2**31 - 1)),
        arrays(np.int32, st.integers(0, 30), elements=st.integers(-2, 2)),
    )
)
def test_the_ranking_is_a_stable_sort(keys: np.ndarray) -> None:
    assert scores.ranking(keys).tolist() == np.argsort(keys, kind="stable").tolist()
