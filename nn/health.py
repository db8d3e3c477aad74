"""Is all well with a run? What a person who looks at curves all day would notice, and say once.

    monitor = Monitor()
    for event in trainer.run():
        if isinstance(event, StepDone):
            findings = monitor.step(event)
        elif isinstance(event, EpochDone):
            findings = monitor.epoch(event, vitals)

Every finding is an `Alert`, or word that one is `Settled`. Between the two there is nothing: each
kind has a threshold at which it speaks up and another, further back, at which it may speak again,
so that a value that trembles at a threshold is one alert and not a hundred. (A loss that is not a
finite number needs no watching: `nn.events.Diverged` says so, and the run ends.)
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nn.events import EpochDone, StepDone

if TYPE_CHECKING:
    from nn.vitals import Vitals

Kind = Literal["spike", "plateau", "overfitting", "dead_units", "vanishing", "exploding"]

WINDOW = 100
"""Steps whose losses say what is usual."""

RECENT = 5
"""Steps whose mean is compared with that, each so many together: one hard batch is no news."""

MEMORY = 2 * WINDOW + RECENT
"""Steps after which a monitor knows of them what one that has seen all of a run would: what is
usual, and for how long the loss has not been above it."""

DEVIATIONS = 3.0

LEAST_RISE = 0.15
"""Nats by which the loss must rise at least, however calm it was before."""

PATIENCE = 10
"""Epochs without a better loss after which that is said."""

BETTER = 0.999
"""The factor by which a loss must fall to count as better."""

TREND = 3
"""Epochs that are averaged before a trend is read from them."""

RISING, FALLING = 1.1, 0.95
"""Factors of the test's and the training's loss since the best epoch that make it overfitting."""

DEAD, DEAD_NO_MORE = 0.10, 0.05
"""Shares of the hidden units."""

MANY_DEAD = 0.30
"""As many are told at once. Fewer must be dead at two examinations in a row: a tenth of the units
of a small network may well be born that way, and whoever begins has other things to look at."""

RUINED = 0.5
"""The share of dead units above which nothing is left to go on from."""

VANISHING, VANISHING_NO_MORE = 1e-3, 3e-3
"""How strong the first layer's gradient is, compared with the last one's."""

EXPLODING, EXPLODING_NO_MORE = 100.0, 30.0
"""The length of one layer's gradient. That of the logits is never above the square root of 2."""

LEAST_STRENGTH = 1e-7
"""Of the last layer's gradient: below, there is nothing left to learn, and nothing to compare."""

MOST = 1e30
"""Larger numbers than this are said to be this one."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something is amiss since this step.

    `value` is what was seen, `usual` what it is measured by: of a spike the mean loss of the last
    steps and of those before; of a plateau the best loss and the latest; of overfitting the test
    loss now and at its best; of dead units their share and the threshold (`layer` has the most); of
    a vanishing gradient the first layer's strength and the last one's; of an exploding one the
    layer's norm and the threshold. `layer` counts Dense layers from 1, `since` is the epoch that
    was the best; both are 0 where they have no meaning.
    """

    kind: Kind
    step: int
    epoch: int
    value: float
    usual: float
    layer: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """What an alert of this kind said is no longer so."""

    kind: Kind
    step: int


Finding = Alert | Settled


