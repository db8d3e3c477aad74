"""The worker's ear: one thread on the control socket, a queue for the training loop.

The thread only reads lines, answers what is no request, and hands on the rest; it is the training
loop that acts and replies, between two steps. A client that does not read its answer, sends garbage
or never ends its line is dropped; training notices none of it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import secrets
import selectors
import socket
import stat
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tui.engine.commands import (
    LONGEST_LINE,
    BadRequest,
    Command,
    Reply,
    parse_request,
    to_line,
)
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import printable

PATIENCE = 10.0
"""Seconds a client has to end its line."""

_MOST_CLIENTS = 64

_TEMPORARY = Path(f"/tmp/inkling-{os.getuid()}")
"""Where there is no runtime directory: short whatever TMPDIR says."""


class Asked:
    """A request in the training loop's hands; `reply` may be called from any thread, once."""

    def __init__(self, command: Command, who: str, connection: socket.socket | None) -> None:
        self.command = command
        self.who = who
        self._connection = connection

    def reply(self, sentence: str = "") -> None:
        """Done, or, with a sentence, why not."""
        if self._connection is None:
            return
        _answer(self._connection, Reply(done=not sentence, sentence=sentence))
        self._connection = None


class Control:
    """Listens while the block lasts; `queue` holds what was asked, in order."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self.queue: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self._lines: dict[socket.socket, tuple[bytearray, float]] = {}

    def __enter__(self) -> Control:
        self._wake_read, self._wake_write = socket.socketpair()
        self._path, self._listener = _listen(self._run)
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._wake_write.send(b".")
        self._thread.join(timeout=2)
        for path in (self._path, self._run.control):
            with contextlib.suppress(OSError):
                path.unlink()
        for end in (self._listener, self._wake_read, self._wake_write):
            end.close()
        while not self.queue.empty():
            self.queue.get().reply("The run has ended.")

    def asked(self) -> Iterator[Asked]:
        """What was asked since the last look, without waiting."""
        while not self.queue.empty():
            yield self.queue.get()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while True:
                # With nobody half-way through a line there is nothing to time out, so none is set.
                for key, _ in selector.select(1.0 if self._lines else None):
                    if key.fileobj is self._wake_read:
                        for connection in list(self._lines):
                            connection.close()
                        return
                    if key.fileobj is self._listener:
                        self._accept(selector)
                    else:
                        assert isinstance(key.fileobj, socket.socket)
                        self._read(selector, key.fileobj)
                self._drop_the_slow(selector)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            # Out of file descriptors, most likely: let the caller wait rather than spin.
            time.sleep(0.1)
            return
        connection.setblocking(False)
        if _peer_uid(connection) not in (os.getuid(), 0) or len(self._lines) >= _MOST_CLIENTS:
            connection.close()
            return
        self._lines[connection] = (bytearray(), time.monotonic() + PATIENCE)
        selector.register(connection, selectors.EVENT_READ)

    def _read(self, selector: selectors.BaseSelector, connection: socket.socket) -> None:
        line, _ = self._lines[connection]
        try:
            got = connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            got = b""
        line += got
        ended = b"\n" in line
        if got and not ended and len(line) <= LONGEST_LINE:
            return
        selector.unregister(connection)
        del self._lines[connection]
        if not ended:
            sentence = "The line is too long." if got else ""
            _answer(connection, Reply(done=False, sentence=sentence) if got else None)
            return
        try:
            request = parse_request(bytes(line[: line.index(b"\n")]))
        except BadRequest as error:
            _answer(connection, Reply(done=False, sentence=printable(error)))
        else:
            self.queue.put(Asked(request.ask, printable(request.who, 100), connection))

    def _drop_the_slow(self, selector: selectors.BaseSelector) -> None:
        now = time.monotonic()
        for connection in [c for c, (_, until) in self._lines.items() if now > until]:
            selector.unregister(connection)
            del self._lines[connection]
            connection.close()


def _answer(connection: socket.socket, reply: Reply | None) -> None:
    """Send and hang up. A line this short fits any socket's buffer: who cannot take it is gone."""
    with contextlib.suppress(OSError):
        if reply is not None:
            connection.send(to_line(reply), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    connection.close()


def _peer_uid(connection: socket.socket) -> int:
    if not hasattr(socket, "SO_PEERCRED"):
        # Elsewhere the directory's mode alone keeps others out.
        return os.getuid()
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return int(uid)


def socket_directory() -> Path:
    """Where sockets live: short (a socket's path may have 107 bytes), private, gone at reboot.

    Raises:
        RunError: the directory cannot be made, or is somebody else's.
    """
    given = os.environ.get("XDG_RUNTIME_DIR")
    path = Path(given) / "inkling" if given else _TEMPORARY
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        path = _TEMPORARY
        path.mkdir(mode=0o700, exist_ok=True)
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise RunError(f"{printable(path)} is not a directory of yours: no place for a socket.")
    path.chmod(0o700)
    return path


def _listen(run: RunDirectory) -> tuple[Path, socket.socket]:
    """A socket under a short name, linked from the run."""
    directory = socket_directory()
    _sweep(directory)
    path = directory / f"{secrets.token_hex(6)}.sock"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(16)
    listener.setblocking(False)
    link = run.control.with_name(f".{run.control.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to(path)
    link.rename(run.control)
    return path, listener


def _sweep(directory: Path) -> None:
    """Take away the sockets of workers that were killed."""
    for path in directory.glob("*.sock"):
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        probe.settimeout(0.2)
        try:
            probe.connect(str(path))
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                with contextlib.suppress(OSError):
                    path.unlink()
        finally:
            probe.close()
