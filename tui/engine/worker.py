"""The process (or the foreground) that owns the training.

`Worker.run()` is a generator of journal entries: it loads the digits, trains, writes the run
directory, and between two steps does what was asked on the control socket. In the background nobody
looks at the entries; `inkling train` iterates the same generator and shows them.

    python -m tui.engine.worker RUN_DIRECTORY [run|step|epoch]
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import queue
import signal
import sys
import time
import traceback
from collections.abc import Generator, Iterator
from enum import Enum
from pathlib import Path
from typing import assert_never

from nn.data import DataError, Split
from nn.events import Diverged, EpochDone, HyperparameterChanged, RunFinished, RunStarted, StepDone
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.trainer import Trainer
from tui.engine.commands import Epoch, Pause, Resume, Set, Step, Stop
from tui.engine.control import Asked, Control
from tui.engine.facts import Entry, Fact, Failed, Paused, Preparing, Resumed, Stopped, ThreadsChosen
from tui.engine.loading import Loading
from tui.engine.recorder import Recorder
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.test_set import load_split
from tui.engine.text import printable
from tui.engine.threads import Threads, blas_in_words

PROGRESS_EVERY = 0.25
"""Seconds between two lines of progress while data is fetched."""

LISTEN_EVERY = 0.1
"""Seconds that a request may wait while data is fetched."""

PACE_SLACK = 0.1
"""Seconds by which a paced run may fall behind and still catch up: timers are not exact."""


class Stint(Enum):
    """How far to train before holding."""

    RUN = "run"
    STEP = "step"
    EPOCH = "epoch"
    HOLD = "hold"


class _StopAsked(Exception):
    """Raised wherever the run is when it is told to stop."""


class Worker:
    """One run, from its config.toml to its last fact."""

    def __init__(self, run: RunDirectory, stint: Stint = Stint.RUN) -> None:
        self.run_directory = run
        self._control = Control(run)
        self._stint = stint
        self._stopped_by: str | None = None
        self._trainer: Trainer | None = None
        self._news: list[Entry] = []
        self._last_progress = (-math.inf, "")
        self._turn = -math.inf

    def stop(self, who: str) -> None:
        """End the run at the next step, or now if it is paused. Safe in a signal handler."""
        self._stopped_by = who
        self._control.queue.put(Asked(Stop(), who, None))

    def run(self) -> Iterator[Entry]:
        """Train, and yield every entry of the journal as it is written.

        Raises:
            RunError: another worker has this run.
            OSError: the run directory cannot be written.
        """
        with self.run_directory.locked(), Recorder(self.run_directory) as self._pen:
            try:
                with self._control:
                    self._config = self.run_directory.read_config()
                    yield from self._whole_run()
            except _StopAsked:
                yield self._write(self._stopped())
            except HyperparameterError as error:
                yield self._write(Failed(str(error), error.name))
            except (DataError, RunError) as error:
                yield self._write(Failed(printable(error), ""))
            except MemoryError:
                sentence = "There is not enough memory for this network and batch size."
                yield self._write(Failed(sentence, ""))
            except OSError as error:
                # Of a full disk not even the journal may hear: then this raises again.
                yield self._write(
                    Failed(f"The run cannot go on: {printable(error.strerror or error)}.", "")
                )
            except Exception as error:
                traceback.print_exc()
                name, why = type(error).__name__, printable(error, 120)
                yield self._write(
                    Failed(f"The worker met an error it did not expect: {name}: {why}", "")
                )

    def _whole_run(self) -> Iterator[Entry]:
        h = self._config.hyperparameters
        threads = self._threads = Threads(h.threads, self._config.threads_chosen)
        digits = yield from self._load(h)
        trainer = self._trainer = Trainer(h, digits)
        if not threads.number:
            yield from self._measure_threads(trainer)
        threads.apply()
        for event in trainer.run():
            match event:
                case StepDone():
                    self._pen.step(event, trainer.seconds)
                    if self._stint is Stint.STEP:
                        self._hold("")
                    elif trainer.hyperparameters.pace:
                        yield from self._wait_for_turn(trainer)
                case RunStarted():
                    self._record_predictions()
                    yield self._write(event)
                case EpochDone():
                    self._record_predictions()
                    yield self._write(event)
                    flat_out = not trainer.hyperparameters.pace and not trainer.finished
                    if flat_out and threads.slowed(trainer.n_train, event.samples_per_second):
                        yield from self._measure_threads(trainer)
                    if self._stint is Stint.EPOCH and event.epoch < h.epochs:
                        self._hold("")
                case Diverged() | RunFinished() | HyperparameterChanged():
                    yield self._write(event)
                    return
                case _:
                    assert_never(event)
            if self._news or self._halting or not self._control.queue.empty():
                yield from self._listen()

    def _load(self, h: Hyperparameters) -> Generator[Entry, None, Split]:
        """Have the digits loaded, all ears: a mirror may hang for as long as it likes."""
        data_dir = self._config.data_dir
        with Loading(lambda progress: load_split(h, data_dir, progress)) as loading:
            while loading.lasts:
                progress = loading.look(LISTEN_EVERY)
                for asked in self._control.asked():
                    self._do(asked)
                if progress is not None:
                    self._note(progress)
                yield from self._take_news()
                if self._stopped_by is not None:
                    raise _StopAsked
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
            for asked in self._control.asked():
                self._do(asked)
            yield from self._take_news()
            if self._stopped_by is not None:
                raise _StopAsked
        self._keep_in_config(threads_chosen=threads.number)
        if threads.times_as_fast and threads.number != before:
            yield self._write(
                ThreadsChosen(threads.number, before, trainer.step, threads.times_as_fast)
            )

    def _keep_in_config(self, **seen: object) -> None:
        self._config = self._config.model_copy(update=seen)
        self.run_directory.write_config(self._config)

    def _note(self, progress: Preparing) -> None:
        now = time.monotonic()
        fact = dataclasses.replace(progress, what=printable(progress.what, 100))
        when, what_before = self._last_progress
        if now - when > PROGRESS_EVERY or fact.what != what_before:
            self._last_progress = (now, fact.what)
            self._news.append(self._write(fact))

    def _wait_for_turn(self, trainer: Trainer) -> Iterator[Entry]:
        """Let the next step wait, all ears, until the last one's turn is long enough ago."""
        # A word may change the pace, the stint or all plans, so each is looked at again.
        while not self._halting and self._stint is not Stint.STEP:
            pace = trainer.hyperparameters.pace
            due = self._turn + 1 / pace if pace else -math.inf
            patience = due - time.monotonic()
            if patience <= 0:
                self._turn = max(due, time.monotonic() - PACE_SLACK)
                return
            self._pen.flush_if_due()
            with contextlib.suppress(queue.Empty):
                self._do(self._control.queue.get(timeout=min(patience, PROGRESS_EVERY)))
                yield from self._take_news()

    @property
    def _halting(self) -> bool:
        return self._stint is Stint.HOLD or self._stopped_by is not None

    def _listen(self) -> Iterator[Entry]:
        """Do what was asked; while holding, wait for it."""
        yield from self._take_news()
        for asked in self._control.asked():
            self._do(asked)
        while self._stint is Stint.HOLD and self._stopped_by is None:
            self._pen.flush()
            yield from self._take_news()
            self._do(self._control.queue.get())
        yield from self._take_news()
        if self._stopped_by is not None:
            raise _StopAsked

    def _take_news(self) -> Iterator[Entry]:
        news, self._news = self._news, []
        yield from news

    def _do(self, asked: Asked) -> None:
        """Act on one request and answer it."""
        if asked.abandoned:
            asked.reply("Nobody waits for this any more.")
            return
        match asked.command:
            case Pause():
                self._hold(asked.who)
            case Resume():
                self._go_on(Stint.RUN, asked.who)
            case Step():
                self._go_on(Stint.STEP, asked.who)
            case Epoch():
                self._go_on(Stint.EPOCH, asked.who)
            case Stop():
                self._stopped_by = asked.who
            case Set(name=name, value=value):
                if self._trainer is None:
                    asked.reply("Nothing can be changed yet: the digits are still being loaded.")
                    return
                try:
                    changes = self._trainer.set(**{name: value})
                except HyperparameterError as error:
                    asked.reply(str(error))
                    return
                self._news += [self._write(change) for change in changes]
            case _:
                assert_never(asked.command)
        asked.reply()

    def _hold(self, who: str) -> None:
        if self._stint is not Stint.HOLD:
            self._news.append(self._write(Paused(self.steps, who)))
        self._stint = Stint.HOLD

    def _go_on(self, stint: Stint, who: str) -> None:
        if self._stint is Stint.HOLD:
            self._news.append(self._write(Resumed(self.steps, who, stint.value)))
        self._stint = stint

    @property
    def steps(self) -> int:
        """How many are done; may be asked from any thread."""
        return self._trainer.step if self._trainer else 0

    def _stopped(self) -> Stopped:
        epochs = self._trainer.epochs_done if self._trainer else 0
        return Stopped(self.steps, epochs, self._stopped_by or "")

    def _record_predictions(self) -> None:
        assert self._trainer is not None
        assert self._trainer.evaluation is not None
        self._pen.predictions(self._trainer.evaluation.probabilities)

    def _write(self, fact: Fact) -> Entry:
        return self._pen.fact(fact)


def main(arguments: list[str]) -> int:
    """Run in the background: 0 when the run ended well or was stopped, 1 when it failed."""
    # Blocked in the app that started this process, see `tui.terminal`.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    run = RunDirectory(Path(arguments[0]))
    worker = Worker(run, Stint(arguments[1] if len(arguments) > 1 else "run"))
    signal.signal(signal.SIGTERM, lambda *_: worker.stop("a signal"))
    # A terminal's Ctrl+C never gets here (the session is our own); someone else's might.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    last: Fact | None = None
    for entry in worker.run():
        last = entry.fact
    return 1 if isinstance(last, (Failed, Diverged)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
