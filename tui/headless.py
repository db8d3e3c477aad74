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
from nn.health import Alert
from nn.hyperparameters import Hyperparameters
from tui.engine import log_lines
from tui.engine.facts import Entry, Fact, Failed, Stopped, ThreadsChosen, as_json_object
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.text import printable
from tui.engine.worker import Worker
from tui.exit_codes import DONE, FAILED, INTERRUPTED, USAGE
from tui.streams import complain

_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Display(Protocol):
    """Shows entries as they come."""

    def show(self, entry: Entry) -> None: ...

    def close(self) -> None: ...


_EVERY_TIME = (ThreadsChosen, EpochDone, Alert)
_IN_JSON = (*_EVERY_TIME, RunFinished, Diverged, Stopped, Failed)


class JsonLines:
    """`threads_chosen` where that was measured, `epoch_done` for each epoch, `alert` where all is
    not well, and last how it ended; nothing else on standard output."""

    def __init__(self, run: str) -> None:
        self._run = run

    def show(self, entry: Entry) -> None:
        fact = entry.fact
        if isinstance(fact, _IN_JSON):
            values = as_json_object(fact)
            if not isinstance(fact, _EVERY_TIME):
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


def _display(run: str, worker: Worker, *, json: bool) -> Display:
    if json:
        return JsonLines(run)
    run = printable(run)
    if not sys.stdout.isatty():
        return PlainLines(run)
    # Nobody else shall wait for rich.
    from tui.progress import LiveProgress

    return LiveProgress(run, lambda: worker.steps)


def train(
    hyperparameters: Hyperparameters,
    runs_dir: Path,
    data_dir: Path | None,
    *,
    json: bool,
    checkpoint_every: float | None = None,
) -> int:
    """Train in this process, and return its exit status.

    Raises:
        RunError: the run directory cannot be made.
    """
    config = new_config(hyperparameters, data_dir)
    if checkpoint_every:
        config = config.model_copy(update={"checkpoint_every": checkpoint_every})
    return carry_out(RunDirectory.create(runs_dir, config), json=json, new=True)


def carry_out(run: RunDirectory, *, json: bool, new: bool) -> int:
    """Do what there is to do of a run, in this process; a new one that never begins vanishes.

    Raises:
        RunError: another worker has it.
    """
    worker = Worker(run, who="the shell")
    last: Fact | None = None
    begun = False
    unread: OSError | None = None
    try:
        with _interruptible(worker), closing(_display(run.name, worker, json=json)) as display:
            for entry in worker.run():
                last = entry.fact
                begun = begun or isinstance(last, RunStarted)
                if unread is None and (json or not isinstance(last, Failed)):
                    try:
                        display.show(entry)
                    except OSError as error:
                        # Nobody reads any more; the run ends properly, and says so in its journal.
                        unread = error
                        worker.stop("the end of its output")
    except OSError as error:
        why = f"{printable(run.path)}: {printable(error.strerror or error)}"
        failed = Failed(f"The run cannot be written to {why}.", "")
        if isinstance(last, Stopped):
            # It ended as it was told to, only without the last of what it had learnt.
            complain(failed.sentence)
        else:
            last = failed
    finally:
        if new and not begun:
            run.discard()
    if unread is not None:
        raise unread
    return _status(last, begun=begun or not new)


def _status(last: Fact | None, *, begun: bool) -> int:
    match last:
        case RunFinished():
            return DONE
        case Stopped():
            return INTERRUPTED
        case Failed():
            complain(last.sentence)
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