class Monitor:
    """Watches one run; knows nothing but the numbers that it is handed."""

    def __init__(self) -> None:
        self._losses: deque[float] = deque(maxlen=WINDOW + RECENT)
        self._calm = 0
        self._active: set[Kind] = set()
        self._best = math.inf
        self._best_epoch = 0
        self._reference = math.inf
        self._died = self._ruined = False
        self._trains: deque[float] = deque(maxlen=TREND)
        self._tests: deque[float] = deque(maxlen=TREND)

    def forget_losses(self) -> None:
        """The loss means something else from now on, as with other label smoothing or dropout: the
        best so far is no measure of what comes."""
        self._losses.clear()
        self._trains.clear()
        self._tests.clear()
        self._best = self._reference = math.inf

    def recall(self, finding: Finding) -> None:
        """What was told before this monitor came: it is not told again until it has settled."""
        amiss = isinstance(finding, Alert)
        (self._active.add if amiss else self._active.discard)(finding.kind)
        if finding.kind == "dead_units":
            self._died = amiss
            self._ruined = isinstance(finding, Alert) and finding.value > RUINED

    def step(self, done: StepDone) -> tuple[Finding, ...]:
        """Is the loss above three standard deviations of the last hundred steps?"""
        self._losses.append(done.loss)
        # By the step's number, and so at the same steps for whoever comes later.
        if done.step % RECENT:
            return ()
        return self._look(done) if len(self._losses) == WINDOW + RECENT else ()

    def _look(self, done: StepDone) -> tuple[Finding, ...]:
        losses = list(self._losses)
        usual, recent = sum(losses[:WINDOW]) / WINDOW, sum(losses[WINDOW:]) / RECENT
        # Nearly never; and else nobody asks how much they scatter.
        above = recent > usual + LEAST_RISE and recent > usual + DEVIATIONS * _scatter(
            losses[:WINDOW], usual
        )
        self._calm = 0 if above else self._calm + RECENT
        if above and "spike" not in self._active:
            self._active.add("spike")
            return (_alert("spike", done, recent, usual),)
        if "spike" in self._active and self._calm >= WINDOW:
            self._active.remove("spike")
            return (Settled("spike", done.step),)
        return ()

    def epoch(self, done: EpochDone, vitals: Vitals | None = None) -> tuple[Finding, ...]:
        """What the losses of an epoch say, and the vitals where there are any.

        The loss is that of the validation set, or of the test set where there is none.
        """
        return (*self._losses_of(done), *(self._of(vitals, done) if vitals else ()))

    def _losses_of(self, done: EpochDone) -> Iterator[Finding]:
        loss = done.test_loss if done.validation_loss is None else done.validation_loss
        self._tests.append(loss)
        self._trains.append(done.train_loss)
        better = loss < self._best * BETTER
        if better:
            self._best, self._best_epoch, self._reference = loss, done.epoch, done.train_loss
        elif self._reference == math.inf:
            self._reference = done.train_loss
        test = sum(self._tests) / len(self._tests)
        train = sum(self._trains) / len(self._trains)
        waited = done.epoch - self._best_epoch
        overfits = (
            waited >= TREND
            and len(self._trains) == TREND
            and test > max(RISING * self._best, self._best + 0.01)
            and train < FALLING * self._reference
        )
        yield from self._turn(
            "overfitting", overfits, better, done, test, self._best, since=self._best_epoch
        )
        # Who overfits, whose gradients vanish, or whose units are dead for the most part, gets no
        # better either, and has been told why.
        told = self._ruined or self._active & {"overfitting", "vanishing"}
        stuck = waited >= PATIENCE and not told
        yield from self._turn(
            "plateau", stuck, better, done, self._best, loss, since=self._best_epoch
        )

    def _of(self, vitals: Vitals, done: EpochDone) -> Iterator[Finding]:
        if vitals.dead:
            share, layer = vitals.share_dead, vitals.dead.index(max(vitals.dead)) + 1
            amiss = share > (DEAD if self._died else MANY_DEAD)
            self._died, self._ruined = share > DEAD, share > RUINED
            yield from self._turn(
                "dead_units", amiss, share < DEAD_NO_MORE, done, share, DEAD, layer
            )
        if not vitals.norms:
            return
        norm = max(vitals.norms)
        layer = vitals.norms.index(norm) + 1
        yield from self._turn(
            "exploding", norm > EXPLODING, norm < EXPLODING_NO_MORE, done, norm, EXPLODING, layer
        )
        first, last = vitals.strengths[0], vitals.strengths[-1]
        if last > LEAST_STRENGTH:
            ratio = first / last
            yield from self._turn(
                "vanishing", ratio < VANISHING, ratio > VANISHING_NO_MORE, done, first, last, 1
            )

    def _turn(
        self, kind: Kind, amiss: bool, well: bool, done: EpochDone, value: float, usual: float,
        layer: int = 0, since: int = 0,
    ) -> Iterator[Finding]:  # fmt: skip
        if amiss and kind not in self._active:
            self._active.add(kind)
            yield _alert(kind, done, value, usual, layer, since)
        elif well and kind in self._active:
            self._active.remove(kind)
            yield Settled(kind, done.step)


def _scatter(values: list[float], mean: float) -> float:
    """Their standard deviation."""
    return math.dist(values, [mean] * len(values)) / math.sqrt(len(values))


def _alert(
    kind: Kind,
    done: StepDone | EpochDone,
    value: float,
    usual: float,
    layer: int = 0,
    since: int = 0,
) -> Alert:
    # A sum of numbers that are finite need not be; what is written down has to be.
    return Alert(kind, done.step, done.epoch, min(value, MOST), min(usual, MOST), layer, since)
