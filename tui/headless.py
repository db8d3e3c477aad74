"""`inkling train`: the worker in the foreground, for scripts, logs and people in a hurry.

The same generator that a background worker exhausts in silence is iterated here, and each entry
shown: as a rich progress display on a terminal, as plain lines anywhere else, or as JSON.
"""

from __future__ import annotations

import json as json_module
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from nn.events import Diverged, EpochDone, RunFinished, RunStarted
from nn.hyperparameters import Hyperparameters
from tui.engine import log_lines
from tui.engine.client import new_config
from tui.engine.facts import Entry, Failed, Preparing, Stopped, as_json_object
from tui.engine.run_directory import RunDirectory
from tui.engine.text import printable
from tui.engine.worker import Worker

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Display(Protocol):
    """Shows entries as they come."""

    def show(self, entry: Entry) -> None: ...

    def close(self) -> None: ...


class JsonLines:
    """`epoch_done` for each epoch, and last how it ended; nothing else on standard output."""

    def __init__(self, run: str) -> None:
        self._run = run

    def show(self, entry: Entry) -> None:
        fact = entry.fact
        if isinstance(fact, (EpochDone, RunFinished, Diverged, Stopped, Failed)):
            values = as_json_object(fact)
            if not isinstance(fact, EpochDone):
                values = {"event": values.pop("event"), "run": self._run, **values}
            print(json_module.dumps(values), flush=True)

    def close(self) -> None:
        pass


class PlainLines:
    """The log, line by line, for a pipe or a file."""

    def __init__(self, run: str) -> None:
        self._run = run

    def show(self, entry: Entry) -> None:
        if isinstance(entry.fact, RunStarted):
            begin = f"run {self._run}"
            print(begin, log_lines.line(entry), log_lines.HEADER, sep="\n", flush=True)
        else:
            print(log_lines.line(entry), flush=True)

    def close(self) -> None:
        pass


class LiveProgress:
    """A progress bar that stays below the lines of the log."""

    def __init__(self, run: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=Console(highlight=False, markup=False, emoji=False),
            transient=True,
        )
        self._progress.start()
        self._task = self._progress.add_task("starting", total=None)
        self._run = run

    def _print(self, text: str) -> None:
        self._progress.console.print(text, soft_wrap=True)

    def show(self, entry: Entry) -> None:
        fact = entry.fact
        if isinstance(fact, Preparing):
            total = fact.total or None
            self._progress.update(
                self._task, description=fact.what, completed=fact.done, total=total
            )
            return
        if isinstance(fact, RunStarted):
            self._print(f"run {self._run}")
        self._print(log_lines.line(entry))
        if isinstance(fact, RunStarted):
            self._print(log_lines.HEADER)
            self._progress.update(
                self._task, description="training", completed=0, total=fact.epochs
            )
        elif isinstance(fact, EpochDone):
            self._progress.update(self._task, completed=fact.epoch)

    def close(self) -> None:
        self._progress.stop()


def train(
    hyperparameters: Hyperparameters, runs_dir: Path, data_dir: Path | None, *, json: bool
) -> int:
    """Train in this process, and return its exit status.

    Raises:
        RunError: the run directory cannot be made.
    """
    run = RunDirectory.create(runs_dir, new_config(hyperparameters, data_dir))
    worker = Worker(run)
    kind = JsonLines if json else LiveProgress if sys.stdout.isatty() else PlainLines
    last: Entry | None = None
    begun = False
    unread: OSError | None = None
    try:
        with _interruptible(worker), closing(kind(run.name)) as display:
            for entry in worker.run():
                last = entry
                begun = begun or isinstance(entry.fact, RunStarted)
                if unread is None and (json or not isinstance(entry.fact, Failed)):
                    try:
                        display.show(entry)
                    except OSError as error:
                        # Nobody reads any more; the run ends properly, and says so in its journal.
                        unread = error
                        worker.stop("the end of its output")
    except OSError as error:
        last = Entry(0.0, Failed(f"The run cannot be written to {printable(run.path)}: "
                                 f"{printable(error.strerror or error)}.", ""))  # fmt: skip
    finally:
        if not begun:
            run.discard()
    if unread is not None:
        raise BrokenPipeError from unread
    return _status(last, begun=begun)


def _status(last: Entry | None, *, begun: bool) -> int:
    fact = last.fact if last else None
    match fact:
        case RunFinished():
            return DONE
        case Stopped():
            return INTERRUPTED
        case Failed():
            print(f"inkling: {fact.sentence}", file=sys.stderr)
            return FAILED if begun else USAGE
        case _:
            return FAILED


@contextmanager
def _interruptible(worker: Worker) -> Iterator[None]:
    """The first Ctrl+C (SIGTERM, SIGHUP) ends the run at the next step; a second one insists."""

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        worker.stop("Ctrl+C" if number == signal.SIGINT else "a signal")

    # What nohup, or a shell's &, has us ignore stays ignored.
    asked = [n for n in _ENDING_SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in asked}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
