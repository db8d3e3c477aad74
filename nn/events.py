"""What a training run has to say: frozen facts, in the order in which they came true.

Losses are mean cross-entropies in nats, accuracies shares between 0 and 1. Epochs and steps count
from 1; a step is one mini-batch. Seconds are those spent inside the trainer, training and testing;
while whoever reads the events holds the pen, the clock stands. Samples per second count training
alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from nn.hyperparameters import Value


@dataclass(frozen=True, slots=True)
class RunStarted:
    """Before the first step; the test figures are those of the network as it was drawn."""

    layer_sizes: tuple[int, ...]
    n_parameters: int
    n_train: int
    n_test: int
    epochs: int
    steps_per_epoch: int
    test_loss: float
    test_accuracy: float
    n_validation: int = 0


@dataclass(frozen=True, slots=True)
class StepDone:
    """One mini-batch: the loss before the step, and the length of the gradient (2-norm)."""

    step: int
    epoch: int
    loss: float
    learning_rate: float
    gradient_norm: float


@dataclass(frozen=True, slots=True)
class EpochDone:
    """One pass over the training set, and the test set after it.

    `train_loss` is the mean over the epoch's digits as each was met, so it lags a little behind. It
    is of what was trained on: with dropout, augmentation or smoothed labels it may be the higher
    one. The validation figures are None where no digits were held out.
    """

    epoch: int
    step: int
    train_loss: float
    test_loss: float
    test_accuracy: float
    learning_rate: float
    seconds: float
    samples_per_second: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class HyperparameterChanged:
    """A knob was turned between two steps; `step` is the last one before the change."""

    name: str
    old: Value
    new: Value
    step: int


@dataclass(frozen=True, slots=True)
class Diverged:
    """The loss of this step, or its gradient, was not a finite number: the run ends here."""

    step: int
    epoch: int
    loss: float
    learning_rate: float


@dataclass(frozen=True, slots=True)
class RunFinished:
    """All epochs are done, or patience has run out (`stopped_early`).

    `samples_per_second` counts training only, `seconds` also testing. `best_epoch` is the one with
    the lowest validation loss, None without validation; if the best parameters are kept, the test
    figures are theirs.
    """

    epochs: int
    step: int
    train_loss: float
    test_loss: float
    test_accuracy: float
    seconds: float
    samples_per_second: float
    best_epoch: int | None = None
    stopped_early: bool = False


Event = RunStarted | StepDone | EpochDone | HyperparameterChanged | Diverged | RunFinished
