"""A run, put down and taken up again: bit for bit the run that was never interrupted.

    save(path, trainer)
    trainer = load(path, split)         # another process, another day
    for event in trainer.run(): ...     # goes on with the very next step

All that the rest of a run depends on is in the file: parameters, the optimiser's memory, batch
norm's running statistics, the average, the best epoch, the generators of random numbers, this
epoch's permutation and the position in it, and the epochs so far. Leave any one out, and the run
goes on as another. (Augmentation has no state: what a batch looks like follows from the seed, the
epoch and the number of the batch.) The file itself is an `archive`: written whole or not at all,
and read without trusting it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nn.archive import ArchiveError, ArchiveReader, Shapes, open_archive
from nn.archive import save as save_archive
from nn.averaging import Average
from nn.data.dataset import Split, shown
from nn.events import EpochDone
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.metrics import Evaluation
from nn.network import Network
from nn.optimizers import OPTIMIZERS
from nn.trainer import Trainer

Array = NDArray[Any]

KIND = "checkpoint"
VERSION = 1

_COLUMNS = tuple(field.name for field in dataclasses.fields(EpochDone))
_COUNTS = ("epoch", "step")
_ALWAYS_KNOWN = ("train_loss", "learning_rate", "seconds", "samples_per_second")

LONGEST = 1e9
"""Seconds that a run may have taken, some thirty years: beyond, a step would no longer count."""

Count = Annotated[int, Field(ge=0, strict=True)]


class Words(BaseModel):
    """What of a trainer's state is no array. NaN, which JSON does not know, is None."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    hyperparameters: Hyperparameters
    fingerprint: str
    """Of the data set: a run cannot go on with other digits."""
    test_rows: str
    """Which of them are for the test, as a checksum: else it might go on to learn from those."""
    step: Count
    epochs_done: Count
    position: Count
    epoch_loss: float
    train_loss: float | None
    last_learning_rate: float | None
    seconds: float
    training_seconds: float
    epoch_began: tuple[float, float]
    test: tuple[float | None, float | None] | None
    best_loss: float | None
    best_epoch: Count
    average_updates: Count | None
    optimizer: dict[str, float]
    rng: dict[str, Any]
    dropout_rng: dict[str, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class State:
    """Everything the rest of a run depends on; the arrays are the trainer's own, not copies."""

    words: Words
    arrays: Mapping[str, Array]


def capture(trainer: Trainer) -> State:
    """The state of a trainer between two steps."""
    evaluation, best, average = trainer.evaluation, trainer.best, trainer.average
    words = Words(
        hyperparameters=trainer.hyperparameters,
        fingerprint=trainer.split.fingerprint,
        test_rows=_test_rows(trainer.split),
        step=trainer.step,
        epochs_done=trainer.epochs_done,
        position=trainer.position,
        epoch_loss=trainer.epoch_loss,
        train_loss=_finite(trainer.train_loss),
        last_learning_rate=_finite(trainer.last_learning_rate),
        seconds=trainer.seconds,
        training_seconds=trainer.training_seconds,
        epoch_began=trainer.epoch_began,
        test=evaluation and (_finite(evaluation.loss), _finite(evaluation.accuracy)),
        best_loss=_finite(best.loss),
        best_epoch=best.epoch,
        average_updates=average.updates if average else None,
        optimizer=trainer.optimizer.numbers(),
        rng=dict(trainer.rng.bit_generator.state),
        dropout_rng=dict(trainer.dropout_rng.bit_generator.state),
    )
    arrays: dict[str, Array | None] = {
        "parameters": trainer.network.parameters,
        "state": trainer.network.state,
        "permutation": trainer.permutation,
        "average.parameters": average.parameters if average else None,
        "average.state": average.state if average else None,
        "best.parameters": best.parameters,
        "best.state": best.state,
        "history": np.array([_row(done) for done in trainer.history]).reshape(-1, len(_COLUMNS)),
    }
    arrays |= {f"optimizer.{name}": array for name, array in trainer.optimizer.arrays().items()}
    return State(words, {name: array for name, array in arrays.items() if array is not None})


def restore(state: State, split: Split) -> Trainer:
    """A trainer that goes on where `capture` was called, with the same digits.

    Raises:
        HyperparameterError: the digits do not suffice for these hyperparameters.
        ValueError: the state is not one that a trainer can be in, or is one with other digits; with
            a sentence.
    """
    words, arrays = state.words, state.arrays
    _check_digits(words, split)
    trainer = Trainer(words.hyperparameters, split)
    _check(words, arrays, trainer)
    _check_history(words, arrays["history"], trainer)
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


def pass_on(state: State, trainer: Trainer) -> None:
    """Give a new trainer what another one has learnt: parameters, memories, chances and counts.

    The layers and the optimiser must be of the same kind, the digits need not be.

    Raises:
        ValueError: the numbers are none that an optimiser or a generator can hold.
    """
    words, arrays = state.words, state.arrays
    trainer.network.parameters[...] = arrays["parameters"]
    trainer.network.state[...] = arrays["state"]
    for name, array in trainer.optimizer.arrays().items():
        array[...] = arrays[f"optimizer.{name}"]
    try:
        trainer.optimizer.set_numbers(words.optimizer)
        for rng, luck in ((trainer.rng, words.rng), (trainer.dropout_rng, words.dropout_rng)):
            rng.bit_generator.state = luck
            if rng.bit_generator.state != luck:
                raise ValueError("it was rounded")
    except (ValueError, TypeError, KeyError, OverflowError):
        raise ValueError("holds generators of random numbers that cannot be") from None
    if trainer.average is not None:
        # The one it has is of the parameters that it drew.
        trainer.average = Average(trainer.network)
        if words.average_updates is not None:
            trainer.average.updates = words.average_updates
            trainer.average.parameters[...] = arrays["average.parameters"]
            trainer.average.state[...] = arrays["average.state"]
    trainer.step, trainer.epochs_done = words.step, words.epochs_done


def save(path: Path, trainer: Trainer) -> None:
    """Write the trainer's state to `path`: whole and on the disk, or not at all.

    Raises:
        ArchiveError: it cannot be written; what was there before is still there.
    """
    state = capture(trainer)
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
            _check_digits(words, split)
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


def _shapes(words: Words, split: Split, reader: ArchiveReader) -> Shapes:
    """What arrays the words promise; found out without making a single one of them."""
    h = words.hyperparameters
    sizes = (split.train_images.shape[1], *h.hidden, len(split.class_names))
    n, n_state = Network.count(sizes, h.activation, normalization=h.normalization, skip=h.skip)
    vector, state = (np.float32, (n,)), (np.float32, (n_state,))
    shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
        "parameters": vector,
        "state": state,
        "history": (np.float64, (words.epochs_done, len(_COLUMNS))),
    }
    shapes |= {f"optimizer.{name}": vector for name in OPTIMIZERS[h.optimizer].array_names}
    if words.average_updates is not None:
        shapes |= {"average.parameters": vector, "average.state": state}
    if h.keep == "best" and words.best_epoch:
        shapes |= {"best.parameters": vector, "best.state": state}
    if "permutation" in reader.shapes:
        n_held_out = math.ceil(len(split.train_images) * h.validation)
        shapes["permutation"] = (np.int64, (len(split.train_images) - n_held_out,))
    return shapes


