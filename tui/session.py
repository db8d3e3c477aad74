"""One run on the screen: the door through which it is started, watched and commanded.

The session reads the run's news into a `RunState` and says when something changed; what a screen
shows it takes from `state`. It owns no widget and no thread; the run itself is another process's.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nn.hyperparameters import Hyperparameters
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import WithKeys, literal, printable

if TYPE_CHECKING:
    # When there is a run, not before the first paint.
    from tui.engine.client import RunClient
    from tui.engine.commands import Command
    from tui.engine.state import RunState

SHOW_EVERY = 0.1
"""Seconds between two changes at the most; a run of small digits has a thousand epochs a minute."""

SHOW_BEHIND = 1.0
"""Seconds after which a history is shown as far as it has been read."""

ENDING_PATIENCE = 15.0
"""Seconds that a run may take to stop: a step of a large network takes some."""

PREDICT_EVERY = 0.5
"""Seconds between two readings of the predictions."""


class Session:
    """At most one live run at a time."""

    def __init__(self, runs_dir: Path, data_dir: Path | None = None) -> None:
        self.runs_dir = runs_dir
        self.data_dir = data_dir
        self.state: RunState | None = None
        self._client: RunClient | None = None
        self._changed = asyncio.Event()
        self._epoch_done = asyncio.Event()

    @property
    def live(self) -> bool:
        return self.state is not None and self.state.status.live

    @property
    def run(self) -> RunDirectory | None:
        return self._client.run if self._client else None

    def start(self, hyperparameters: Hyperparameters, stint: str) -> None:
        """Start a worker on a new run; iterate `changes()` to follow it.

        Raises:
            RunError: the run directory cannot be made, or a run is live already.
        """
        from tui.engine.client import RunClient

        if self.live:
            raise RunError("A run is live; stop it before you start another.")
        self._follow(
            RunClient.start(hyperparameters, self.runs_dir, self.data_dir, stint), hyperparameters
        )

    def attach(self, run: RunDirectory) -> None:
        """Follow a run that somebody else started, or that has ended.

        Raises:
            RunError: there is no such run, or it cannot be read.
        """
        from tui.engine.client import RunClient

        self._follow(RunClient(run), run.read_config().hyperparameters)

    def take_up(self, run: RunDirectory) -> None:
        """Start a worker that goes on with a run from its last checkpoint, and follow it.

        Raises:
            RunError: it has a worker, or one on its way, has nothing left to do, or cannot be read.
        """
        from tui.engine.client import RunClient
        from tui.engine.runs import resumable

        # A worker that has only just been started does not hold the run's lock yet.
        ours = self._client if self.live else None
        if ours is not None and ours.run.path == run.path and ours.may_start():
            raise RunError("The run is live already; there is nothing to take up.")
        self._follow(RunClient.resume(resumable(run)), run.read_config().hyperparameters)

    async def ended(self) -> None:
        """Return when the run, told to stop, has done so and said so.

        Raises:
            RunError: it has not, for longer than a step takes.
        """
        try:
            async with asyncio.timeout(ENDING_PATIENCE):
                while self.live:
                    await asyncio.sleep(SHOW_EVERY / 2)
        except TimeoutError:
            raise RunError(
                f"The run has not stopped for {ENDING_PATIENCE:g} seconds; try again when it has."
            ) from None

    async def fork(self, changes: Mapping[str, object]) -> None:
        """Start a worker on a new run that goes on from this one's last checkpoint, with changes,
        and follow it.

        Raises:
            HyperparameterError: a change that a fork cannot make.
            RunError: the run is live, has no checkpoint, or cannot be forked.
        """
        from tui.engine.client import RunClient, terminal
        from tui.engine.forking import fork_run

        if self.run is None:
            raise RunError("There is no run to fork here.")
        if self.live:
            raise RunError("The run is live; stop it before you fork it.")
        child = await asyncio.to_thread(fork_run, self.run, dict(changes), terminal())
        self._follow(RunClient.resume(child), child.read_config().hyperparameters)

    def _follow(self, client: RunClient, hyperparameters: Hyperparameters) -> None:
        from tui.engine.state import RunState

        self._client = client
        self.state = RunState(client.run.name, hyperparameters, client.run)

    async def changes(self) -> AsyncIterator[RunState]:
        """The run's state, once now and again whenever something in it changed, until the run has
        ended and everything it left has been read."""
        client, state = self._client, self.state
        assert client is not None
        assert state is not None
        self._changed.clear()
        self._epoch_done.clear()
        reading = asyncio.create_task(self._read(client, state))
        predicting = asyncio.create_task(self._predict(client, state, reading))
        watching = asyncio.create_task(client.watch())
        try:
            yield state
            while not reading.done():
                await self._changed.wait()
                self._changed.clear()
                yield state
                await asyncio.sleep(SHOW_EVERY)
            await reading
            # The end of what was read does not wait for what is thought of the digits.
            yield state
            self._epoch_done.set()
            await predicting
            yield state
        finally:
            for task in (reading, predicting, watching):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    async def ask(self, command: Command) -> None:
        """Have the worker do something.

        Raises:
            CommandRefused: there is no live run, or it would not.
        """
        if self._client is None or not self.live:
            from tui.engine.client import CommandRefused

            raise CommandRefused(WithKeys("No run is live; press <run.toggle> to start one."))
        await self._client.ask(command)

    async def _read(self, client: RunClient, state: RunState) -> None:
        from tui.engine.facts import PREDICTED, Entry

        try:
            shown = time.monotonic()
            async for news in client.facts():
                state.apply(news)
                if isinstance(news, Entry) and isinstance(news.fact, PREDICTED):
                    self._epoch_done.set()
                if not isinstance(news, Entry) and not client.behind:
                    # An entry has its own time.
                    state.pass_time(time.time())
                # A chart of the half of what is there already would only keep the whole waiting.
                if not client.behind or time.monotonic() - shown > SHOW_BEHIND:
                    shown = time.monotonic()
                    self._changed.set()
            if client.is_over and not state.begun:
                # Nothing was begun; nothing is left behind.
                client.run.discard()
        finally:
            self._changed.set()

    async def _predict(
        self, client: RunClient, state: RunState, reading: asyncio.Task[None]
    ) -> None:
        """Keep the predictions fresh: never more often than they can be looked at, never stale
        for good."""
        # What knows the data sets is imported when the first digits have been judged.
        from tui.engine.test_set import TestSet

        digits: TestSet | None = None
        while True:
            await self._epoch_done.wait()
            self._epoch_done.clear()
            # Not that the run has stopped: of one that is taken up, a history says so first.
            last = reading.done()
            if not state.begun:
                if last:
                    return
                # The worker makes the digits ready. To do so here as well may import scikit-learn,
                # which takes as much memory as half the app.
                continue
            try:
                if digits is None:
                    digits = await asyncio.to_thread(TestSet.of_run, client.run)
                found = await asyncio.to_thread(digits.predictions, client.run)
            except RunError as error:
                state.say(literal(printable(error)))
                self._changed.set()
                return
            if found is not None and not found.same_as(state.predictions):
                state.predictions = found
                self._changed.set()
            if last:
                return
            # Of short epochs, the worker does not write the predictions of each.
            if state.status.live and (found is None or found.epoch < state.status.epoch):
                self._epoch_done.set()
            await asyncio.sleep(PREDICT_EVERY)
