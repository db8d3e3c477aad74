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


_LONGEST_DIRECTORY = 80
"""Bytes: a socket's path may have 107 (103 on some systems), and its name takes 18 of them."""


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
        if _peer_uid(connection) not in (os.getuid(), 0):
            connection.close()
            return
        if len(self._lines) >= _MOST_CLIENTS:
            # Who has sat here longest without a word makes room for who may have one.
            self._drop(selector, next(iter(self._lines)), "Too many others are talking.")
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
        if not ended:
            self._drop(selector, connection, "The line is too long." if got else "")
            return
        selector.unregister(connection)
        del self._lines[connection]
        try:
            request = parse_request(bytes(line[: line.index(b"\n")]))
        except BadRequest as error:
            _answer(connection, Reply(done=False, sentence=printable(error)))
        else:
            self.queue.put(Asked(request.ask, printable(request.who, 100), connection))

    def _drop_the_slow(self, selector: selectors.BaseSelector) -> None:
        now = time.monotonic()
        for connection in [c for c, (_, until) in self._lines.items() if now > until]:
            self._drop(selector, connection, "The line took too long.")

    def _drop(
        self, selector: selectors.BaseSelector, connection: socket.socket, sentence: str
    ) -> None:
        selector.unregister(connection)
        del self._lines[connection]
        _answer(connection, Reply(done=False, sentence=sentence) if sentence else None)


def _answer(connection: socket.socket, reply: Reply | None) -> None:
    """Send, without waiting, and hang up: a line this short fits any socket's buffer."""
    with contextlib.suppress(OSError):
        if reply is not None:
            connection.send(to_line(reply))
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
    given = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    for path in (given / "inkling", _TEMPORARY):
        if not path.is_absolute() or len(os.fsencode(path)) > _LONGEST_DIRECTORY:
            continue
        with contextlib.suppress(OSError):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = path.lstat()
            if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid():
                path.chmod(0o700)
                return path
    raise RunError(
        f"{printable(_TEMPORARY)} is not a directory of yours: there is no place for a socket."
    )


def _listen(run: RunDirectory) -> tuple[Path, socket.socket]:
    """A socket under a short name, linked from the run."""
    directory = socket_directory()
    _sweep(directory)
    path = directory / f"{secrets.token_hex(6)}.sock"
    unborn = path.with_suffix(".new")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(unborn))
        unborn.chmod(0o600)
        listener.listen(128)
        # Only now: a socket that does not listen yet looks stale to another worker's sweep.
        unborn.rename(path)
    except OSError as error:
        listener.close()
        why = printable(error.strerror or error)
        raise RunError(f"No socket can be made in {printable(directory)}: {why}.") from None
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
