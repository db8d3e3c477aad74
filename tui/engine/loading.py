"""Something that takes long is loaded in a thread, so that who waits for it can be spoken to.

What the thread has to tell goes through a queue: whoever looks writes it down, nobody else. A load
that nobody waits for any more ends at its next word of progress; one that hangs without a word
does not keep the process from ending.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from nn.data.dataset import Progress
from tui.engine.facts import Preparing

T = TypeVar("T")


class _Cancelled(Exception):
    """Raised in the thread: nobody waits for it any more."""


class Loading(Generic[T]):
    """Runs `work(progress)` while the block lasts. Look until it is over, then take the result."""

    def __init__(self, work: Callable[[Progress], T]) -> None:
        self._work = work
        self._told: queue.SimpleQueue[Preparing | None] = queue.SimpleQueue()
        self._cancelled = False
        self._error: BaseException | None = None
        self.lasts = True

    def __enter__(self) -> Loading[T]:
        threading.Thread(target=self._load, name="loading", daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._cancelled = True

    def look(self, patience: float) -> Preparing | None:
        """What the thread has told, after `patience` seconds at the most; None is nothing new, or
        the end."""
        with contextlib.suppress(queue.Empty):
            told = self._told.get(timeout=patience)
            self.lasts = told is not None
            return told
        return None

    def looks(self, patience: float) -> Iterator[Preparing | None]:
        """Every look until the load is over."""
        while self.lasts:
            yield self.look(patience)

    def result(self) -> T:
        """What was loaded; whatever was raised instead is raised here."""
        if self._error is not None:
            raise self._error
        return self._result

    def _load(self) -> None:
        try:
            self._result = self._work(self._progress)
        except BaseException as error:
            self._error = error
        self._told.put(None)

    def _progress(self, what: str, done: int, total: int | None) -> None:
        if self._cancelled:
            raise _Cancelled
        self._told.put(Preparing(what, done, total or 0))
