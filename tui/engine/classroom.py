"""Where lessons about one run's network are given: which digits, which step, what was applied.

Everything in here takes from a millisecond to a second, and belongs in a thread, one call at a
time. What comes out are frozen values: what a screen shows does not change under its hands.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nn.batch_norm import BatchNorm
from nn.inspect import GradientCheck, Progress, gradient_check
from nn.judging import Judged
from nn.lesson import Lesson
from nn.metrics import CHUNK
from nn.second_opinion import Examiner, Opinion
from nn.trainer import Trainer
from tui.engine.hidden import NO_MEMORY
from tui.engine.lesson_step import Matrix, Step
from tui.engine.lesson_steps import name_layers, steps_of
from tui.engine.newest_network import NewestTrainer
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import WithKeys

BATCHES = (1, 4)
"""How many digits a lesson may be about."""

OF_EACH = 200
"""Coordinates of every weight matrix and bias vector that a gradient check looks at."""

MOST_UNDO = 16_000_000
"""Parameters, all networks that undo could bring back taken together."""


@dataclass(frozen=True, eq=False)
class Digits:
    """What a lesson is about: test digits, uint8 (n, height, width), with their labels (n,) and
    their places in the test set (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.integer]
    indices: NDArray[np.intp]
    pixel_max: int
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Wish:
    """What somebody wants a lesson about: so many digits from `place` on, of all test digits or of
    those the network gets wrong. `halvings` makes the learning rate so many halves smaller, or
    where it is negative, twice as large each."""

    place: int = 0
    count: int = 0
    wrong_only: bool = False
    halvings: int = 0


@dataclass(frozen=True, eq=False)
class Page:
    """A lesson to step through.

    Attributes:
        lesson, steps: what is shown. digits: what it is about. wish: as far as it could be met.
        total: how many digits there are to choose from. epoch, step: of the run, when its network
            was like this; over: there was no step left to do. judged_by: what tests and other
            rooms take instead of it; best_epoch: when that was, if it is the best.
        earlier: the pages that undo goes back to, the oldest first.
        applied: how many steps have been applied to the copy.
    """

    lesson: Lesson
    steps: tuple[Step, ...]
    digits: Digits
    wish: Wish
    total: int
    epoch: int
    step: int
    over: bool
    judged_by: Judged = "last"
    best_epoch: int = 0
    earlier: tuple[Page, ...] = field(default=(), repr=False)
    applied: int = 0

    @property
    def before(self) -> Page | None:
        """The page before the last step was applied; None if there is none to go back to."""
        return self.earlier[-1] if self.earlier else None

    @cached_property
    def examiner(self) -> Examiner:
        return Examiner(self.lesson)

    def opinion(self, matrix: Matrix, row: int, column: int) -> Opinion | None:
        """Three ways to get one number of a gradient; None of what is no gradient."""
        if matrix.gradient is None:
            return None
        return self.examiner.ask(matrix.gradient, (row, column))


@dataclass(frozen=True)
class CheckedLayer:
    """The worst coordinate of one layer: `name` such as `W1[3, 17]`."""

    title: str
    name: str
    error: float
    passed: bool


@dataclass(frozen=True)
class Checked:
    """A gradient check of the whole network, in the words of the lesson."""

    check: GradientCheck
    layers: tuple[CheckedLayer, ...]


