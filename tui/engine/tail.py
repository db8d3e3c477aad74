"""A reader at its own pace, which no writer waits for.

`RunTail.poll()` returns what has been added to a run's files since the last look. What is only half
there (a line without its end, a record cut short) is left for the next look; if its writer died, it
is never more than nothing. Any number of tails may follow one run, and none of them holds a lock.
"""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from tui.engine.facts import ENDINGS, Entry, decode
from tui.engine.run_directory import STEP_FIELDS, RunDirectory
from tui.engine.runs import last_kept, unwritten

STEP = np.dtype(list(STEP_FIELDS))

CHUNK = 1 << 20
"""Bytes read from a file at one look: a long history arrives in pieces, and keys get a turn."""

ASK_EVERY = 1.0
"""Seconds between two looks at the word a worker leaves in its lock, while nothing else comes."""

MOST_ENTRIES = 100
"""Lines of the journal told at one look: to understand and to take in so many epochs is 5 ms of the
event loop, and a key may wait for them."""


@dataclass(frozen=True, eq=False, slots=True)
class StepsRecorded:
    """New records of steps.bin, oldest first: a structured array of dtype `STEP`."""

    records: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Died:
    """The journal has no ending and nobody holds the lock: the worker is gone, `words` its last;
    `kept` says how old its checkpoint was then."""

    words: str
    kept: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Quiet:
    """The worker is there, and nothing has been heard of it for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """The worker lives and stands still; `words` say why, and are empty when that is over."""

    words: str


News = Union[Entry, StepsRecorded, Died, Quiet, Waiting]


class _Growing:
    """A file that others append to, read from where the last look ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.behind = False
        self._read = 0

    def new_bytes(self, record: int = 0) -> bytes:
        """What is new, whole lines (or whole records of that many bytes) only."""
        most = CHUNK - CHUNK % record if record else CHUNK
        try:
            with open(self.path, "rb", buffering=0) as file:
                file.seek(self._read)
                data = file.read(most) or b""
        except OSError:
            data = b""
        self.behind = len(data) == most
        whole = len(data) - len(data) % record if record else data.rfind(b"\n") + 1
        if not whole and self.behind:
            # A megabyte without a line end is no journal of ours: step over it.
            self._read += len(data)
            return b""
        self._read += whole
        return data[:whole]


class RunTail:
    """Follows one run directory."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self._journal = _Growing(run.journal)
        self._steps = _Growing(run.steps)
        self._lines: deque[bytes] = deque()
        self._last_is_an_end = False
        self._ended = False
        self._asked = time.monotonic()
        self._waits = False

    @property
    def ended(self) -> bool:
        """Has the run's last fact been read, or its worker's death been seen?"""
        return self._ended

    @property
    def behind(self) -> bool:
        """Is there more to read right away?"""
        return self._journal.behind or self._steps.behind or bool(self._lines)

    def poll(self) -> list[News]:
        """What is new since the last look, steps before the facts that came after them."""
        # Liveness before the files: a worker that writes its last line and leaves between the two
        # looks must not be taken for dead.
        live = self._ended or self.run.is_live()
        if not self._lines:
            self._lines.extend(self._journal.new_bytes().splitlines())
        idle = not self._lines
        news: list[News] = []
        records = self._steps.new_bytes(STEP.itemsize)
        if records:
            news.append(StepsRecorded(np.frombuffer(records, STEP)))
        # Read after the journal, the steps reach at least as far, once all of them are here.
        if not self._steps.behind:
            entries = self._next_entries()
            news += entries
            if entries:
                self._last_is_an_end = isinstance(entries[-1].fact, ENDINGS)
            # Another worker may have taken the run up again, and said nothing yet.
            self._ended = self._ended or (self._last_is_an_end and not live and not self._lines)
        if not live and idle and not records and not self._ended:
            self._ended = True
            last = unwritten(self.run)
            news.append(last or Died(self._last_words(), last_kept(self.run)))
        if live and not self._ended:
            news += self._word(anything_else=bool(news))
        return news

    def _word(self, *, anything_else: bool) -> list[News]:
        """What the worker says of itself, as long as it says it, and once when it is over."""
        if time.monotonic() - self._asked < ASK_EVERY or (anything_else and not self._waits):
            return []
        self._asked = time.monotonic()
        note = self.run.note()
        words, waited = (note.sentence if note else ""), self._waits
        self._waits = bool(words)
        return [Waiting(words)] if words or waited else []

    def _next_entries(self) -> list[Entry]:
        count = min(MOST_ENTRIES, len(self._lines))
        lines = [self._lines.popleft() for _ in range(count)]
        return [entry for line in lines if (entry := decode(line))]

    def _last_words(self) -> str:
        try:
            with open(self.run.worker_log, "rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 2000))
                lines = file.read(2000).decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        return next((line for line in reversed(lines) if line.strip()), "")
