"""The process (or the foreground) that owns the training.

`Worker.run()` is a generator of journal entries: it loads the digits, trains, writes the run
directory, and between two steps does what was asked on the control socket. In the background nobody
looks at the entries; `inkling train` iterates the same generator and shows them.

    python -m tui.engine.worker RUN_DIRECTORY [run|step|epoch] [WHO]

Whatever ends it, short of the disk itself, another worker takes the run up at the last checkpoint,
and what it does is, bit for bit, what this one would have done.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import signal
import sys
import time
import traceback
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path
from typing import assert_never

from nn import checkpoint
from nn.analysis.learning_history import LearningHistory
from nn.archive import ArchiveError
from nn.data import DataError, Split
from nn.events import Diverged, EpochDone, HyperparameterChanged, RunFinished, RunStarted, StepDone
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.trainer import Trainer
from tui.engine.checkup import Checkup, Past
from tui.engine.facts import (
    Entry,
    Fact,
    Failed,
    MistakesChanged,
    Preparing,
    Stopped,
    TakenUp,
    ThreadsChosen,
)
from tui.engine.guesses import GuessReader
from tui.engine.keeping import Keeper
from tui.engine.loading import Loading
from tui.engine.orders import Orders, Stint, StopAsked
from tui.engine.recorder import Recorder, Telling, which
from tui.engine.run_directory import RunDirectory, RunError, last_step
from tui.engine.runs import unwritten
from tui.engine.test_set import load_split
from tui.engine.text import printable
from tui.engine.threads import Threads, blas_in_words

PROGRESS_EVERY = 0.25
"""Seconds between two lines of progress while data is fetched."""

LISTEN_EVERY = 0.1
"""Seconds that a request may wait while data is fetched."""

LOOK_UP_EVERY = 0.01
"""Seconds of training, flat out, between two times that a worker looks up from it: whatever it asks
after a step is asked of cold caches, and costs more than it looks."""


class Worker(Orders):
    """One run, from its config.toml to its last fact."""

    def __init__(self, run: RunDirectory, stint: Stint = Stint.RUN, who: str = "") -> None:
        super().__init__(run, stint)
        self.run_directory = run
        self._who = who
        self._told: frozenset[Fact] = frozenset()
        self._past: tuple[Past, ...] = ()
        self._last_progress = (-math.inf, "")

    def run(self) -> Iterator[Entry]:
        """Train, and yield every entry of the journal as it is written.

        Raises:
            RunError: another worker has this run.
            OSError: the run directory cannot be written.
        """
        self._unwritten = unwritten(self.run_directory)
        with (
            self.run_directory.locked() as self._leave_word,
            Recorder(self.run_directory) as self._pen,
        ):
            try:
                with self._control:
                    self._config = self.run_directory.read_config()
                    yield from self._whole_run()
            except StopAsked:
                with contextlib.suppress(ArchiveError, OSError):
                    self._keep()
                yield self._write(self._stopped())
            except HyperparameterError as error:
                yield self._write(Failed(str(error), error.name))
            except (DataError, RunError, ArchiveError) as error:
                yield self._write(Failed(printable(error), ""))
            except MemoryError:
                sentence = "There is not enough memory for this network and batch size."
                yield self._write(Failed(sentence, ""))
            except OSError as error:
                # Of a full disk not even the journal may hear: then this raises again.
                there = self.run_directory.path.is_dir()
                why = printable(error.strerror or error) if there else "its directory is gone"
                yield self._write(Failed(f"The run cannot go on: {why}.", ""))
            except Exception as error:
                traceback.print_exc()
                name, why = type(error).__name__, printable(error, 120)
                yield self._write(
                    Failed(f"The worker met an error it did not expect: {name}: {why}", "")
                )

    def _whole_run(self) -> Iterator[Entry]:
        h = self._config.hyperparameters
        taken_up = self._has_begun()
        threads = self._threads = Threads(h.threads, self._config.threads_chosen)
        digits = yield from self._load(h)
        self._keeper = Keeper(self._config.checkpoint_every)
        trainer = self._trainer = Trainer(h, digits)
        self._learning = LearningHistory.begin(digits.test_labels)
        if taken_up:
            trainer = self._trainer = yield from self._take_up(trainer, digits)
        self._checkup = Checkup(trainer, self._past)
        if not threads.number:
            yield from self._measure_threads(trainer)
        threads.apply()
        look_up_at, unseen = -math.inf, list[StepDone]()
        for event in trainer.run():
            if isinstance(event, StepDone):
                self._pen.step(event, trainer.seconds)
                unseen.append(event)
                if trainer.seconds < look_up_at:
                    continue
            for finding in chain.from_iterable(map(self._checkup.step, unseen)):
                yield from self._tell(finding)
            unseen.clear()
            match event:
                case StepDone():
                    self._pen.flush_if_due()
                    if self._stint is Stint.STEP:
                        self._hold("")
                    elif trainer.hyperparameters.pace:
                        yield from self._wait_for_turn(trainer)
                case RunStarted():
                    self._record_predictions()
                    yield from self._tell(event)
                    self._keep()
                case EpochDone():
                    self._record_predictions()
                    yield from self._tell(event)
                    changes = self._learning.changes
                    yield from self._tell(
                        MistakesChanged(
                            event.epoch, changes.fixed, changes.broken, changes.never_right
                        )
                    )
                    for finding in self._checkup.epoch(event):
                        yield from self._tell(finding)
                    self._pen.flush_if_due(event.seconds)
                    self._keep_epoch(trainer)
                    flat_out = not trainer.hyperparameters.pace and not trainer.finished
                    if flat_out and threads.slowed(trainer.n_train, event.samples_per_second):
                        yield from self._measure_threads(trainer)
                    if self._stint is Stint.EPOCH and not trainer.finished:
                        self._hold("")
                case RunFinished():
                    self._keep()
                    if self._pen.stuck is not None:
                        yield from self._wait_for_room()
                    yield self._write(event)
                    return
                case Diverged() | HyperparameterChanged():
                    # The last checkpoint stays: before this step, all was well.
                    yield self._write(event)
                    return
                case _:
                    assert_never(event)
            if self._keeper.due:
                self._keep()
            if self._pen.stuck is not None:
                yield from self._wait_for_room()
            if self._news or self._halting or not self._control.queue.empty():
                yield from self._listen()
            at_once = trainer.hyperparameters.pace or self._stint is Stint.STEP
            look_up_at = -math.inf if at_once else trainer.seconds + LOOK_UP_EVERY

    def _has_begun(self) -> bool:
        """Has there been a worker before, whose run this is to go on with?"""
        run = self.run_directory
        return run.checkpoint.exists() or run.guesses.stat().st_size > 0

    def _take_up(self, fresh: Trainer, digits: Split) -> Generator[Entry, None, Trainer]:
        """The trainer as it was at the last checkpoint, or a fresh one if there was none."""
        run = self.run_directory
        still_since = max(run.journal.stat().st_mtime, run.steps.stat().st_mtime)
        reached = last_step(run)
        trainer = checkpoint.load(run.checkpoint, digits) if run.checkpoint.exists() else fresh
        rows = trainer.epochs_done + 1 if trainer.step else 0
        self._told, self._past = self._pen.take_up(rows, len(digits.test_images))
        self._learning = GuessReader(run.guesses, digits.test_labels).read_all()
        if self._unwritten is not None:
            self._pen.entry(self._unwritten)
            self._pen.flush()
        self._leave_word("", "")
        yield self._write(
            TakenUp(
                step=trainer.step,
                epochs=trainer.epochs_done,
                recomputed=max(0, reached - trainer.step),
                away=max(0.0, time.time() - still_since),
                who=self._who,
            )
        )
        for change in trainer.extend(self._config.hyperparameters.epochs):
            yield self._write(change)
        return trainer

    def _tell(self, event: Telling) -> Iterator[Entry]:
        """Write it down, unless the last worker did: then it happens only once more, not anew."""
        if which(event) not in self._told:
            yield self._write(event)

    def _keep_epoch(self, trainer: Trainer) -> None:
        if trainer.best.epoch == trainer.epochs_done:
            self._pen.best(trainer)
        if self._keeper.due_at_epoch:
            self._keep()

    def _keep(self) -> None:
        """Write a checkpoint, if there is anything to keep."""
        if self._trainer is not None and self._trainer.evaluation is not None:
            began = time.monotonic()
            self._pen.checkpoint(self._trainer)
            self._keeper.wrote(time.monotonic() - began)

    def _remember(self, hyperparameters: Hyperparameters) -> None:
        """Of what may change in a run, the checkpoint holds all but how far the run is to go."""
        kept, epochs = self._config.hyperparameters, hyperparameters.epochs
        if kept.epochs != epochs:
            self._keep_in_config(hyperparameters=kept.model_copy(update={"epochs": epochs}))

    def _load(self, h: Hyperparameters) -> Generator[Entry, None, Split]:
        """Have the digits loaded, all ears: a mirror may hang for as long as it likes."""
        data_dir, before = self._config.data_dir, self._config.fingerprint
        with Loading(
            lambda progress: load_split(h, data_dir, progress, began_with=before)
        ) as loading:
            while loading.lasts:
                progress = loading.look(LISTEN_EVERY)
                if progress is not None:
                    self._note(progress)
                yield from self._listen_aside()
            digits = loading.result()
        versions = {**self._config.versions, "blas": blas_in_words()}
        threads = self._threads.number
        self._keep_in_config(
            fingerprint=digits.fingerprint, versions=versions, threads_chosen=threads
        )
        return digits

    def _measure_threads(self, trainer: Trainer) -> Iterator[Entry]:
        """Have the fastest number of BLAS threads found, all ears, and tell if it is news."""
        threads, before = self._threads, self._threads.number
        for _ in threads.measure(trainer.layer_sizes, trainer.hyperparameters):
            yield from self._listen_aside()
        self._keep_in_config(threads_chosen=threads.number)
        if threads.times_as_fast and threads.number != before:
            yield self._write(
                ThreadsChosen(threads.number, before, trainer.step, threads.times_as_fast)
            )

    def _keep_in_config(self, **seen: object) -> None:
        self._config = self._config.model_copy(update=seen)
        self._pen.config(self._config)

    def _note(self, progress: Preparing) -> None:
        now = time.monotonic()
        fact = dataclasses.replace(progress, what=printable(progress.what, 100))
        when, what_before = self._last_progress
        if now - when > PROGRESS_EVERY or fact.what != what_before:
            self._last_progress = (now, fact.what)
            self._news.append(self._write(fact))

    def _stopped(self) -> Stopped:
        epochs = self._trainer.epochs_done if self._trainer else 0
        unkept = printable(self._pen.stuck.strerror) if self._pen.stuck else ""
        return Stopped(self.steps, epochs, self._stopped_by or "", unkept)

    def _record_predictions(self) -> None:
        assert self._trainer is not None
        assert self._trainer.evaluation is not None
        probabilities = self._trainer.evaluation.probabilities
        guesses = self._pen.predictions(self._trainer.epochs_done, probabilities)
        self._learning = self._learning.after(guesses)


def main(arguments: list[str]) -> int:
    """Run in the background: 0 when the run ended well or was stopped, 1 when it failed."""
    run = RunDirectory(Path(arguments[0]))
    stint = arguments[1] if len(arguments) > 1 else "run"
    who = arguments[2] if len(arguments) > 2 else ""
    worker = Worker(run, Stint(stint), who)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop("a signal"))
    # A terminal's Ctrl+C never gets here (the session is our own); someone else's might.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Blocked in the app that started this process, see `tui.terminal`; one that came meanwhile is
    # heard now that somebody listens.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    last: Fact | None = None
    try:
        for entry in worker.run():
            last = entry.fact
    except (OSError, RunError) as error:
        # What could not be written is said where it may be read: in the worker's log.
        why = printable(error.strerror or error if isinstance(error, OSError) else error)
        sys.stderr.write(f"The run cannot be written: {why.rstrip('.')}.\n")
        return 1
    return 1 if isinstance(last, (Failed, Diverged)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
