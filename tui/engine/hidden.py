"""A run's network, taken from its checkpoint to be asked about single digits.

Probabilities and guesses are all that most questions need. Where the network looked, and what it
takes to be alike, only the network itself can say, and only with the digits it was trained on. To
load both takes from a few milliseconds to a second: it belongs in a thread.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import checkpoint
from nn.analysis.neighbours import Neighbours, nearest_in_hidden, nearest_in_pixels
from nn.analysis.saliency import saliency
from nn.archive import ArchiveError
from nn.data import DataError, Split
from nn.data.dataset import pixel_scale
from nn.hyperparameters import HyperparameterError
from nn.judging import Judged
from nn.network import Network
from nn.optimizers import Optimizer, clip
from nn.trainer import Trainer
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.test_set import load_split
from tui.engine.text import printable

MOST_KEPT = 64 << 20
"""Bytes of what the last layer sees of the training digits, if it is to be kept for the next
search: 64 MB are 60,000 digits and 279 units."""


NO_MEMORY = "There is not enough memory for the network of this run."


def trainer_of(run: RunDirectory) -> Trainer:
    """A trainer as the run's own was at its last checkpoint, which it may train on from there.

    Raises:
        RunError: there is no checkpoint yet or no usable one, or the digits are gone or no longer
            those the run was trained on.
    """
    config = run.read_config()
    if not run.checkpoint.exists():
        raise RunError(
            f"Run {printable(run.name)} has no checkpoint yet, so there is no network to ask; "
            "it writes one when its training begins."
        )
    try:
        split = load_split(
            config.hyperparameters,
            config.data_dir,
            download=False,
            began_with=config.fingerprint,
        )
        return checkpoint.load(run.checkpoint, split)
    except (DataError, ArchiveError, HyperparameterError) as error:
        raise RunError(f"The network of this run cannot be asked: {error}") from None
    except MemoryError:
        raise RunError(NO_MEMORY) from None


@dataclass(frozen=True, eq=False)
class NextStep:
    """How the run would move parameters by a gradient, were its next step to come now: clipped, by
    an optimiser that remembers what the run's own does, at the learning rate that is due. Of a run
    that has ended it is the rate of its last step."""

    optimizer: Optimizer
    learning_rate: float
    clip_norm: float

    @classmethod
    def of(cls, trainer: Trainer) -> NextStep:
        rate = trainer.last_learning_rate if trainer.finished else trainer.learning_rate
        return cls(trainer.optimizer, rate, trainer.hyperparameters.clip_norm)

    def __call__(self, parameters: NDArray[Any], gradients: NDArray[Any]) -> None:
        """Move the parameters, in place, and use up the gradients; what is remembered of earlier
        steps stays as it was."""
        clip(gradients, math.sqrt(np.dot(gradients, gradients)), self.clip_norm)
        copy.deepcopy(self.optimizer).step(parameters, gradients, self.learning_rate)


def which(judged_by: Judged, epoch: int, step: int) -> str:
    """Which of a run's networks is meant, in a few words."""
    if judged_by == "best":
        return f"the best, of epoch {epoch:,}"
    return "average (EMA) at " * (judged_by == "average") + f"epoch {epoch:,}, step {step:,}"


@dataclass(frozen=True, eq=False)
class RunNetwork:
    """The network of a run as it was at its last checkpoint, as it is tested there: with averaged
    parameters, or the best ones, where the run has such.

    Attributes:
        network: a copy; nobody else computes with it. It is for one thread at a time.
        split: the run's digits.
        epoch: the one after which the network was like this; a checkpoint that was written in the
            midst of an epoch, after `step`, counts as the epoch before. The predictions may be of
            a later one, or, where a finished run kept its best network, the network of an earlier.
        next_step: what the run would do with a gradient.
        judged_by: which of the run's parameters these are.
    """

    network: Network
    split: Split
    epoch: int
    step: int
    next_step: NextStep | None = None
    judged_by: Judged = "last"
    _kept: dict[int, NDArray[Any]] = field(default_factory=dict, repr=False)

    @classmethod
    def of_run(cls, run: RunDirectory) -> RunNetwork:
        """
        Raises:
            RunError: there is no checkpoint yet or no usable one, or the digits are gone or no
                longer those the run was trained on.
        """
        trainer = trainer_of(run)
        try:
            with trainer.judged() as network:
                own = network.at_precision(np.float32)
        except MemoryError:
            raise RunError(NO_MEMORY) from None
        by = trainer.judged_by
        epoch = trainer.best.epoch if by == "best" else trainer.epochs_done
        return cls(own, trainer.split, epoch, trainer.step, NextStep.of(trainer), by)

    def probabilities(self, index: int) -> NDArray[Any]:
        """What this network gives to each class for one test digit: float32 (classes,)."""
        return np.asarray(self.network.predict_probabilities(self._ink(index)[None])[0])

    def saliency(self, index: int, toward: int, against: int | None = None) -> NDArray[Any]:
        """Gradient times input for a test digit: float32 (height, width); above 0 is where its ink
        speaks for the class `toward`, below 0 where it speaks against it."""
        made = saliency(self.network, self._ink(index), toward, against)
        return made.reshape(self.split.image_shape)

    def nearest_in_pixels(self, index: int, k: int = 5) -> Iterator[Neighbours]:
        """The training digits most like a test digit in ink: ever better answers, the last exact.
        The indices are rows of `split.train_images`."""
        s = self.split
        return nearest_in_pixels(s.test_images[index], s.train_images, s.pixel_max, k)

    def nearest_in_hidden(self, index: int, k: int = 5) -> Iterator[Neighbours]:
        """The same by what the last layer sees of them; the first search takes some ten times as
        long as those after it. Another thread's questions need a `twin` meanwhile."""
        s, last = self.split, self.network.layers[-1]
        small = len(s.train_images) * last.n_inputs * 4 <= MOST_KEPT
        kept = self._kept if small else None
        image, images = s.test_images[index], s.train_images
        return nearest_in_hidden(self.network, image, images, s.pixel_max, k, kept)

    def twin(self) -> RunNetwork:
        """The same network once more, for another thread; the digits are shared."""
        own = self.network.at_precision(np.float32)
        return RunNetwork(own, self.split, self.epoch, self.step, self.next_step, self.judged_by)

    def ink_of_test(self, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.float32]:
        """Test digits as the network is asked about them: float32 (m, n_inputs)."""
        return self._scaled(self.split.test_images[rows])

    def ink_of_training(self, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.float32]:
        """Training digits as the network learns them, not augmented: float32 (m, n_inputs)."""
        return self._scaled(self.split.train_images[rows])

    def _ink(self, index: int) -> NDArray[np.float32]:
        return self._scaled(self.split.test_images[index])

    def _scaled(self, images: NDArray[Any]) -> NDArray[np.float32]:
        # As `Batches` scales it: multiplied by the reciprocal, so that not a bit differs.
        ink: NDArray[np.float32] = images.astype(np.float32)
        ink *= pixel_scale(self.split.pixel_max)
        return ink
