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

from nn.averaging import Average
from nn.best import out_of_patience
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
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.judging import Judging
from nn.losses import SoftmaxCrossEntropy
from nn.network import Network
from nn.optimizers import OPTIMIZERS, clip
from nn.schedules import SCHEDULES, Shape
from nn.specs import SPECS, parse_live
from nn.supply import DROPOUT, Supply, amounts_of, held_out, stream

_in_words = np.errstate(over="ignore", invalid="ignore", divide="ignore")
"""A loss that overflows is reported by `Diverged`, in words, not by NumPy's warnings. It decorates
single steps, never `run()`: around a `yield` it would hold for whoever iterates, too."""


class Trainer(Judging):
    """A network, its digits, and where in the run it stands.

    Everything that the rest of the run depends on is an attribute: the parameters, the optimiser's
    memory, the generators of random numbers, this epoch's permutation and the position in it.
    """

    def __init__(self, hyperparameters: Hyperparameters, split: Split) -> None:
        """
        Raises:
            HyperparameterError: the batch is larger than the training set, or there is nothing to
                judge by what is to be judged.
        """
        h = self.hyperparameters = hyperparameters
        h.check_together()
        self.split = split
        self.train_rows, validation_rows = held_out(split, h)
        self.n_train = len(self.train_rows)
        if h.batch_size > self.n_train:
            raise HyperparameterError(
                "batch_size",
                f"{SPECS['batch_size'].label} must be at most {self.n_train:,}, the number of "
                f"training digits in {split.dataset_name} (got {h.batch_size:,}).",
            )
        super().__init__(split, validation_rows, keep_best=h.keep == "best")
        self.rng = np.random.default_rng(h.seed)
        self.dropout_rng = stream(h.seed, DROPOUT)
        n_classes = len(split.class_names)
        self.layer_sizes = h.layer_sizes(split.train_images.shape[1], n_classes)
        self.network = Network.build(
            self.layer_sizes,
            h.activation,
            self.rng,
            initializer=h.initializer,
            normalization=h.normalization,
            skip=h.skip,
            dropout_rng=self.dropout_rng,
        )
        self.loss = SoftmaxCrossEntropy(n_classes)
        self.optimizer = OPTIMIZERS[h.optimizer](
            self.network.parameters, h.momentum, h.weight_decay, self.network.n_decayed
        )
        self.supply = Supply(split, h.batch_size, h.seed)

        self.steps_per_epoch = -(-self.n_train // h.batch_size)
        self.step = 0
        self.epochs_done = 0
        self.position = 0
        self.permutation: NDArray[np.intp] | None = None
        self.epoch_loss = 0.0
        self.train_loss = math.nan
        self.last_learning_rate = math.nan
        self.training_seconds = 0.0
        self.epoch_began = (0.0, 0.0)
        self.history: list[EpochDone] = []
        self._turn_knobs()

    def set(self, **changes: object) -> list[HyperparameterChanged]:
        """Turn live knobs between two steps; the facts are returned, not yielded by `run()`,
        for whoever turned the knob holds them at once, even while the run is paused.

        Raises:
            HyperparameterError: unknown, not live, or out of bounds; then nothing has changed.
        """
        old = self.hyperparameters
        parsed = parse_live(changes)
        if "momentum" in parsed and not self.optimizer.uses_momentum:
            label = SPECS["momentum"].label
            raise HyperparameterError("momentum", f"{label} has no part in {old.optimizer}.")
        epochs = parsed.get("epochs")
        if isinstance(epochs, int) and epochs < self.epochs_begun:
            raise HyperparameterError(
                "epochs",
                f"{SPECS['epochs'].label} must be at least {self.epochs_begun:,}: so many are "
                f"begun (got {epochs:,}).",
            )
        self.hyperparameters = old.model_copy(update=parsed)
        self._turn_knobs()
        if self.permutation is not None and amounts_of(old) != amounts_of(self.hyperparameters):
            self.supply.change(amounts_of(self.hyperparameters))
        return [
            HyperparameterChanged(name, getattr(old, name), new, self.step)
            for name, new in parsed.items()
            if new != getattr(old, name)
        ]

    def extend(self, epochs: int) -> list[HyperparameterChanged]:
        """Let the run have so many epochs in all, no fewer than are begun; its schedule is
        stretched to them."""
        return self.set(epochs=max(epochs, self.epochs_begun))

    @property
    def epochs_begun(self) -> int:
        """How many epochs are done, or being done; a run has one at the least."""
        return max(1, self.epochs_done + (self.permutation is not None))

    def _turn_knobs(self) -> None:
        """Hand the parts of the run what they are to go by from the next step on."""
        h = self.hyperparameters
        self.optimizer.momentum = h.momentum
        self.optimizer.weight_decay = h.weight_decay
        self.loss.smoothing = h.label_smoothing
        self.network.set_dropout(h.dropout)
        if not h.ema_decay:
            self.average = None
        elif self.average is None:
            self.average = Average(self.network)
        self._shape = Shape(h.warmup_share, h.decay, h.drops)

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.hyperparameters.epochs

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step: the schedule's factor of the one that is set."""
        h = self.hyperparameters
        return h.learning_rate * SCHEDULES[h.schedule](self.step / self.total_steps, self._shape)

    @property
    def stopped_early(self) -> bool:
        """Whether patience has run out."""
        return out_of_patience(self.hyperparameters.patience, self.epochs_done, self.best.epoch)

    @property
    def finished(self) -> bool:
        """Whether there is no epoch left to do."""
        return self.epochs_done >= self.hyperparameters.epochs or self.stopped_early

    def run(self) -> Iterator[Event]:
        """Train from where the run stands to its end."""
        if self.step == 0:
            yield self._start()
        while not self.finished:
            if self.permutation is None:
                self.permutation = self.train_rows[self.rng.permutation(self.n_train)]
                self.epoch_began = (self.seconds, self.training_seconds)
            amounts = amounts_of(self.hyperparameters)
            self.supply.begin(self.epochs_done, self.permutation, self.position, amounts)
            while self.position < self.n_train:
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
        evaluation = self._evaluate(self.test)
        self.evaluation = evaluation
        return RunStarted(
            layer_sizes=self.layer_sizes,
            n_parameters=self.network.parameters.size,
            n_train=self.n_train,
            n_test=len(self.test),
            epochs=self.hyperparameters.epochs,
            steps_per_epoch=self.steps_per_epoch,
            test_loss=evaluation.loss,
            test_accuracy=evaluation.accuracy,
            n_validation=len(self.validation),
        )

    @_in_words
    def _step(self) -> StepDone | Diverged:
        """One mini-batch: forward, loss, backward, update."""
        began = time.perf_counter()
        h, network = self.hyperparameters, self.network
        learning_rate = self.last_learning_rate = self.learning_rate
        step, epoch = self.step + 1, self.epochs_done + 1

        x, labels = self.supply.take()
        loss = self.loss.forward(network.forward(x, training=True), labels)
        network.backward(self.loss.backward())
        gradient_norm = math.sqrt(np.dot(network.gradients, network.gradients))
        # Asked before the step is taken: a step along such a gradient would ruin every parameter.
        if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
            return Diverged(step, epoch, loss, learning_rate)
        clip(network.gradients, gradient_norm, h.clip_norm)
        self.optimizer.step(network.parameters, network.gradients, learning_rate)
        if self.average is not None:
            self.average.update(network, h.ema_decay)

        self.epoch_loss += loss * len(labels)
        self.position += len(labels)
        self.step = step
        spent = time.perf_counter() - began
        self.seconds += spent
        self.training_seconds += spent
        return StepDone(step, epoch, loss, learning_rate, gradient_norm)

    @_in_words
    def _finish_epoch(self) -> EpochDone | Diverged:
        with self.judged() as network:
            test, validation = self._evaluate(self.test), self._evaluate(self.validation)
            epoch = self.epochs_done + 1
            for seen, digits in ((test, self.test), (validation, self.validation)):
                if len(digits) and not math.isfinite(seen.loss):
                    return Diverged(self.step, epoch, seen.loss, self.last_learning_rate)
            if len(self.validation):
                self.best.meet(validation.loss, epoch, network)
        seconds_before, training_before = self.epoch_began
        self.evaluation = test
        self.train_loss = self.epoch_loss / self.n_train
        self.epochs_done = epoch
        self.permutation, self.position, self.epoch_loss = None, 0, 0.0
        done = EpochDone(
            epoch=epoch,
            step=self.step,
            train_loss=self.train_loss,
            test_loss=test.loss,
            test_accuracy=test.accuracy,
            learning_rate=self.last_learning_rate,
            seconds=self.seconds - seconds_before,
            samples_per_second=self.n_train / (self.training_seconds - training_before),
            validation_loss=validation.loss if len(self.validation) else None,
            validation_accuracy=validation.accuracy if len(self.validation) else None,
        )
        self.history.append(done)
        return done

    @_in_words
    def _finish_run(self) -> RunFinished:
        if self.best.parameters is not None and self.best.epoch != self.epochs_done:
            with self.judged():
                self.evaluation = self._evaluate(self.test)
        assert self.evaluation is not None
        return RunFinished(
            epochs=self.epochs_done,
            step=self.step,
            train_loss=self.train_loss,
            test_loss=self.evaluation.loss,
            test_accuracy=self.evaluation.accuracy,
            seconds=self.seconds,
            samples_per_second=self.n_train * self.epochs_done / self.training_seconds,
            best_epoch=self.best.epoch or None,
            stopped_early=self.stopped_early and self.epochs_done < self.hyperparameters.epochs,
        )
