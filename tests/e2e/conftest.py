"""The app in a real pseudo-terminal, its screen read with a terminal emulator."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import processes
import pyte
import pytest

from tui.engine.client import RunClient
from tui.engine.commands import Set
from tui.engine.facts import Fact, decode
from tui.engine.run_directory import RunDirectory

INKLING = str(Path(sys.executable).with_name("inkling"))


def _without_size(environment: Mapping[str, str]) -> dict[str, str]:
    """COLUMNS and LINES of the tests' own terminal would be believed before the real size."""
    return {k: v for k, v in environment.items() if k not in ("COLUMNS", "LINES")}


class Terminal:
    """A person at a terminal: reads the screen, presses keys, resizes and closes the window."""

    def __init__(
        self, *arguments: str, columns: int, rows: int, controlling: bool = True,
        program: tuple[str, ...] = (INKLING,), **environment: str,
    ) -> None:  # fmt: skip
        """Not every terminal is the controlling one of what runs in it; only that one sends a
        signal when it goes."""
        self._master, slave = os.openpty()
        self.resize(columns, rows, tell=False)
        self.modes_before = termios.tcgetattr(self._master)
        self._lock = threading.Lock()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self.process = subprocess.Popen(
            [*program, *arguments],
            **self._attached(slave, controlling),
            env=_without_size(os.environ)
            | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            | environment,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @staticmethod
    def _attached(slave: int, controlling: bool) -> dict[str, Any]:
        if controlling:
            return {"preexec_fn": lambda: os.login_tty(slave)}
        return {"start_new_session": True, "stdin": slave, "stdout": slave, "stderr": slave}

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65536):
                with self._lock:
                    self.raw += data
                    # The emulator takes what it does not know for text.
                    self._stream.feed(data.replace(b"\x1b[>1u", b"").replace(b"\x1b[<u", b""))

    @property
    def text(self) -> str:
        with self._lock:
            return "\n".join(self._screen.display)

    def shows(self, *words: str) -> bool:
        text = self.text
        return all(word in text for word in words)

    def expect(self, *words: str, seconds: float = 30.0) -> None:
        """Wait until all these words are on the screen."""
        self.until(lambda: self.shows(*words), f"{words} on the screen", seconds)

    def until(self, condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"never: {what}; the screen is\n{self.text}"
            time.sleep(0.02)

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self._master, key.encode())

    def resize(self, columns: int, rows: int, *, tell: bool = True) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        if tell:
            with self._lock:
                self._screen.resize(rows, columns)

    def clear(self) -> None:
        """Wipe the screen, as whoever else writes to the terminal may do."""
        with self._lock:
            self._screen.reset()

    def hang_up(self) -> None:
        """Close the window; the kernel tells whoever is in it."""
        master, self._master = self._master, -1
        os.close(master)

    def wait(self, seconds: float = 30.0) -> int:
        """Until the app has gone, and all it wrote has been read; its exit status."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the app has not gone; the screen is\n{self.text}")
        if self._master >= 0:
            self._reader.join(5)
        return status

    @property
    def is_open(self) -> bool:
        return self._master >= 0

    def restored(self) -> bool:
        """Is the terminal as the app found it?"""
        modes = termios.tcgetattr(self._master)
        last = {name: self.raw.rfind(code) for name, code in {
            "own screen": b"\x1b[?1049h", "first screen": b"\x1b[?1049l",
            "cursor hidden": b"\x1b[?25l", "cursor shown": b"\x1b[?25h",
            "mouse on": b"\x1b[?1003h", "mouse off": b"\x1b[?1003l",
        }.items()}  # fmt: skip
        return (
            modes == self.modes_before
            and last["own screen"] <= last["first screen"]
            and last["cursor hidden"] <= last["cursor shown"]
            and last["mouse on"] <= last["mouse off"]
        )

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        if self._master >= 0:
            self.hang_up()


@pytest.fixture(scope="session")
def command() -> str:
    return INKLING


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    """Every terminal of the test."""
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def open_app(opened: list[Terminal]) -> Callable[..., Terminal]:
    """`open_app("--epochs", "3", columns=80, rows=24)`: the app, up and painted."""

    def start(
        *arguments: str, columns: int = 120, rows: int = 40, painted: bool = True, **more: Any
    ) -> Terminal:  # fmt: skip
        opened.append(Terminal(*arguments, columns=columns, rows=rows, **more))
        if painted:
            opened[-1].expect("Loss")
        return opened[-1]

    return start


@pytest.fixture
def come_to_rest(opened: list[Terminal], runs: Path) -> Callable[[], None]:
    """What every test of a fault ends with: `processes.come_to_rest`, and no terminal that is still
    there is left raw by an app that could help it."""

    def check() -> None:
        still_on = [t.process.pid for t in opened if t.process.poll() is None]
        processes.come_to_rest(runs, still_on)
        for terminal in opened:
            if terminal.process.poll() not in (None, -signal.SIGKILL) and terminal.is_open:
                assert terminal.restored()

    return check


class Run:
    """The newest run, as its files tell it."""

    def __init__(self, directory: RunDirectory) -> None:
        self.directory = directory

    @property
    def live(self) -> bool:
        return self.directory.is_live()

    @property
    def last_fact(self) -> Fact | None:
        lines = self.directory.journal.read_bytes().splitlines()
        entry = decode(lines[-1]) if lines else None
        return entry.fact if entry else None

    @property
    def steps(self) -> int:
        return self.directory.steps.stat().st_size // 32

    def hurry(self) -> None:
        """Let it train as fast as it can, now that nobody looks."""
        asyncio.run(RunClient(self.directory).ask(Set("pace", 0)))

    def signal(self, number: int) -> None:
        """To the worker, whose name is in its lock."""
        note = self.directory.note()
        assert note
        os.kill(note.pid, number)


@pytest.fixture
def newest(runs: Path) -> Callable[[], Run]:
    def find() -> Run:
        paths: list[Any] = sorted(runs.iterdir(), key=lambda path: path.stat().st_ctime)
        return Run(RunDirectory(paths[-1]))

    return find
