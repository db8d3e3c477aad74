"""The history of each digit, recomputed from the whole matrix one digit at a time."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nn.analysis.learning_history import Changes, LearningHistory

MATRICES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9).flatmap(
    lambda shape: st.tuples(
        arrays(np.uint8, shape, elements=st.integers(0, 2)),
        arrays(np.uint8, shape[1], elements=st.integers(0, 2)),
    )
)


@given(MATRICES)
def test_row_by_row_is_what_the_matrix_says(made: tuple[np.ndarray, np.ndarray]) -> None:
    guesses, labels = made
    history = LearningHistory.of(guesses, labels)
    assert history.epoch == len(guesses) - 1
    for i, label in enumerate(labels):
        right = [bool(guess == label) for guess in guesses[:, i]]
        assert history.right[i] == right[-1]
        assert history.known[i] == any(right[1:])
        assert history.never_right[i] == (not any(right[1:]) and not right[-1])
        lost = [e for e in range(2, len(right)) if right[e - 1] and not right[e]]
        assert history.forgotten[i] == len(lost)
        since = len(right)
        while since and right[since - 1]:
            since -= 1
        assert history.learnt[i] == (since if right[-1] else -1)
        moved = [e for e in range(1, len(right)) if guesses[e, i] != guesses[e - 1, i]]
        assert history.changed[i] == (moved[-1] if moved else 0)
        assert history.fixed[i] == (len(right) > 1 and right[-1] and not right[-2])
        assert history.broken[i] == (len(right) > 1 and right[-2] and not right[-1])


@given(MATRICES)
def test_a_row_more_leaves_the_rest_as_it_was(made: tuple[np.ndarray, np.ndarray]) -> None:
    guesses, labels = made
    before = LearningHistory.of(guesses, labels)
    kept = {name: np.copy(value) for name, value in vars_of(before).items()}
    before.after(guesses[0])
    for name, value in vars_of(before).items():
        assert np.array_equal(value, kept[name]), name


def vars_of(history: LearningHistory) -> dict[str, np.ndarray]:
    return {name: getattr(history, name) for name in LearningHistory.__dataclass_fields__}


def test_an_epoch_in_three_numbers() -> None:
    labels = np.array([0, 1, 2, 2], np.uint8)
    rows = np.array([[0, 0, 0, 1], [0, 1, 0, 1], [1, 1, 2, 1]], np.uint8)
    history = LearningHistory.begin(labels)
    assert history.changes == Changes(0, 0, 4)
    history = history.after(rows[0])
    assert history.changes == Changes(0, 0, 3), "an untrained network may be lucky"
    assert history.after(rows[1]).changes == Changes(1, 0, 2)
    assert history.after(rows[1]).after(rows[2]).changes == Changes(1, 1, 1)


def test_the_untrained_network_s_luck_is_not_knowledge() -> None:
    history = LearningHistory.of(np.array([[1], [0]], np.uint8), np.array([1], np.uint8))
    assert history.broken.tolist() == [True]
    assert history.never_right.tolist() == [True]
    assert history.forgotten.tolist() == [0]


def test_a_row_of_another_length_is_refused() -> None:
    history = LearningHistory.begin(np.zeros(3, np.uint8))
    with pytest.raises(ValueError, match="must be"):
        history.after(np.zeros(2, np.uint8))


def test_a_thousand_epochs_of_10_000_digits_take_a_moment() -> None:
    rng = np.random.default_rng(0)
    guesses = rng.integers(0, 10, (100, 10_000), dtype=np.uint8)
    labels = rng.integers(0, 10, 10_000, dtype=np.uint8)
    began = time.process_time()
    LearningHistory.of(guesses, labels)
    # A tenth of the thousand; some 15 ms on an idle machine.
    assert time.process_time() - began < 1
