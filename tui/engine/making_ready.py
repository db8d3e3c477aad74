"""What a worker does before it trains: load the digits, count the threads, take a run up.

Each may take long, and whoever asks something meanwhile is heard.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Generator, Iterator

from nn import checkpoint
from nn.analysis.learning_history import LearningHistory
from nn.data import Split
from nn.health import MEMORY
from nn.hyperparameters import Hyperparameters
from nn.trainer import Trainer
from tui.engine.checkup import Checkup, Past
from tui.engine.facts import Entry, Fact, Preparing, TakenUp, ThreadsChosen
from tui.engine.guesses import GuessReader
from tui.engine.keeping import Keeper
from tui.engine.last_steps import last_step, last_steps
from tui.engine.loading import Loading
from tui.engine.orders import Orders, Stint
from tui.engine.run_config import RunConfig
from tui.engine.run_directory import RunDirectory
from tui.engine.test_set import load_split
from tui.engine.text import printable
from tui.engine.threads import Threads, blas_in_words

PROGRESS_EVERY = 0.25
"""Seconds between two lines of progress while data is fetched."""

LISTEN_EVERY = 0.1
"""Seconds that a request may wait while data is fetched."""


class MakingReady(Orders):
    """The part of a worker that has everything in its place when training begins."""

    _config: RunConfig
    _threads: Threads
    _learning: LearningHistory
    _keeper: Keeper
    _checkup: Checkup
    _unwritten: Entry | None
    """An ending for which the disk had no room when the last worker went."""

    def __init__(self, run: RunDirectory, stint: Stint = Stint.RUN, who: str = "") -> None:
        super().__init__(run, stint)
        self.run_directory = run
        self._who = who
        self._told: frozenset[Fact] = frozenset()
        self._past: tuple[Past, ...] = ()
        self._last_progress = (-math.inf, "")

    def _make_ready(self) -> Generator[Entry, None, Trainer]:
        """A trainer where the run stands, whose next step may come at once."""
        h = self._config.hyperparameters
        # Before the digits are loaded, of which the journal tells.
        taken_up, still_since = self._has_begun(), self._last_written()
        threads = self._threads = Threads(h.threads, self._config.threads_chosen)
        digits = yield from self._load(h)
        self._keeper = Keeper(self._config.checkpoint_every)
        trainer = self._trainer = Trainer(h, digits)
        self._learning = LearningHistory.begin(digits.test_labels)
        if taken_up:
            trainer = self._trainer = yield from self._take_up(trainer, digits, still_since)
        self._checkup = Checkup(trainer, self._past)
        if not threads.number:
            yield from self._measure_threads(trainer)
        threads.apply()
        return trainer

    def _has_begun(self) -> bool:
        """Has there been a worker before, whose run this is to go on with?"""
        run = self.run_directory
        return run.checkpoint.exists() or run.guesses.stat().st_size > 0

    def _last_written(self) -> float:
        """When a worker last told of what it did, in seconds since 1970."""
        run = self.run_directory
        return max(run.journal.stat().st_mtime, run.steps.stat().st_mtime)

    def _load(self, h: Hyperparameters) -> Generator[Entry, None, Split]:
        """Have the digits loaded, all ears: a mirror may hang for as long as it likes."""
        data_dir, before = self._config.data_dir, self._config.fingerprint
        with Loading(
            lambda progress: load_split(h, data_dir, progress, began_with=before)
        ) as loading:
            for progress in loading.looks(LISTEN_EVERY):
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

    def _note(self, progress: Preparing) -> None:
        now = time.monotonic()
        fact = dataclasses.replace(progress, what=printable(progress.what, 100))
        when, what_before = self._last_progress
        if now - when > PROGRESS_EVERY or fact.what != what_before:
            self._last_progress = (now, fact.what)
            self._news.append(self._write(fact))

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

    def _take_up(
        self, fresh: Trainer, digits: Split, still_since: float
    ) -> Generator[Entry, None, Trainer]:
        """The trainer as it was at the last checkpoint, or a fresh one if there was none."""
        run = self.run_directory
        reached = last_step(run)
        trainer = checkpoint.load(run.checkpoint, digits) if run.checkpoint.exists() else fresh
        rows = trainer.epochs_done + 1 if trainer.step else 0
        self._told, past = self._pen.take_up(rows, len(digits.test_images))
        self._past = (*past, *last_steps(run, trainer.step, MEMORY))
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

    def _remember(self, hyperparameters: Hyperparameters) -> None:
        """Of what may change in a run, the checkpoint holds all but how far the run is to go."""
        kept, epochs = self._config.hyperparameters, hyperparameters.epochs
        if kept.epochs != epochs:
            self._keep_in_config(hyperparameters=kept.model_copy(update={"epochs": epochs}))

    def _keep_in_config(self, **seen: object) -> None:
        self._config = self._config.model_copy(update=seen)
        self._pen.config(self._config)