def _check_digits(words: Words, split: Split) -> None:
    """
    Raises:
        ValueError: these are not the digits that the run began with.
    """
    if words.fingerprint != split.fingerprint:
        raise ValueError("was made with other digits than these")
    if words.test_rows != _test_rows(split):
        raise ValueError("was made with another split of these digits")


def _check(words: Words, arrays: Mapping[str, Array], trainer: Trainer) -> None:
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


def _check_history(words: Words, rows: Array, trainer: Trainer) -> None:
    """
    Raises:
        ValueError: the epochs or the times are not such as can have been.
    """
    column = dict(zip(_COLUMNS, rows.T, strict=True))
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


def _test_rows(split: Split) -> str:
    return hashlib.sha256(np.ascontiguousarray(split.test_indices).data).hexdigest()


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _or_nan(number: float | None) -> float:
    return math.nan if number is None else number


def _row(done: EpochDone) -> list[float]:
    return [_or_nan(getattr(done, name)) for name in _COLUMNS]


def _epoch(row: Array) -> EpochDone:
    values: dict[str, Any] = dict(zip(_COLUMNS, map(float, row), strict=True))
    for name in _COUNTS:
        values[name] = int(values[name])
    for name in ("validation_loss", "validation_accuracy"):
        values[name] = values[name] if math.isfinite(values[name]) else None
    return EpochDone(**values)
