"""What of a run has to be kept, for its rest to be the same to the bit.

Parameters, the optimiser's memory, batch norm's running statistics, the average, the best epoch,
the generators of random numbers, this epoch's permutation and the position in it, and the epochs so
far. Leave any one out, and the run goes on as another. (Augmentation has no state: what a batch
looks like follows from the seed, the epoch and the number of the batch.)
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from nn.averaging import Average
from nn.data.dataset import Split
from nn.events import EpochDone
from nn.hyperparameters import Hyperparameters
from nn.trainer import Trainer

Array = NDArray[Any]

COLUMNS = tuple(field.name for field in dataclasses.fields(EpochDone))
"""Of the history's array: a row is an epoch; what there is none of is NaN."""

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

    def copied(self) -> State:
        """The same with arrays of its own, for the trainer to go on meanwhile."""
        return State(self.words, {name: array.copy() for name, array in self.arrays.items()})


def capture(trainer: Trainer) -> State:
    """The state of a trainer between two steps."""
    evaluation, best, average = trainer.evaluation, trainer.best, trainer.average
    words = Words(
        hyperparameters=trainer.hyperparameters,
        fingerprint=trainer.split.fingerprint,
        test_rows=checksum_of_test_rows(trainer.split),
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
        "history": np.array([_row(done) for done in trainer.history]).reshape(-1, len(COLUMNS)),
    }
    arrays |= {f"optimizer.{name}": array for name, array in trainer.optimizer.arrays().items()}
    return State(words, {name: array for name, array in arrays.items() if array is not None})


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


def checksum_of_test_rows(split: Split) -> str:
    return hashlib.sha256(np.ascontiguousarray(split.test_indices).data).hexdigest()


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _row(done: EpochDone) -> list[float]:
    return [math.nan if (value := getattr(done, name)) is None else value for name in COLUMNS]
