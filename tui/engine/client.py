"""Starts a worker, iterates its facts, sends it commands: the door of the screen and of the shell.

    client = RunClient.start(hyperparameters, runs_dir)
    async for news in client.facts():
        ...
    await client.ask(Pause())

The worker is a process of its own in a session of its own, so that the end of a terminal is not the
end of a run. Why a process, not a thread: beside a live screen the same loop ran 318 steps a second
as a thread and 677 as a child process, for two Python threads take turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from nn.hyperparameters import Hyperparameters
from tui.engine.commands import Command, Watch
from tui.engine.lock import boot_id
from tui.engine.run_directory import RunDirectory, RunError, private
from tui.engine.sockets import sweep
from tui.engine.tail import Died, News, Quiet, RunTail
from tui.engine.text import printable

LOOK_EVERY = 0.1
"""Seconds between two looks at the files."""

STARTING_PATIENCE = 15.0
"""Seconds a new worker has to take its lock, on a busy machine with a cold disk."""

ANSWER_PATIENCE = 5.0

QUIET_AFTER = 15.0
QUIET_EVERY = 5.0
"""Seconds without news after which that is news, and between two such words."""


class CommandRefused(Exception):
    """The worker did not do what it was asked; `str()` says why in a sentence."""


class RunClient:
    """One run, watched and commanded from this process."""

    def __init__(self, run: RunDirectory, process: subprocess.Popen[bytes] | None = None) -> None:
        self.run = run
        self._process = process
        self._tail = RunTail(run)

    @property
    def is_over(self) -> bool:
        """Has a worker that this client started ended, beyond any doubt?"""
        return self._process is not None and self._process.poll() is not None

    @property
    def behind(self) -> bool:
        """Is there more to read right away?"""
        return self._tail.behind

    @classmethod
    def start(
        cls,
        hyperparameters: Hyperparameters,
        runs_dir: Path,
        data_dir: Path | None = None,
        stint: str = "run",
    ) -> RunClient:
        """Make a run directory and start its worker; `stint` is run, step or epoch.

        Raises:
            RunError: the directory cannot be made, or the process not started.
        """
        from tui.engine.run_config import new_config

        run = RunDirectory.create(runs_dir, new_config(hyperparameters, data_dir))
        try:
            return cls(run, _worker_process(run, stint))
        except RunError:
            run.discard()
            raise

    @classmethod
    def resume(cls, run: RunDirectory) -> RunClient:
        """Start a worker that goes on with a run from its last checkpoint.

        Raises:
            RunError: the run is live, or the process cannot be started.
        """
        if run.is_live():
            raise RunError(f"Run {printable(run.name)} is live; there is nothing to resume.")
        run.read_config().require_our_format()
        with contextlib.suppress(OSError):
            run.control.unlink()
        return cls(run, _worker_process(run, "run"))

    async def facts(self) -> AsyncIterator[News]:
        """Everything from the run's first fact on, and then what happens, until it has ended.

        A history is handed over in pieces, with a turn for other tasks between them.
        """
        await self._started()
        heard, word = time.monotonic(), QUIET_AFTER
        while True:
            news = self._tail.poll()
            quiet = time.monotonic() - heard
            if news:
                heard, word = time.monotonic(), QUIET_AFTER
            elif quiet >= word:
                word += QUIET_EVERY
                yield Quiet(quiet)
            for item in news:
                if isinstance(item, Died):
                    await asyncio.to_thread(sweep)
                yield item
            if self._tail.ended and not news and not self._tail.behind:
                break
            await asyncio.sleep(0 if self._tail.behind else LOOK_EVERY)
        await self._reap()

    async def watch(self) -> None:
        """Be known to the worker as one who looks on, until it ends or this is cancelled.

        The kernel closes the connection of a client that was killed, so the worker always knows.
        """
        from tui.engine.protocol import LONGEST_LINE

        try:
            async with asyncio.timeout(STARTING_PATIENCE):
                reader, writer = await self._say(Watch())
        except (TimeoutError, OSError, ValueError):
            return
        try:
            while await reader.read(LONGEST_LINE):
                pass
        except OSError:
            pass
        finally:
            writer.close()

    async def ask(self, command: Command) -> None:
        """Have the worker do something, and return when it says it has.

        Raises:
            CommandRefused: it would not, or could not be reached.
        """
        from tui.engine.protocol import Reply

        try:
            async with asyncio.timeout(ANSWER_PATIENCE):
                reader, writer = await self._say(command)
                try:
                    line = await reader.readline()
                finally:
                    writer.close()
            reply = Reply.model_validate_json(line)
        except TimeoutError:
            raise CommandRefused(
                f"The worker has not answered for {ANSWER_PATIENCE:g} seconds; it may be busy."
            ) from None
        except (OSError, ValueError):
            raise CommandRefused(f"The worker cannot be reached: {self._why_deaf()}.") from None
        if not reply.done:
            raise CommandRefused(printable(reply.sentence))

    async def _say(self, command: Command) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which the command has been sent."""
        from tui.engine.protocol import LONGEST_LINE, Request, to_line

        connection = await self._reach()
        reader, writer = await asyncio.open_unix_connection(sock=connection, limit=LONGEST_LINE)
        writer.write(to_line(Request(who=terminal(), ask=command)))
        return reader, writer

    def _why_deaf(self) -> str:
        if not self.run.is_live():
            return "the run has ended"
        note = self.run.note()
        if note and note.boot not in ("", boot_id()):
            # On a disk that machines share, the lock is seen on all of them, and the socket on one.
            return f"it is on another machine, {printable(note.host, 60)}; ask it there"
        return "it does not listen"

    async def _started(self) -> None:
        """Wait until the worker holds its lock, has said something, or is gone."""
        while not self.run.is_live() and not self._has_spoken() and self.may_start():
            await asyncio.sleep(0.02)

    def _has_spoken(self) -> bool:
        """Is there a journal that need not wait for a worker of our own?"""
        return self._process is None and self.run.journal.exists()

    async def _reach(self) -> socket.socket:
        """A connection to the worker, or to one that has only just begun, once it listens.

        Raises:
            OSError: there is none to wait for.
        """
        while True:
            # Not before its lock is held: the link in a copied run leads to the other's worker.
            if self.run.is_live():
                try:
                    return await _connect(self.run.control.readlink())
                except OSError:
                    # Of a run that was taken up, the link may still be the killed worker's.
                    if self._process is None and self.run.control.is_symlink():
                        raise
            elif not self.may_start():
                raise ConnectionRefusedError
            await asyncio.sleep(0.02)

    def may_start(self) -> bool:
        """Is our worker, or in a run as new as this somebody else's, still on its way?"""
        if self._process is not None:
            return self._process.poll() is None
        try:
            age = time.time() - self.run.config_file.stat().st_mtime
        except OSError:
            return False
        # The clock may have been set back since.
        return abs(age) < STARTING_PATIENCE and not self.run.journal.exists()

    async def _reap(self) -> None:
        """Take the ended worker's exit status, so that it does not linger as a zombie."""
        deadline = time.monotonic() + 2.0
        while self._process is not None and self._process.poll() is None:
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(0.02)


def _worker_process(run: RunDirectory, stint: str) -> subprocess.Popen[bytes]:
    """
    Raises:
        RunError: it cannot be started.
    """
    # -P: a file called queue.py in the directory Inkling was started in is not for the worker.
    command = [sys.executable, "-P", "-m", "tui.engine.worker", str(run.path), stint, terminal()]
    try:
        with open(run.worker_log, "ab", opener=private) as log:
            return subprocess.Popen(
                command,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
    except OSError as error:
        raise RunError(f"A worker cannot be started: {printable(error)}.") from None


async def _connect(path: Path) -> socket.socket:
    """A connection, as soon as the worker has room for one; asyncio would take "try again" for it.

    Raises:
        OSError: nobody listens there.
    """
    connection = socket.socket(socket.AF_UNIX)
    connection.setblocking(False)
    try:
        while True:
            try:
                connection.connect(str(path))
            except BlockingIOError:
                await asyncio.sleep(0.02)
            else:
                return connection
    except BaseException:
        connection.close()
        raise


def terminal() -> str:
    """Who is asking, for the journal."""
    try:
        return os.ttyname(0).removeprefix("/dev/")
    except OSError:
        return f"process {os.getpid()}"
