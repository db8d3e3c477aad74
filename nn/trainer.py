"""The loop that ties it all together.

    trainer = Trainer(hyperparameters, split)
    for event in trainer.run():
        ...

`run()` is a generator of frozen events and nothing else: no callbacks, no printing. Whoever
iterates it decides the pace; to stop iterating is to stop training, at a step's precision, and to
iterate a new `run()` is to go on. Between two events `trainer.set(learning_rate=...)` tunes the run
live.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nn.batches import Batches
from nn.data.dataset import Split
from nn.events import (
    Diverged,
    EpochDone,
    Event,
    HyperparameterChanged,
    RunFinished,
    RunStarted,
    StepDone,
)
from nn.hyperparameters import SPECS, HyperparameterError, Hyperparameters
from nn.losses import SoftmaxCrossEntropy
from nn.metrics import CHUNK, Evaluation, evaluate
from nn.network import Network
from nn.optimizers import OPTIMIZERS
from nn.schedules import SCHEDULES

_in_words = np.errstate(over="ignore", invalid="ignore", divide="ignore")
"""A loss that overflows is reported by `Diverged`, in words, not by NumPy's warnings. It decorates
single steps, never `run()`: around a `yield` it would hold for whoever iterates, too."""


class Trainer:
    """A network, its digits, and where in the run it stands.

    Everything that the rest of the run depends on is an attribute: the parameters, the optimiser's
    memory, the generator of random numbers, this epoch's permutation and the position in it.
    """

    def __init__(self, hyperparameters: Hyperparameters, split: Split) -> None:
        """
        Raises:
            HyperparameterError: the batch is larger than the training set.
        """
        h, n_train = hyperparameters, len(split.train_images)
        if h.batch_size > n_train:
            raise HyperparameterError(
                "batch_size",
                f"{SPECS['batch_size'].label} must be at most {n_train:,}, the number of training "
                f"digits in {split.dataset_name} (got {h.batch_size:,}).",
            )
        self.hyperparameters = h
        self.rng = np.random.default_rng(h.seed)
        sizes = (split.train_images.shape[1], *h.hidden, len(split.class_names))
        self.layer_sizes = sizes
        self.network = Network.build(sizes, h.activation, self.rng)
        self.loss = SoftmaxCrossEntropy(len(split.class_names))
        self.optimizer = OPTIMIZERS[h.optimizer](self.network.parameters, h.momentum)
        self.train = Batches(split.train_images, split.train_labels, split.pixel_max, h.batch_size)
        self.test = Batches(split.test_images, split.test_labels, split.pixel_max, CHUNK)

        self.steps_per_epoch = -(-n_train // h.batch_size)
        self.total_steps = self.steps_per_epoch * h.epochs
        self.step = 0
        self.epochs_done = 0
        self.position = 0
        self.permutation: NDArray[np.intp] | None = None
        self.epoch_loss = 0.0
        self.train_loss = math.nan
        self.last_learning_rate = math.nan
        self.seconds = 0.0
        self.training_seconds = 0.0
        self._epoch_began = (0.0, 0.0)
        self.evaluation: Evaluation | None = None

    def set(self, **changes: object) -> list[HyperparameterChanged]:
        """Turn live knobs between two steps; the facts are returned, not yielded by `run()`,
        for whoever turned the knob holds them at once, even while the run is paused.

        Raises:
            HyperparameterError: unknown, not live, or out of bounds; then nothing has changed.
        """
        parsed = {}
        for name, value in changes.items():
            spec = SPECS.get(name)
            if spec is None:
                raise HyperparameterError(name, f"There is no hyperparameter {ascii(name)[:60]}.")
            if not spec.live:
                raise HyperparameterError(
                    name, f"{spec.label} cannot change while a run goes on; it needs a new run."
                )
            if name == "momentum" and not self.optimizer.uses_momentum:
                optimizer = self.hyperparameters.optimizer
                raise HyperparameterError(name, f"{spec.label} has no part in {optimizer}.")
            parsed[name] = spec.parse(value)
        old = self.hyperparameters
        self.hyperparameters = old.model_copy(update=parsed)
        self.optimizer.momentum = self.hyperparameters.momentum
        return [
            HyperparameterChanged(name, getattr(old, name), new, self.step)
            for name, new in parsed.items()
            if new != getattr(old, name)
        ]

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step: the schedule's factor of the one that is set."""
        h = self.hyperparameters
        factor = SCHEDULES[h.schedule](self.step / self.total_steps, h.warmup)
        return h.learning_rate * factor

    def run(self) -> Iterator[Event]:
        """Train from where the run stands to its end."""
        if self.step == 0:
            yield self._start()
        while self.epochs_done < self.hyperparameters.epochs:
            if self.permutation is None:
                self.permutation = self.rng.permutation(len(self.train))
                self._epoch_began = (self.seconds, self.training_seconds)
            while self.position < len(self.train):
                done = self._step()
                yield done
                if isinstance(done, Diverged):
                    return
            closed = self._finish_epoch()
            yield closed
            if isinstance(closed, Diverged):
                return
        yield self._finish_run()

    @_in_words
    def _start(self) -> RunStarted:
        began = time.perf_counter()
        self.evaluation = evaluate(self.network, self.test, self.loss)
        self.seconds += time.perf_counter() - began
        return RunStarted(
            layer_sizes=self.layer_sizes,
            n_parameters=self.network.parameters.size,
            n_train=len(self.train),
            n_test=len(self.test),
            epochs=self.hyperparameters.epochs,
            steps_per_epoch=self.steps_per_epoch,
            test_loss=self.evaluation.loss,
            test_accuracy=self.evaluation.accuracy,
        )

    @_in_words
    def _step(self) -> StepDone | Diverged:
        """One mini-batch: forward, loss, backward, update."""
        began = time.perf_counter()
        assert self.permutation is not None
        stop = min(self.position + self.hyperparameters.batch_size, len(self.train))
        learning_rate = self.last_learning_rate = self.learning_rate
        network, step, epoch = self.network, self.step + 1, self.epochs_done + 1

        x, labels = self.train.gather(self.permutation[self.position : stop])
        loss = self.loss.forward(network.forward(x), labels)
        network.backward(self.loss.backward())
        gradient_norm = math.sqrt(np.dot(network.gradients, network.gradients))
        # Asked before the step is taken: a step along such a gradient would ruin every parameter.
        if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
            return Diverged(step, epoch, loss, learning_rate)
        self.optimizer.step(network.parameters, network.gradients, learning_rate)

        self.epoch_loss += loss * len(labels)
        self.position, self.step = stop, step
        spent = time.perf_counter() - began
        self.seconds += spent
        self.training_seconds += spent
        return StepDone(step, epoch, loss, learning_rate, gradient_norm)

    @_in_words
    def _finish_epoch(self) -> EpochDone | Diverged:
        began = time.perf_counter()
        self.evaluation = evaluate(self.network, self.test, self.loss)
        self.seconds += time.perf_counter() - began
        if not math.isfinite(self.evaluation.loss):
            epoch, loss = self.epochs_done + 1, self.evaluation.loss
            return Diverged(self.step, epoch, loss, self.last_learning_rate)
        seconds_before, training_before = self._epoch_began
        self.train_loss = self.epoch_loss / len(self.train)
        self.epochs_done += 1
        self.permutation, self.position, self.epoch_loss = None, 0, 0.0
        return EpochDone(
            epoch=self.epochs_done,
            step=self.step,
            train_loss=self.train_loss,
            test_loss=self.evaluation.loss,
            test_accuracy=self.evaluation.accuracy,
            learning_rate=self.last_learning_rate,
            seconds=self.seconds - seconds_before,
            samples_per_second=len(self.train) / (self.training_seconds - training_before),
        )

    def _finish_run(self) -> RunFinished:
        assert self.evaluation is not None
        return RunFinished(
            epochs=self.epochs_done,
            step=self.step,
            train_loss=self.train_loss,
            test_loss=self.evaluation.loss,
            test_accuracy=self.evaluation.accuracy,
            seconds=self.seconds,
            samples_per_second=len(self.train) * self.epochs_done / self.training_seconds,
        )
