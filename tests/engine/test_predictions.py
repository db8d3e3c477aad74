"""Guess, confidence and mistakes, recomputed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tui.engine.predictions import Predictions


def make(**changes: Any) -> Predictions:
    """Three 2x2 digits of three classes; the second is wrong."""
    values: dict[str, Any] = {
        "epoch": 4,
        "images": np.zeros((3, 2, 2), np.uint8),
        "pixel_max": 16,
        "labels": np.array([0, 1, 2], np.uint8),
        "probabilities": np.array([[0.9, 0.1, 0], [0.2, 0.1, 0.7], [0, 0, 1]], np.float32),
        "class_names": ("zero", "one", "two"),
    }
    return Predictions(**(values | changes))


def test_the_guess_is_the_likeliest_class() -> None:
    predictions = make()
    assert predictions.predicted.tolist() == [0, 2, 2]
    assert predictions.confidence.tolist() == pytest.approx([0.9, 0.7, 1.0])
    assert predictions.wrong.tolist() == [1]
    assert len(predictions) == 3


def test_each_is_computed_once() -> None:
    predictions = make()
    assert predictions.predicted is predictions.predicted
    assert predictions.confidence is predictions.confidence
    assert predictions.wrong is predictions.wrong


def test_a_network_that_diverged_says_something_without_a_warning() -> None:
    hopeless = make(probabilities=np.full((3, 3), np.nan, np.float32))
    assert hopeless.predicted.tolist() == [0, 0, 0]
    assert hopeless.confidence.tolist() == [0, 0, 0]
    one_number = np.array([[np.nan, 0.1, np.nan]] * 3, np.float32)
    assert make(probabilities=one_number).predicted.tolist() == [1, 1, 1]


def test_an_empty_test_set_has_no_mistakes() -> None:
    empty = make(
        images=np.zeros((0, 2, 2), np.uint8),
        labels=np.zeros(0, np.uint8),
        probabilities=np.zeros((0, 3), np.float32),
    )
    assert len(empty) == 0
    assert empty.wrong.tolist() == []
    assert empty.confidence.tolist() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"images": np.zeros((3, 4), np.uint8)},
        {"images": np.zeros((2, 2, 2), np.uint8)},
        {"labels": np.zeros(2, np.uint8)},
        {"class_names": ("zero", "one")},
        {"class_names": (), "probabilities": np.zeros((3, 0), np.float32)},
        {"pixel_max": 0},
    ],
)
def test_shapes_that_contradict_one_another_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        make(**changes)


def test_equality_is_identity_and_therefore_cheap() -> None:
    predictions = make()
    assert predictions == predictions
    assert predictions != make()
