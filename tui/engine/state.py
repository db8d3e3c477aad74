"""What a screen needs to know of a run: plain, bounded, and tested without a screen.

`RunState.apply(news)` takes what a tail has read and keeps four views of it, each cheap to hand on:
`status` (a frozen summary), `history` (the loss curves), `book` (the log), `predictions` (what is
thought of the test digits). A view is a new object exactly when something in it changed, so whoever
shows it can compare with `is`. A run of a million steps takes no more room than one of a thousand.
"""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass
from typing import Any, TypeVar, assert_never

import numpy as np
from numpy.typing import NDArray

from nn.events import Diverged, EpochDone, HyperparameterChanged, RunFinished, RunStarted
from nn.health import Alert, Settled
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.specs import SPECS, format_value
from tui.engine import advice, log_lines
from tui.engine.advice import Advice
from tui.engine.alerts import Alerts
from tui.engine.facts import (
    ENDINGS,
    CameBack,
    Entry,
    Failed,
    Forked,
    MistakesChanged,
    Paused,
    Preparing,
    Resumed,
    Stopped,
    TakenUp,
    ThreadsChosen,
    Waited,
)
from tui.engine.history import Mark, RunHistory
from tui.engine.predictions import Predictions
from tui.engine.run_directory import RunDirectory
from tui.engine.run_status import Phase, RunStatus
from tui.engine.runs import under_way
from tui.engine.tail import Died, News, Quiet, StepsRecorded, Waiting
from tui.engine.text import literal, printable

ACT = "<health.act>"
"""The key that does what is suggested, by the name of its command; whoever shows it knows it."""

ACTED = (Alert, HyperparameterChanged, TakenUp)
"""After these it needs no saying that what was suggested before is not to be done any more."""

LONGEST_LOG = 5000

MOST_MARKS = 200
"""Marks on the curve that are kept, the newest."""

_View = TypeVar("_View")

_LONGEST_FORECAST = 366 * 24 * 3600.0


@dataclass(frozen=True, eq=False)
class LogBook:
    """The log's last lines; `total` counts all there ever were, so that a reader knows how many of
    them are new to it."""

    lines: deque[str]
    total: int

    def since(self, total: int) -> list[str]:
        """The lines after the first `total`, as far as they are kept."""
        fresh = min(self.total - total, len(self.lines))
        return list(self.lines)[len(self.lines) - fresh :] if fresh > 0 else []


