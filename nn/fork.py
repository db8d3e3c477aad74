"""A fork: a new run that goes on from another's checkpoint, with other hyperparameters.

    forked = fork(parent_checkpoint, new_checkpoint, {"learning_rate": 0.01})

What was learnt goes along: parameters, batch norm's statistics, the generators of random numbers,
the place in the epoch and in the schedule. So a fork that changes nothing is bit for bit the run it
came from, and whatever turns out otherwise is due to the change. What cannot go along starts anew:
another optimiser begins with an empty memory, and an average that was not there with the parameters
as they are. What would not fit at all is refused (`Spec.fixed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from nn.archive import ArchiveError, open_archive
from nn.archive import save as save_archive
from nn.best import out_of_patience
from nn.checkpoint import KIND, VERSION
from nn.data.dataset import shown
from nn.events import HyperparameterChanged
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.optimizers import OPTIMIZERS
from nn.specs import SPECS, differences, parse_fork
from nn.state import Words

Array = NDArray[Any]


@dataclass(frozen=True)
class Fork:
    """Where a fork begins, with what, and what of that its parent had otherwise."""

    step: int
    epochs_done: int
    hyperparameters: Hyperparameters
    changes: tuple[HyperparameterChanged, ...]


def changed(old: Hyperparameters, changes: Mapping[str, object]) -> Hyperparameters:
    """The hyperparameters of a fork.

    Raises:
        HyperparameterError: unknown, out of bounds, not to be changed in a fork, or no change.
    """
    new = old.model_copy(update=parse_fork(changes))
    new.check_together()
    if new == old:
        raise HyperparameterError(
            "", "Nothing would be different: change something, such as the learning rate."
        )
    return new


def fork(source: Path, destination: Path, changes: Mapping[str, object]) -> Fork:
    """Write to `destination` the checkpoint `source` as a run with these changes would have it.

    No digits are needed; whoever goes on from it holds it against them, like any checkpoint.

    Raises:
        HyperparameterError: a change that a fork cannot make, or no epoch is left to do.
        ArchiveError: `source` is missing or damaged, or `destination` cannot be written.
    """
    with open_archive(source, kind=KIND, version=VERSION) as reader:
        try:
            words = Words.model_validate(reader.words)
        except ValidationError:
            raise ArchiveError(f"{shown(source)} is not a checkpoint to fork from.") from None
        arrays = reader.arrays(finite=["parameters", "state"])
    old = words.hyperparameters
    new = changed(old, changes)
    _check_that_it_goes_on(new, words)
    update: dict[str, object] = {"hyperparameters": new}
    if new.optimizer != old.optimizer:
        kind = OPTIMIZERS[new.optimizer]
        arrays = {k: v for k, v in arrays.items() if not k.startswith("optimizer.")}
        zeros = np.zeros_like(arrays["parameters"])
        arrays |= {f"optimizer.{name}": zeros for name in kind.array_names}
        update["optimizer"] = dict.fromkeys(kind.number_names, 0.0)
    if not new.ema_decay:
        arrays = {k: v for k, v in arrays.items() if not k.startswith("average.")}
        update["average_updates"] = None
    elif words.average_updates is None:
        arrays |= {f"average.{name}": arrays[name] for name in ("parameters", "state")}
        update["average_updates"] = 0
    forked = words.model_copy(update=update).model_dump(mode="json")
    save_archive(destination, forked, arrays, kind=KIND, version=VERSION)
    turned = tuple(
        HyperparameterChanged(name, getattr(old, name), value, words.step)
        for name, value in differences(old, new).items()
    )
    return Fork(words.step, words.epochs_done, new, turned)


def _check_that_it_goes_on(new: Hyperparameters, words: Words) -> None:
    """
    Raises:
        HyperparameterError: a run with these would be over before its first step.
    """
    done, least = words.epochs_done, words.epochs_done + 1
    if new.epochs < least:
        raise HyperparameterError(
            "epochs",
            f"{SPECS['epochs'].label} must be at least {least:,} in a fork after epoch {done:,} "
            f"(got {new.epochs:,}).",
        )
    if out_of_patience(new.patience, done, words.best_epoch):
        waited = done - words.best_epoch
        raise HyperparameterError(
            "patience",
            f"{SPECS['patience'].label} must be 0, or more than {waited:,}, in a fork after epoch "
            f"{done:,}: the best one was {waited:,} before (got {new.patience:,}).",
        )
