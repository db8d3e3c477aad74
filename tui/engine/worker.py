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
import math
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import assert_never

from nn.archive import ArchiveError
from nn.data import DataError
from nn.events import Diverged, EpochDone, HyperparameterChanged, RunFinished, RunStarted, StepDone
from nn.hyperparameters import HyperparameterError
from nn.trainer import Trainer
from tui.engine.facts import (
    Entry,
    Fact,
    Failed,
    MistakesChanged,
    Stopped,
)
from tui.engine.making_ready import MakingReady
from tui.engine.orders import Stint, StopAsked
from tui.engine.recorder import Recorder, Telling, which
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.runs import unwritten
from tui.engine.text import printable

LOOK_UP_EVERY = 0.01
"""Seconds of training, flat out, between two times that a worker looks up from it: whatever it asks
after a step is asked of cold caches, and costs more than it looks."""


class Worker(MakingReady):
    """One run, from its config.toml to its last fact."""

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
        trainer = yield from self._make_ready()
        threads = self._threads
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
