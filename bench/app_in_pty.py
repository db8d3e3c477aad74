"""The app in a pseudo-terminal, with a reader that keeps up: what the benches share."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from tui.engine.run_directory import RunDirectory
from tui.engine.tail import STEP


class AppInPty:
    """Starts `inkling` on a terminal of its own; use as a context manager."""

    COMMAND: tuple[str, ...] = ("-m", "tui.cli")
    """What Python is started with."""

    def __init__(
        self,
        runs_dir: Path,
        arguments: Sequence[str] = (),
        size: tuple[int, int] = (120, 40),
        *,
        leave: bool = False,
    ) -> None:
        """`leave` has the workers train on when the app has gone."""
        self.runs_dir = runs_dir
        self._arguments = arguments
        self._size = size
        self._leave = leave
        self.bytes_read = 0
        self.surroundings: dict[str, str] = {}
        """Variables of the environment, and `cwd`, where it is to start."""
        self._heard = b""

    def __enter__(self) -> AppInPty:
        self._terminal, inside = pty.openpty()
        self.resize(*self._size)
        where = {**self.surroundings}
        self.process = subprocess.Popen(
            [sys.executable, *self.COMMAND, *self._arguments, "--runs-dir", str(self.runs_dir)],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            cwd=where.pop("cwd", None),
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **where},
        )
        os.close(inside)
        return self

    def __exit__(self, *exc: object) -> None:
        if not self._leave:
            stop_workers(self.runs_dir)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._terminal)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal a size; the kernel tells whoever is in it."""
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def last_words(self) -> str:
        """What came out of the terminal last, without its codes."""
        text = re.sub(rb"\x1b\[[0-9;?<>]*[A-Za-z]", b"", self._heard)
        return text.decode("utf-8", "replace").strip()

    def processor_ms(self) -> float:
        """Milliseconds that the app has kept a processor busy, whoever else was using the machine
        (Linux only: what `clock_getcpuclockid` would say is the clock of another process)."""
        return time.clock_gettime(~self.process.pid << 3 | 2) * 1000

    def send(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def read_until(self, wanted: bytes, patience: float = 10.0) -> float | None:
        """Seconds until `wanted` has come out of the terminal, or None."""
        began = time.perf_counter()
        seen = b""
        while (left := began + patience - time.perf_counter()) > 0:
            seen = seen[-len(wanted) :] + self.read(left)
            if wanted in seen:
                return time.perf_counter() - began
        return None

    def read_burst(self, least: int, patience: float) -> float | None:
        """Seconds until so many bytes have come at once, or None."""
        began = time.perf_counter()
        while (left := began + patience - time.perf_counter()) > 0:
            if len(self.read(left)) >= least:
                return time.perf_counter() - began
        return None

    def read_for(self, seconds: float) -> int:
        """Keep up with the app for so long; how many bytes it sent."""
        before, until = self.bytes_read, time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self.read(left)
        return self.bytes_read - before

    def read(self, patience: float) -> bytes:
        """What comes within so many seconds, or nothing."""
        if not select.select([self._terminal], [], [], max(patience, 0))[0]:
            return b""
        try:
            data = os.read(self._terminal, 65536)
        except OSError:
            return b""
        self.bytes_read += len(data)
        self._heard = (self._heard + data)[-8000:]
        return data


def newest_run(runs_dir: Path) -> Path:
    """The run that was started last."""
    return max(runs_dir.iterdir(), key=lambda path: path.stat().st_mtime)


def steps_done(run: Path) -> int:
    """Steps in steps.bin by now."""
    try:
        return (run / "steps.bin").stat().st_size // STEP.itemsize
    except OSError:
        return 0


def stop_workers(runs_dir: Path) -> None:
    """End every live run below a directory."""
    for lock in runs_dir.glob("*/lock"):
        run = RunDirectory(lock.parent)
        note = run.note()
        if run.is_live() and note:
            os.kill(note.pid, signal.SIGTERM)
