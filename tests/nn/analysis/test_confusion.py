"""The confusion matrix and what is read off it, recomputed by scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from nn.analysis.confusion import (
    Confusion,
    accuracy,
    class_report,
    confusion_matrix,
    most_confused,
    row_percentages,
)

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


@given(PAIRS)
def test_every_figure_is_scikit_learn_s(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = np.array(pairs, np.uint8).T
    classes = np.arange(4)
    matrix = confusion_matrix(labels, predicted, 4)
    assert matrix.dtype == np.int64
    assert (matrix == metrics.confusion_matrix(labels, predicted, labels=classes)).all()
    report = class_report(matrix)
    told = metrics.classification_report(
        labels, predicted, labels=classes, output_dict=True, zero_division=0
    )
    for k in range(4):
        assert report.precision[k] == pytest.approx(told[str(k)]["precision"])
        assert report.recall[k] == pytest.approx(told[str(k)]["recall"])
        assert report.f1[k] == pytest.approx(told[str(k)]["f1-score"])
        assert report.support[k] == told[str(k)]["support"]
    assert report.macro_precision == pytest.approx(told["macro avg"]["precision"])
    assert report.macro_recall == pytest.approx(told["macro avg"]["recall"])
    assert report.macro_f1 == pytest.approx(told["macro avg"]["f1-score"])
    assert accuracy(matrix) == pytest.approx(metrics.accuracy_score(labels, predicted))


@given(PAIRS)
def test_a_row_is_percent_of_its_class(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = np.array(pairs, np.uint8).T
    shares = row_percentages(confusion_matrix(labels, predicted, 4))
    told = metrics.confusion_matrix(labels, predicted, labels=np.arange(4), normalize="true")
    assert shares == pytest.approx(100 * told)


def test_two_and_256_classes(guessing) -> None:
    for n_classes in (2, 256):
        probabilities, labels = guessing(2000, n_classes)
        predicted = probabilities.argmax(axis=1)
        expected = metrics.confusion_matrix(labels, predicted, labels=np.arange(n_classes))
        assert (confusion_matrix(labels, predicted, n_classes) == expected).all()


def test_the_most_confused_come_first_and_equals_by_class() -> None:
    matrix = np.array([[9, 2, 0], [5, 9, 2], [0, 1, 9]])
    assert most_confused(matrix) == [
        Confusion(1, 0, 5), Confusion(0, 1, 2), Confusion(1, 2, 2), Confusion(2, 1, 1)
    ]  # fmt: skip
    assert most_confused(matrix, at_least=3) == [Confusion(1, 0, 5)]
    assert most_confused(matrix, at_least=0) == most_confused(matrix)
    assert most_confused(np.diag([3, 4])) == []
    assert matrix[0, 0] == 9, "the matrix itself keeps its diagonal"


def test_no_digits_and_one_digit() -> None:
    none = np.empty(0, np.uint8)
    empty = confusion_matrix(none, none, 3)
    assert empty.tolist() == np.zeros((3, 3)).tolist()
    assert accuracy(empty) == 0
    assert class_report(empty).macro_f1 == 0
    one = confusion_matrix(np.array([2]), np.array([2]), 3)
    assert class_report(one).f1.tolist() == [0, 0, 1]


def test_a_class_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="every label must be from 0 to 2"):
        confusion_matrix(np.array([3]), np.array([0]), 3)
    with pytest.raises(ValueError, match="every guess must be from 0 to 2"):
        confusion_matrix(np.array([0]), np.array([-1]), 3)
