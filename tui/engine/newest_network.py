"""A run's network, kept as new as its checkpoints are, for whoever asks it again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from nn.trainer import Trainer
from tui.engine.hidden import RunNetwork, trainer_of
from tui.engine.run_directory import RunDirectory

T = TypeVar("T")


class Newest(Generic[T]):
    """Loads when it is first looked at, and again whenever there is a newer checkpoint.

    To look takes a `stat`, and a few milliseconds to a second where there is something to load: it
    belongs in a thread, one at a time.
    """

    def __init__(self, run: RunDirectory, load: Callable[[RunDirectory], T]) -> None:
        self.run = run
        self._load = load
        self._found: T | None = None
        self._seen: tuple[int, int, int] | None = None

    def look(self) -> T:
        """What the newest checkpoint holds; the same object as long as that has not changed.

        Raises:
            RunError: as of `trainer_of`.
        """
        now = self._identity()
        if self._found is None or now != self._seen:
            self._found = self._load(self.run)
            self._seen = now
        return self._found

    def _identity(self) -> tuple[int, int, int] | None:
        """What tells one checkpoint from the next, which has been renamed into its place."""
        try:
            found = self.run.checkpoint.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


class NewestNetwork(Newest[RunNetwork]):
    """The network as it is tested."""

    def __init__(self, run: RunDirectory) -> None:
        super().__init__(run, RunNetwork.of_run)

    @property
    def network(self) -> RunNetwork | None:
        """What was found last."""
        return self._found


class NewestTrainer(Newest[Trainer]):
    """The network as it is trained, with its optimiser's memory."""

    def __init__(self, run: RunDirectory) -> None:
        super().__init__(run, trainer_of)
