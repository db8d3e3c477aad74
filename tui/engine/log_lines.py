"""Facts in words: the lines of the log, the same on every screen and in every file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import assert_never

from nn.events import Diverged, EpochDone, HyperparameterChanged, RunFinished, RunStarted
from nn.health import Alert, Settled
from nn.specs import SPECS, format_value
from tui.engine import advice
from tui.engine.facts import (
    CameBack,
    Entry,
    Fact,
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
    decode,
)
from tui.engine.run_directory import RunDirectory
from tui.engine.text import duration, printable

HEADER = "time     epoch    train     test    right  rate    work s samples/s"
"""What stands above the columns of an epoch's line: losses of training and test set, the share of
the test set that is right, the learning rate, seconds of work for the epoch (a paced run waits in
between), and training speed. Where digits were held out, their loss and share right follow."""


def line(entry: Entry) -> str:
    """One line, the time of day first."""
    clock = time.strftime("%H:%M:%S", time.localtime(entry.time))
    return printable(f"{clock} {words(entry.fact)}{_by(entry.who)}")


def is_logged(fact: Fact) -> bool:
    """Progress is shown while it lasts, that an alert is over by its absence, and a step or an
    epoch asked for by the pause after it; the log keeps everything else."""
    return not isinstance(fact, Preparing | Settled) and getattr(fact, "stint", "run") == "run"


def log_text(run: RunDirectory) -> Iterator[str]:
    """A run's whole log from its journal, line by line, each with its line end, the header first.

    Raises:
        OSError: the journal cannot be read.
    """
    with open(run.journal, "rb") as journal:
        yield HEADER + "\n"
        for written in journal:
            entry = decode(written)
            if entry is not None and is_logged(entry.fact):
                yield line(entry) + "\n"


def words(fact: Fact) -> str:
    """A fact as a person would log it."""
    match fact:
        case Preparing(what=what):
            return what
        case ThreadsChosen():
            return _threads(fact)
        case TakenUp():
            return _taken_up(fact)
        case Forked():
            parent = printable(fact.parent, 60)
            return f"forked from {parent} at step {fact.step:,}{_by(fact.who)}"
        case Waited():
            why, waited = printable(fact.why), duration(fact.seconds)
            return f"waited {waited} at step {fact.step:,}: {why}; nothing is lost"
        case CameBack(since=since):
            return f"watched again after {duration(fact.away)}, from step {since:,}{_by(fact.who)}"
        case RunStarted():
            sizes = "-".join(map(str, fact.layer_sizes))
            validation = f"{fact.n_validation:,} to validate, " if fact.n_validation else ""
            return f"{sizes}, {fact.n_train:,} digits to learn, {validation}{fact.n_test:,} to test"
        case EpochDone():
            return (
                f"{fact.epoch:>5}  {_loss(fact.train_loss):>7}  {_loss(fact.test_loss):>7}  "
                f"{fact.test_accuracy:>7.2%}  {fact.learning_rate:<7.2g} "
                f"{seconds(fact.seconds):<6} {fact.samples_per_second:>9,.0f}{_validated(fact)}"
            )
        case MistakesChanged(fixed=fixed, broken=broken, never_right=never):
            return f"       +{fixed:,} fixed, -{broken:,} broken, {never:,} never right"
        case Alert():
            return f"! {advice.why(fact)}"
        case Settled(kind=kind):
            return f"settled: {advice.NAMES[kind]}"
        case HyperparameterChanged():
            label = SPECS[fact.name].in_words if fact.name in SPECS else printable(fact.name)
            old, new = format_value(fact.old), format_value(fact.new)
            return f"{label} {old} -> {new} at step {fact.step:,}"
        case Paused(step=step, who=who):
            return f"paused after step {step:,}{_by(who)}"
        case Resumed(step=step, who=who, stint=stint):
            until = {"step": "one step", "epoch": "to the end of the epoch"}.get(stint, "training")
            return f"resumed, {until}{_by(who)}" if step else f"begun, {until}{_by(who)}"
        case Diverged():
            return diverged(fact)
        case Stopped():
            lost = unkept(fact)
            return (
                f"stopped after epoch {fact.epochs}, step {fact.step:,}{_by(fact.who)}"
                f"{'; ' if lost else ''}{lost}"
            )
        case Failed(sentence=sentence):
            return printable(sentence)
        case RunFinished():
            return _finished(fact)
        case _:
            assert_never(fact)


def unkept(fact: Stopped) -> str:
    """What a stop cost that came when nothing could be written; nothing, as a rule."""
    if not fact.unkept:
        return ""
    return f"{printable(fact.unkept)}: what came after the last checkpoint has to be done again"


def _taken_up(fact: TakenUp) -> str:
    again = f", {fact.recomputed:,} steps once more" if fact.recomputed else ""
    away = f" after {duration(fact.away)}" if fact.away >= 1 else ""
    return f"taken up{away} at epoch {fact.epochs}, step {fact.step:,}{again}{_by(fact.who)}"


def _threads(fact: ThreadsChosen) -> str:
    if fact.before:
        change = f"{fact.before} -> {fact.threads}"
        return f"BLAS threads {change} at step {fact.step:,}: it had become slow"
    if fact.threads == 1:
        return "1 BLAS thread: more are not clearly faster here"
    return f"{fact.threads} BLAS threads: {fact.times_as_fast:.1f} times as fast as 1 here"


def _validated(fact: EpochDone) -> str:
    if fact.validation_loss is None or fact.validation_accuracy is None:
        return ""
    return f"  valid {_loss(fact.validation_loss)} {fact.validation_accuracy:.2%}"


def _finished(fact: RunFinished) -> str:
    epochs = "1 epoch" if fact.epochs == 1 else f"{fact.epochs} epochs"
    finished = "finished early, getting no better" if fact.stopped_early else "finished"
    best = f"; best by validation: epoch {fact.best_epoch}" if fact.best_epoch else ""
    return (
        f"{finished}: {epochs} in {seconds(fact.seconds)} s of training, "
        f"{fact.test_accuracy:.2%} right{best}"
    )


def diverged(fact: Diverged) -> str:
    """What happened, and what to do about it."""
    return f"{what_diverged(fact)} Try a tenth of it."


def what_diverged(fact: Diverged) -> str:
    """What happened."""
    loss, rate = f"{fact.loss:.3g}", f"{fact.learning_rate:.3g}"
    return f"Diverged at step {fact.step:,}: loss {loss} at rate {rate}."


def seconds(value: float) -> str:
    """Three significant figures at most, but whole seconds whole: 0.004, 0.34, 12.1, 340, 4321."""
    # The limits are where rounding would add a figure: 9.996 is 10.0, not 10.00.
    for limit, digits in ((0.0995, 3), (9.995, 2), (99.95, 1)):
        if value < limit:
            return f"{value:.{digits}f}"
    return f"{value:.0f}"


def _loss(value: float) -> str:
    """Seven characters at most, whatever a run that goes astray may come to."""
    return f"{value:.4f}" if value < 100 else f"{value:.1e}"


def _by(who: str) -> str:
    return f", by {printable(who, 40)}" if who else ""