class Classroom:
    """One run's network, as it is trained, and its test digits."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self._newest = NewestTrainer(run)
        self._wrong: tuple[Trainer, NDArray[np.intp]] | None = None

    def open(self, wish: Wish) -> Page:
        """A new lesson, with the network as of the newest checkpoint.

        Raises:
            RunError: there is no network to ask, or no digits such as are wished for.
        """
        trainer = self._newest.look()
        try:
            return self._open(trainer, wish)
        except MemoryError:
            raise RunError(NO_MEMORY) from None

    def _open(self, trainer: Trainer, wish: Wish) -> Page:
        s = trainer.split
        order = np.arange(len(s.test_images))
        if wish.wrong_only:
            order = self._wrong_of(trainer)
            if not len(order):
                raise RunError(
                    WithKeys("The network gets every test digit right; <backprop.wrong> shows all.")
                )
        normalized = any(isinstance(layer, BatchNorm) for layer in trainer.network.walk())
        # Batch norm of one digit alone leaves nothing to see.
        count = wish.count or BATCHES[normalized]
        place = wish.place % len(order)
        chosen = order[(place + np.arange(min(count, len(order)))) % len(order)]
        x, labels = trainer.test.gather(chosen)
        lesson = Lesson.of_trainer(trainer, x, labels)
        if wish.halvings:
            lesson = lesson.again(learning_rate=lesson.learning_rate / 2**wish.halvings)
        pixels = s.test_images[chosen]
        digits = Digits(
            pixels.reshape(-1, *s.image_shape), labels, chosen, s.pixel_max, s.class_names
        )
        return Page(
            lesson,
            steps_of(lesson, pixels, s.pixel_max),
            digits,
            dataclasses.replace(wish, place=place, count=count),
            len(order),
            trainer.epochs_done,
            trainer.step,
            trainer.finished,
            trainer.judged_by,
            trainer.best.epoch,
        )

    def place_of(self, index: int) -> int:
        """The place of a test digit among all of them.

        Raises:
            RunError: there is no such digit, or no network to ask.
        """
        n = len(self._newest.look().split.test_images)
        if not 0 <= index < n:
            raise RunError(f"There is no test digit {index:,}; they go from 0 to {n - 1:,}.")
        return index

    def _wrong_of(self, trainer: Trainer) -> NDArray[np.intp]:
        if self._wrong is None or self._wrong[0] is not trainer:
            test, found = trainer.test, []
            for start in range(0, len(test), CHUNK):
                x, labels = test.stretch(start, start + CHUNK)
                guesses = trainer.network.forward(x).argmax(axis=1)
                found.append(start + np.flatnonzero(guesses != labels))
            self._wrong = trainer, np.concatenate(found)
        return self._wrong[1]


def applied(page: Page) -> Page:
    """The page after the optimiser's step, taken on a copy; the next step of the same lesson.

    Raises:
        RunError: the numbers have overflowed, where training would stop as well.
    """
    if not page.lesson.finite:
        raise RunError(
            WithKeys(
                "Loss or gradient are no longer numbers, so a trainer would stop here; "
                "<backprop.undo> goes back."
            )
        )
    lesson = page.lesson.applied()
    keep = max(1, MOST_UNDO // max(lesson.after.size, 1))
    return dataclasses.replace(
        page,
        lesson=lesson,
        steps=_steps(page, lesson),
        earlier=(*page.earlier, dataclasses.replace(page, earlier=()))[-keep:],
        applied=page.applied + 1,
    )


def undone(page: Page) -> Page | None:
    """The page before the last applied step; None if there is none."""
    if page.before is None:
        return None
    return dataclasses.replace(page.before, earlier=page.earlier[:-1])


def slower(page: Page, halvings: int) -> Page:
    """The same lesson with the learning rate halved so often, or doubled where negative."""
    rate = page.lesson.learning_rate / 2**halvings
    lesson = page.lesson.again(learning_rate=rate)
    wish = dataclasses.replace(page.wish, halvings=page.wish.halvings + halvings)
    return dataclasses.replace(page, lesson=lesson, steps=_steps(page, lesson), wish=wish)


def _steps(page: Page, lesson: Lesson) -> tuple[Step, ...]:
    pixels = page.digits.images.reshape(len(page.digits.images), -1)
    return steps_of(lesson, pixels, page.digits.pixel_max)


def checked(page: Page, progress: Progress) -> Checked:
    """The gradient of the whole network on this lesson's digits against differences.

    `progress` may raise to end it: see `nn.inspect.gradient_check`.
    """
    lesson = page.lesson
    check = gradient_check(
        lesson.before,
        lesson.x,
        lesson.labels,
        of_each=OF_EACH,
        training=True,
        smoothing=lesson.smoothing,
        progress=progress,
    )
    # A check names its coordinates by the network's own layers, a lesson by the parts of those.
    names: dict[tuple[int, str], tuple[str, str]] = {}
    for named in name_layers(lesson):
        outer, *inner = named.heard.place
        prefix = "".join(f"{part}." for part in inner)
        for own, symbol in zip(
            named.heard.layer.parameter_names, named.parameter_names(), strict=False
        ):
            names[outer, prefix + own] = named.title, symbol
    layers = []
    for worst in check.worst_by_layer:
        title, symbol = names[worst.layer, worst.parameter]
        index = ", ".join(map(str, worst.index))
        layers.append(
            CheckedLayer(title, f"{symbol}[{index}]", worst.error, worst.error <= check.threshold)
        )
    return Checked(check, tuple(layers))
