"""Confident learning by its definition, one digit at a time, and on labels that were spoilt."""

from __future__ import annotations

import numpy as np
import pytest

from nn.analysis.label_quality import (
    class_thresholds,
    confident_joint,
    self_confidence,
    suspects,
)


def by_definition(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """C[i, j], equation 1 of the paper, with its rule for digits that reach several thresholds."""
    n, n_classes = probabilities.shape
    thresholds = [
        probabilities[labels == j, j].mean(dtype=np.float64) if (labels == j).any() else np.inf
        for j in range(n_classes)
    ]
    joint = np.zeros((n_classes, n_classes), int)
    for i in range(n):
        reached = [j for j in range(n_classes) if probabilities[i, j] >= thresholds[j]]
        if reached:
            joint[labels[i], max(reached, key=lambda j: probabilities[i, j])] += 1
    return joint


@pytest.mark.parametrize("n_classes", [2, 10, 256])
def test_the_confident_joint_by_its_definition(guessing, n_classes: int) -> None:
    probabilities, labels = guessing(500, n_classes)
    assert (confident_joint(probabilities, labels) == by_definition(probabilities, labels)).all()


def test_spoilt_labels_are_found_first(guessing) -> None:
    probabilities, labels = guessing(2000, 10)
    sharp = probabilities**4
    sharp /= sharp.sum(axis=1, keepdims=True)
    right = np.flatnonzero((sharp.argmax(axis=1) == labels) & (sharp.max(axis=1) > 0.99))
    spoilt, given = right[:20], labels.copy()
    given[spoilt] = (given[spoilt] + 1) % 10
    found = suspects(sharp, given)
    assert set(spoilt) <= set(found.indices)
    suggested = dict(zip(found.indices.tolist(), found.classes.tolist(), strict=True))
    assert [suggested[i] for i in spoilt] == labels[spoilt].tolist()
    assert (np.diff(found.self_confidence) >= 0).all()
    expected = np.array([sharp[i, given[i]] for i in found.indices])
    assert found.self_confidence == pytest.approx(expected)


def test_a_class_without_digits_is_nobody_s_true_class() -> None:
    probabilities = np.array([[0.1, 0.9, 0.0], [0.8, 0.1, 0.1]], np.float32)
    labels = np.array([0, 0], np.uint8)
    assert class_thresholds(probabilities, labels)[1:].tolist() == [np.inf, np.inf]
    assert suspects(probabilities, labels).indices.tolist() == []


@pytest.mark.filterwarnings("error")
def test_nan_is_no_confidence_in_anything() -> None:
    hopeless = np.full((4, 3), np.nan, np.float32)
    labels = np.array([0, 1, 2, 0], np.uint8)
    assert self_confidence(hopeless, labels).tolist() == [0, 0, 0, 0]
    assert suspects(hopeless, labels).indices.tolist() == []
