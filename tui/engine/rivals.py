"""Runs that can be compared with one: those that were tested on the same digits."""

from __future__ import annotations

from nn.data.extra import without_extra
from tui.engine.error_view import Rival
from tui.engine.mistakes_reader import MistakesReader
from tui.engine.run_directory import RunDirectory, RunError, run_directories
from tui.engine.runs import ListedRun, summary
from tui.engine.text import printable


def possible_rivals(run: RunDirectory) -> tuple[ListedRun, ...]:
    """Runs beside this one, of the same data set divided alike, that have predictions; the newest
    first. What cannot be read is no rival.

    Raises:
        RunError: the run itself cannot be read.
    """
    own = run.read_config()
    found = []
    for other in run_directories(run.path.parent):
        if other.path == run.path or not other.predictions.exists():
            continue
        try:
            config = other.read_config()
        except RunError:
            continue
        h, mine = config.hyperparameters, own.hyperparameters
        # The seed decides which digits are set aside, where nothing else does.
        alike = h.split == mine.split and (h.split in ("auto", "official") or h.seed == mine.seed)
        same = without_extra(config.fingerprint) == without_extra(own.fingerprint)
        if same and alike:
            found.append(ListedRun(other, summary(other)))
    return tuple(sorted(found, key=lambda e: (e.summary.created, e.summary.name), reverse=True))


def rival(run: RunDirectory) -> Rival:
    """A run as it is now, to be compared with. For a thread.

    Raises:
        RunError: it has no predictions, or its digits are gone.
    """
    return Rival(printable(run.name), MistakesReader(run).read_all())
