"""A run, put down and taken up again: bit for bit the run that was never interrupted.

    save(path, trainer)
    trainer = load(path, split)         # another process, another day
    for event in trainer.run(): ...     # goes on with the very next step

What is kept is the `state` of the trainer. The file itself is an `archive`: written whole or not at
all, and read without trusting it; what it says must be `plausible` before a run goes on from it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from nn.archive import ArchiveError, ArchiveReader, Shapes, open_archive
from nn.archive import save as save_archive
from nn.data.dataset import Split, shown
from nn.events import EpochDone
from nn.hyperparameters import HyperparameterError
from nn.metrics import Evaluation
from nn.network import Network
from nn.optimizers import OPTIMIZERS
from nn.plausible import check_counts, check_digits, check_history
from nn.state import COLUMNS, State, Words, capture, pass_on
from nn.supply import n_held_out
from nn.trainer import Trainer

Array = NDArray[Any]

KIND = "checkpoint"
VERSION = 1

_COUNTS = ("epoch", "step")


def save(path: Path, trainer: Trainer) -> None:
    """Write the trainer's state to `path`: whole and on the disk, or not at all.

    Raises:
        ArchiveError: it cannot be written; what was there before is still there.
    """
    save_state(path, capture(trainer))


def save_state(path: Path, state: State) -> None:
    """Write a state that was captured before.

    Raises:
        ArchiveError: it cannot be written; what was there before is still there.
    """
    words = state.words.model_dump(mode="json")
    save_archive(path, words, state.arrays, kind=KIND, version=VERSION)


def load(path: Path, split: Split) -> Trainer:
    """The trainer whose state is in `path`, to go on with the digits that it had.

    Raises:
        ArchiveError: the file is missing, damaged, from a newer Inkling, of other digits, or not
            what a trainer can have written.
    """
    with open_archive(path, kind=KIND, version=VERSION) as reader:
        try:
            words = Words.model_validate(reader.words)
            check_digits(words, split)
            weights = [name for name in reader.shapes if name not in ("permutation", "history")]
            arrays = reader.arrays(_shapes(words, split, reader), finite=weights)
            return restore(State(words, arrays), split)
        except ValidationError as error:
            place = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
            why = f"has no usable {shown(place)}"
        except HyperparameterError as error:
            why = f"cannot be used: {str(error).rstrip('.')}"
        except ValueError as error:
            why = str(error)
    raise ArchiveError(f"{shown(path)} {why}; use another checkpoint.")


def restore(state: State, split: Split) -> Trainer:
    """A trainer that goes on where `capture` was called, with the same digits.

    Raises:
        HyperparameterError: the digits do not suffice for these hyperparameters.
        ValueError: the state is not one that a trainer can be in, or is one with other digits; with
            a sentence.
    """
    words, arrays = state.words, state.arrays
    check_digits(words, split)
    trainer = Trainer(words.hyperparameters, split)
    check_counts(words, arrays, trainer)
    check_history(words, arrays["history"], trainer)
    pass_on(state, trainer)
    trainer.best.loss = math.inf if words.best_loss is None else words.best_loss
    trainer.best.epoch = words.best_epoch
    if "best.parameters" in arrays:
        trainer.best.parameters = arrays["best.parameters"].copy()
        trainer.best.state = arrays["best.state"].copy()
    if "permutation" in arrays:
        trainer.permutation = arrays["permutation"].astype(np.intp)
    trainer.position, trainer.epoch_loss = words.position, words.epoch_loss
    trainer.train_loss, trainer.last_learning_rate = map(
        _or_nan, (words.train_loss, words.last_learning_rate)
    )
    trainer.seconds, trainer.training_seconds = words.seconds, words.training_seconds
    trainer.epoch_began = words.epoch_began
    if words.test is not None:
        nobody = np.empty((0, trainer.network.n_classes), trainer.network.dtype)
        loss, accuracy = map(_or_nan, words.test)
        trainer.evaluation = Evaluation(loss, accuracy, nobody)
    trainer.history = [_epoch(row) for row in arrays["history"]]
    return trainer


def _shapes(words: Words, split: Split, reader: ArchiveReader) -> Shapes:
    """What arrays the words promise; found out without making a single one of them."""
    h = words.hyperparameters
    sizes = h.layer_sizes(split.train_images.shape[1], len(split.class_names))
    n_parameters, n_state = Network.count(
        sizes, h.activation, normalization=h.normalization, skip=h.skip
    )
    vector, state = (np.float32, (n_parameters,)), (np.float32, (n_state,))
    shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
        "parameters": vector,
        "state": state,
        "history": (np.float64, (words.epochs_done, len(COLUMNS))),
    }
    shapes |= {f"optimizer.{name}": vector for name in OPTIMIZERS[h.optimizer].array_names}
    if words.average_updates is not None:
        shapes |= {"average.parameters": vector, "average.state": state}
    if h.keep == "best" and words.best_epoch:
        shapes |= {"best.parameters": vector, "best.state": state}
    if "permutation" in reader.shapes:
        n = len(split.train_images)
        shapes["permutation"] = (np.int64, (n - n_held_out(n, h),))
    return shapes


def _or_nan(number: float | None) -> float:
    return math.nan if number is None else number


def _epoch(row: Array) -> EpochDone:
    values: dict[str, Any] = dict(zip(COLUMNS, map(float, row), strict=True))
    for name in _COUNTS:
        values[name] = int(values[name])
    for name in ("validation_loss", "validation_accuracy"):
        values[name] = values[name] if math.isfinite(values[name]) else None
    return EpochDone(**values)
