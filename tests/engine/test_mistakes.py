"""Every number of a screen, recomputed by scikit-learn from the probabilities."""

from __future__ import annotations

import time

import numpy as np
import pytest
from mistakes_made import make_mistakes
from sklearn import metrics

from tui.engine.mistakes import Mistakes
from tui.engine.predictions import Predictions
from tui.engine.sorts import SORTS


@pytest.mark.parametrize("classes", [2, 10, 256])
def test_the_figures_are_scikit_learn_s(classes: int) -> None:
    mistakes = make_mistakes(700, classes)
    p = mistakes.predictions
    every, guess = np.arange(classes), p.probabilities.argmax(axis=1)
    assert (mistakes.matrix == metrics.confusion_matrix(p.labels, guess, labels=every)).all()
    assert mistakes.accuracy == pytest.approx(metrics.accuracy_score(p.labels, guess))
    assert mistakes.mean_loss == pytest.approx(
        metrics.log_loss(p.labels, p.probabilities, labels=every), rel=1e-5
    )
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        p.labels, guess, labels=every, zero_division=0
    )
    assert mistakes.report.precision == pytest.approx(precision)
    assert mistakes.report.recall == pytest.approx(recall)
    assert mistakes.report.f1 == pytest.approx(f1)
    assert mistakes.report.support.tolist() == support.tolist()
    assert np.flatnonzero(mistakes.wrong).tolist() == p.wrong.tolist()
    assert mistakes.coverage.at(0).accuracy == pytest.approx(mistakes.accuracy)


def test_what_follows_is_worked_out_once() -> None:
    mistakes = make_mistakes()
    for name in ("matrix", "losses", "margins", "report", "reliability", "coverage", "suspects"):
        assert getattr(mistakes, name) is getattr(mistakes, name)
    assert mistakes.order("loss") is mistakes.order("loss")


@pytest.mark.parametrize("sort", SORTS)
def test_an_order_holds_every_digit_once(sort: str) -> None:
    assert sorted(make_mistakes().order(sort)) == list(range(200))


def test_the_orders_by_their_words() -> None:
    mistakes = make_mistakes(300)
    p, history = mistakes.predictions, mistakes.history
    assert history is not None
    assert (np.diff(mistakes.losses[mistakes.order("loss")]) <= 0).all()
    assert (np.diff(mistakes.margins[mistakes.order("margin")]) >= 0).all()
    assert (np.diff(history.changed[mistakes.order("changed")]) <= 0).all()
    assert mistakes.order("index").tolist() == list(range(300))
    by_confidence = mistakes.order("confidence")
    n_wrong = int(mistakes.wrong.sum())
    assert mistakes.wrong[by_confidence[:n_wrong]].all()
    assert (np.diff(p.confidence[by_confidence[:n_wrong]]) <= 0).all()
    assert (np.diff(p.confidence[by_confidence[n_wrong:]]) >= 0).all()


def test_accuracy_without_the_doubtful_labels() -> None:
    mistakes = make_mistakes(50, doubtful=(0, 7, 30))
    sure = np.delete(np.arange(50), [0, 7, 30])
    p = mistakes.predictions
    expected = metrics.accuracy_score(p.labels[sure], p.predicted[sure])
    assert mistakes.accuracy_without_doubtful == pytest.approx(expected)
    assert np.flatnonzero(mistakes.suspect_labels).tolist() == [0, 7, 30]


def test_where_no_label_is_known_to_be_doubtful_the_network_suspects_some() -> None:
    mistakes = make_mistakes(400)
    assert mistakes.accuracy_without_doubtful is None
    found = mistakes.suspects.indices
    assert 0 < len(found) < 400
    assert np.flatnonzero(mistakes.suspect_labels).tolist() == sorted(found)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [0, 1])
def test_no_digit_and_one_digit(n: int) -> None:
    mistakes = make_mistakes(n)
    assert len(mistakes.matrix) == 10
    assert mistakes.matrix.sum() == n
    assert 0 <= mistakes.accuracy <= 1
    assert mistakes.mean_loss >= 0
    assert mistakes.reliability.expected_error <= 1
    assert len(mistakes.suspects.indices) <= n
    for sort in SORTS:
        assert len(mistakes.order(sort)) == n


@pytest.mark.filterwarnings("error")
def test_a_network_that_has_gone_astray() -> None:
    made = make_mistakes(30).predictions
    p = Predictions(
        3, made.images, 16, made.labels, np.full((30, 10), np.nan, np.float32), made.class_names
    )
    mistakes = Mistakes(p)
    assert mistakes.matrix[:, 0].sum() == 30
    assert np.isfinite(mistakes.losses).all()
    assert mistakes.reliability.counts[0] == 30
    for sort in SORTS:
        assert sorted(mistakes.order(sort)) == list(range(30))


def test_two_networks_on_the_same_digits_and_on_others() -> None:
    mistakes = make_mistakes()
    p = mistakes.predictions
    perfect = np.eye(10, dtype=np.float32)[p.labels]
    best = Mistakes(Predictions(1, p.images, 16, p.labels, perfect, p.class_names))
    assert mistakes.against(best).only_second.tolist() == p.wrong.tolist()
    for other in (make_mistakes(seed=1), make_mistakes(199)):
        with pytest.raises(ValueError, match="not of the same test digits"):
            mistakes.against(other)
    moved = Predictions(1, p.images + 1, 17, p.labels, perfect, p.class_names)
    with pytest.raises(ValueError, match="not of the same test digits"):
        mistakes.against(Mistakes(moved))


def test_100_000_digits_are_sorted_in_a_moment() -> None:
    mistakes = make_mistakes(100_000)
    began = time.process_time()
    mistakes.order("loss")
    # Some 15 ms on an idle machine, with the losses.
    assert time.process_time() - began < 0.5
