"""Is this a state that a trainer can have been in?

What comes from a file is undamaged once its checksums agree, and may still be anybody's. So before
a run goes on from a state, its parts are held against each other and against the digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.data.dataset import Split
from nn.state import COLUMNS, Words, checksum_of_test_rows
from nn.trainer import Trainer

Array = NDArray[Any]

LONGEST = 1e9
"""Seconds that a run may have taken, some thirty years: beyond, a step would no longer count."""

_ALWAYS_KNOWN = ("train_loss", "learning_rate", "seconds", "samples_per_second")


def check_digits(words: Words, split: Split) -> None:
    """
    Raises:
        ValueError: these are not the digits that the run began with.
    """
    if words.fingerprint != split.fingerprint:
        raise ValueError("was made with other digits than these")
    if words.test_rows != checksum_of_test_rows(split):
        raise ValueError("was made with another split of these digits")


def check_counts(words: Words, arrays: Mapping[str, Array], trainer: Trainer) -> None:
    """
    Raises:
        ValueError: the parts of a state contradict each other.
    """
    h = words.hyperparameters
    permutation = arrays.get("permutation")
    into_epoch = 0
    if permutation is not None:
        if not np.array_equal(np.sort(permutation), trainer.train_rows):
            raise ValueError("has an order of the training digits that is none")
        into_epoch = -(-words.position // h.batch_size)
        if words.position > trainer.n_train or (
            words.position % h.batch_size and words.position != trainer.n_train
        ):
            raise ValueError("stands at a position in the epoch where no batch ends")
    elif words.position:
        raise ValueError("stands in the midst of an epoch without an order")
    if words.step != words.epochs_done * trainer.steps_per_epoch + into_epoch:
        raise ValueError("has steps and epochs that do not fit together")
    if words.epochs_done > h.epochs or words.best_epoch > words.epochs_done:
        raise ValueError("has more epochs behind it than there are")
    if (words.average_updates is None) != (h.ema_decay == 0):
        raise ValueError("has an average where there should be none, or none where there should")
    if words.average_updates is not None and words.average_updates > words.step:
        raise ValueError("has an average of more steps than there were")
    if words.test is None and words.step:
        raise ValueError("has steps behind it but no test")
    judged = bool(h.validation and words.epochs_done)
    if bool(words.best_epoch) != judged or (words.best_loss is not None) != judged:
        raise ValueError("has a best epoch that cannot be")


def check_history(words: Words, rows: Array, trainer: Trainer) -> None:
    """
    Raises:
        ValueError: the epochs or the times are not such as can have been.
    """
    column = dict(zip(COLUMNS, rows.T, strict=True))
    epochs = np.arange(1, len(rows) + 1)
    if not (
        np.array_equal(column["epoch"], epochs)
        and np.array_equal(column["step"], epochs * trainer.steps_per_epoch)
        and all(np.isfinite(column[name]).all() for name in _ALWAYS_KNOWN)
        and not np.isinf(rows).any()
    ):
        raise ValueError("has a history that cannot be")
    (began, training_began), trained = words.epoch_began, words.training_seconds
    if not (0 <= began <= words.seconds <= LONGEST and 0 <= training_began <= trained <= LONGEST):
        raise ValueError("has times that cannot be")
    # A speed is a number of digits by such a time.
    if (words.step and trained == 0) or (words.position and trained == training_began):
        raise ValueError("has times that cannot be")
