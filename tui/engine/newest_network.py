"""A run's network, kept as new as its checkpoints are, for whoever asks it again and again."""

from __future__ import annotations

from tui.engine.hidden import RunNetwork
from tui.engine.run_directory import RunDirectory


class NewestNetwork:
    """Loads the network when it is first looked at, and again whenever there is a newer checkpoint.

    To look takes a `stat`, and a few milliseconds to a second where there is something to load: it
    belongs in a thread, one at a time.
    """

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self.network: RunNetwork | None = None
        self._seen: tuple[int, int, int] | None = None

    def look(self) -> RunNetwork:
        """The network as of the newest checkpoint; the same object as long as that has not changed.

        Raises:
            RunError: as of `RunNetwork.of_run`.
        """
        now = self._identity()
        if self.network is None or now != self._seen:
            self.network = RunNetwork.of_run(self.run)
            self._seen = now
        return self.network

    def _identity(self) -> tuple[int, int, int] | None:
        """What tells one checkpoint from the next, which has been renamed into its place."""
        try:
            found = self.run.checkpoint.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