class RunState:
    """Everything known of one run, from its news."""

    def __init__(
        self, run_name: str, hyperparameters: Hyperparameters, run: RunDirectory | None = None
    ) -> None:
        """`run` is where its files are, for whoever needs what is too large to be handed on."""
        self.run = run
        self.hyperparameters = hyperparameters
        self.status = RunStatus("preparing", run_name=printable(run_name))
        self.history = RunHistory()
        self.predictions: Predictions | None = None
        self.begun = False
        self.book = LogBook(deque(maxlen=LONGEST_LOG), 0)
        self.advice: Advice | None = None
        self._alerts = Alerts()
        self._told: tuple[Alert | None, bool] = (None, False)
        self._seconds = 0.0

    @property
    def alert(self) -> Alert | None:
        """What is amiss, on show or not; None where nothing is."""
        return self._alerts.latest

    def apply(self, news: News) -> None:
        """Take in one piece of news."""
        if self.status.quiet and not isinstance(news, Quiet):
            self._update(quiet=0.0)
        match news:
            case StepsRecorded(records=records):
                self._apply_steps(records)
            case Died(words=words, kept=kept):
                status = self.status
                epoch = under_way(status.epoch, self.hyperparameters.epochs)
                sentence = f"The worker died at epoch {epoch}, step {status.step:,}"
                sentence += f"; {kept}: <run.take_up> goes on from there." if kept else "."
                self.say(sentence)
                if words:
                    last = f"Its last words: {literal(printable(words, 160))}"
                    self.say(last)
                    sentence += f" {last}"
                advised = self.advice
                self._end("died", sentence)
                if advised and not self.advice:
                    self._say_no_more("the run has ended")
            case Quiet(seconds=seconds):
                pace = self.hyperparameters.pace
                if self.status.phase == "running" and not (pace and seconds < 3 / pace):
                    self._update(quiet=seconds)
            case Waiting(words=words):
                sentence = literal(printable(words))
                if self.status.live and sentence != self.status.sentence:
                    self._update(sentence=sentence)
            case Entry():
                self._apply_entry(news)
            case _:
                assert_never(news)
        left = self._seconds_left()
        if left != self.status.seconds_left:
            self._update(seconds_left=left)

    def pass_time(self, now: float) -> None:
        """It is so late by now, in seconds since 1970: what is over need not be shown for ever,
        whether or not there is other news."""
        before = self.advice
        self._alerts.passed(now)
        self._tell_alert()
        if before and not self.advice:
            self._say_no_more("it has settled")

    def _apply_steps(self, records: NDArray[Any]) -> None:
        steps = np.concatenate(([np.uint64(self.status.step)], records["step"]))
        if not (steps[1:] > steps[:-1]).all() or steps[-1] >= 2**63:
            # A damaged file may speak of the past, or of steps beyond any counting: no news.
            newest = np.maximum.accumulate(steps[:-1])
            records = records[(steps[1:] > newest) & (steps[1:] < 2**63)]
        if len(records):
            history, done = self.history, records["step"].astype(np.int64)
            history.train.extend(done, records["loss"])
            history.learning_rate.extend(done, records["learning_rate"])
            history.gradient_norm.extend(done, records["gradient_norm"])
            history.clock.extend(done, records["seconds"])
            self._new_history()
            self._seconds = float(records["seconds"][-1])
            self._update(step=int(records["step"][-1]))

    def _add_tests(self, step: int, fact: RunStarted | EpochDone) -> None:
        """Take in what the network was worth after a step."""
        history = self.history
        if step < (history.test.last_x or 0):
            return
        history.test.append(step, fact.test_loss)
        history.test_accuracy.append(step, fact.test_accuracy)
        if isinstance(fact, EpochDone):
            history.samples_per_second.append(step, fact.samples_per_second)
            if fact.validation_loss is not None and fact.validation_accuracy is not None:
                history.validation.append(step, fact.validation_loss)
                history.validation_accuracy.append(step, fact.validation_accuracy)
        self._new_history()

    def say(self, line: str) -> None:
        """Add a line of the screen's own to the log."""
        self.book.lines.append(printable(line))
        self.book = LogBook(self.book.lines, self.book.total + 1)

    def _apply_entry(self, entry: Entry) -> None:
        self.pass_time(entry.time)
        fact, before = entry.fact, self.advice
        match fact:
            case Preparing(what=what, done=done, total=total):
                share = f" {done / total:.0%}" if total else ""
                self._update(phase="preparing", sentence=literal(printable(what)) + share)
            case ThreadsChosen() | Waited() | MistakesChanged():
                pass
            case CameBack(since=since):
                self._mark(fact.step, "away", since)
            case TakenUp():
                self.begun = self.begun or bool(fact.step)
                forked_here = any(mark.step == fact.step for mark in self.history.marks[-1:])
                if fact.step and not forked_here:
                    self._mark(fact.step, "taken up")
                self._update(
                    phase="running" if self.status.steps else "preparing",
                    held=False,
                    sentence="",
                    field="",
                )
                self._alerts.taken_up(fact.step, entry.time)
                self._tell_alert()
                if self.alert is None:
                    # What was advised was for a run that had diverged.
                    self.advice = None
            case Forked():
                self._mark(fact.step, "forked")
            case RunStarted():
                self.begun = True
                self._update(
                    phase="paused" if self.status.held else "running",
                    epochs=fact.epochs,
                    steps=fact.epochs * fact.steps_per_epoch,
                    steps_per_epoch=fact.steps_per_epoch,
                    test_accuracy=fact.test_accuracy,
                    sentence="",
                )
                self._new_history(steps_per_epoch=fact.steps_per_epoch)
                self._add_tests(0, fact)
            case EpochDone():
                if self.status.alert and self._alerts.shown_long(entry.time):
                    self._update(alert="")
                self._add_tests(fact.step, fact)
                self._update(
                    epoch=fact.epoch,
                    step=max(fact.step, self.status.step),
                    test_accuracy=fact.test_accuracy,
                    # How fast it could be is no news of a run that is held to a pace.
                    samples_per_second=None
                    if self.hyperparameters.pace
                    else fact.samples_per_second,
                )
            case HyperparameterChanged(name=name, new=new):
                with contextlib.suppress(HyperparameterError, KeyError):
                    changed = {name: SPECS[name].parse(new)}
                    self._mark(fact.step, f"{SPECS[name].in_words} {format_value(new)}")
                    self._alerts.acted(name, self.hyperparameters, entry.time)
                    self.hyperparameters = self.hyperparameters.model_copy(update=changed)
                    self._tell_alert()
                    if name == "epochs" and self.status.steps:
                        epochs = self.hyperparameters.epochs
                        self._update(epochs=epochs, steps=epochs * self.status.steps_per_epoch)
            case Paused() | Resumed():
                self._update(held=isinstance(fact, Paused))
                if isinstance(fact, Paused) and fact.who and fact.step:
                    self._mark(fact.step, "paused")
                # Who pauses before the digits are loaded still waits for them.
                if self.status.steps:
                    self._update(phase="paused" if self.status.held else "running")
            case Alert():
                self._alerts.heard(fact, entry.time)
                self._tell_alert()
            case Settled(kind=kind):
                self._alerts.settled(kind, entry.time)
                self._tell_alert()
            case Diverged():
                back = advice.after_divergence(fact, self.hyperparameters)
                rate = format_value(back.value)
                self._end(
                    "diverged", f"{log_lines.what_diverged(fact)} {ACT}: back, with rate {rate}"
                )
                self.advice = back
            case Stopped():
                self._end("stopped", literal(log_lines.unkept(fact)))
            case Failed(sentence=sentence, field=field):
                self._update(field=printable(field))
                self._end("failed", literal(printable(sentence)))
            case RunFinished():
                self._update(test_accuracy=fact.test_accuracy)
                self._end("finished")
            case _:
                assert_never(fact)
        if log_lines.is_logged(fact):
            self.say(literal(log_lines.line(entry)))
        # The last line of the log that begins with the key says what the key does.
        if self.advice is not None and (isinstance(fact, Diverged) or self.advice is not before):
            told, afresh = self._told[0], isinstance(fact, Alert | Diverged)
            still = "" if afresh or told is None else f" (still: {advice.NAMES[told.kind]})"
            self.say(f"{' ' * 8} {ACT}: {self.advice.words}{still}")
        elif isinstance(fact, Alert) and not self.advice:
            self.say(f"{' ' * 8} {ACT}: nothing simple is left to do")
        elif before and not self.advice and not isinstance(fact, ACTED):
            over = "the run has ended" if isinstance(fact, ENDINGS) else "it has settled"
            self._say_no_more(over)

    def _say_no_more(self, why: str) -> None:
        self.say(f"{' ' * 8} {ACT}: nothing any more, {why}")

    def _tell_alert(self) -> None:
        """Have the latest alert on show that is neither over nor acted on, if there is one."""
        alert, over = now = self._alerts.latest, self._alerts.over
        if now == self._told:
            return
        if alert is not self._told[0]:
            self.advice = advice.against(alert, self.hyperparameters) if alert else None
        words = f"{advice.short(alert)}{', over by now' * over}" if alert else ""
        self._told = now
        self._update(alert=words, remedy=self.advice.words if self.advice else "")

    def _end(self, phase: Phase, sentence: str = "") -> None:
        """Whatever was said of the run before it ended is no longer so. What was advised can still
        be done if it is another run."""
        advised = self.advice
        self._alerts.ended()
        self._tell_alert()
        # No worker is left to set anything; a fork of what has finished may have no epoch to do.
        gone = ("set", "fork") if phase == "finished" else ("set",)
        if advised is not None and advised.act not in gone:
            self.advice = advised
        self._update(phase=phase, sentence=sentence, held=False)

    def _new_history(self, **changes: Any) -> None:
        revision = self.history.revision + 1
        self.history = _changed(self.history, revision=revision, **changes)

    def _mark(self, step: int, words: str, since: int | None = None) -> None:
        """Remember where on the curve something was done to the run."""
        marks = (*self.history.marks, Mark(step, words, since))
        self._new_history(marks=marks[-MOST_MARKS:])

    def _update(self, **changes: object) -> None:
        self.status = _changed(self.status, **changes)

    def _seconds_left(self) -> float | None:
        """By the mean pace so far, or the pace that was asked for where that is slower."""
        status = self.status
        if status.phase not in ("running", "paused") or not status.step:
            return None
        each = self._seconds / status.step
        if self.hyperparameters.pace:
            each = max(each, 1 / self.hyperparameters.pace)
        left = each * max(0, status.steps - status.step)
        # The slowest pace there is would take longer than the sun has.
        return float(round(left)) if 0 <= left < _LONGEST_FORECAST else None


def _changed(view: _View, **changes: object) -> _View:
    """As `dataclasses.replace` for fields that need no checking, in a tenth of the time: a long
    run's journal asks for thousands."""
    new = object.__new__(type(view))
    vars(new).update(vars(view), **changes)
    return new
