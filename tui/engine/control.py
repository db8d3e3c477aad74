"""The worker's ear: one thread on the control socket, a queue for the training loop.

The thread only reads lines, answers what is no request, and hands on the rest; it is the training
loop that acts and replies, between two steps. A client that does not read its answer, sends garbage
or never ends its line is dropped; training notices none of it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import selectors
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from tui.engine.commands import Command, Stop, Watch
from tui.engine.protocol import LONGEST_LINE, BadRequest, Reply, parse_request, to_line
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.sockets import close, is_reachable, listen, peer_uid
from tui.engine.text import printable

PATIENCE = 10.0
"""Seconds a client has to end its line."""

CHECK_EVERY = 3.0
"""Seconds between two looks at whether the socket can still be found."""

_MOST_CLIENTS = 64


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Not a request: a watcher's connection has ended, whatever ended it."""


class Asked:
    """A request in the training loop's hands; `reply` may be called from any thread, once."""

    def __init__(
        self, command: Command | Unwatch, who: str, connection: socket.socket | None
    ) -> None:
        self.command = command
        self.who = who
        self._connection = connection

    @property
    def abandoned(self) -> bool:
        """Has the asker hung up? Who was told that nothing came of it must not be surprised."""
        if self._connection is None:
            return False
        # A hang-up is always reported; an asker who only will not write any more is still there.
        poll = select.poll()
        poll.register(self._connection, 0)
        return bool(poll.poll(0))

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
        self._watchers: dict[socket.socket, str] = {}
        self._homeless = False

    def __enter__(self) -> Control:
        self._wake_read, self._wake_write = socket.socketpair()
        self._path, self._listener = listen(self._run)
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._wake_write.send(b".")
        self._thread.join(timeout=2)
        close(self._path, self._listener)
        with contextlib.suppress(OSError):
            self._run.control.unlink()
        for end in (self._wake_read, self._wake_write):
            end.close()
        while not self.queue.empty():
            self.queue.get().reply("The run has ended.")

    def asked(self) -> Iterator[Asked]:
        """What was asked since the last look, without waiting."""
        while not self.queue.empty():
            yield self.queue.get()

    def _serve(self) -> None:
        check = time.monotonic() + CHECK_EVERY
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while True:
                # With nobody half-way through a line there is nothing to time out.
                for key, _ in selector.select(1.0 if self._lines else CHECK_EVERY):
                    if key.fileobj is self._wake_read:
                        for connection in (*self._lines, *self._watchers):
                            connection.close()
                        return
                    assert isinstance(key.fileobj, socket.socket)
                    self._hear(selector, key.fileobj)
                self._drop_the_slow(selector)
                if time.monotonic() > check:
                    self._stay_reachable(selector)
                    check = time.monotonic() + CHECK_EVERY

    def _hear(self, selector: selectors.BaseSelector, speaker: socket.socket) -> None:
        """Whatever goes wrong with one of them, the others are still heard."""
        try:
            if speaker is self._listener:
                self._accept(selector)
            elif speaker in self._lines:
                # Not so if another of the same batch had to be given its place.
                self._read(selector, speaker)
            elif speaker in self._watchers:
                # It has nothing more to say, so this is its end.
                self._leave(selector, speaker)
        except Exception:
            traceback.print_exc()
            if speaker is self._listener:
                time.sleep(0.1)
            else:
                self._forget(selector, speaker)
                self._watchers.pop(speaker, None)
                speaker.close()

    def _stay_reachable(self, selector: selectors.BaseSelector) -> None:
        """Listen anew where the socket was taken away: a runtime directory goes with its user's
        last session, and a temporary one is cleaned."""
        if is_reachable(self._run, self._path):
            return
        if not self._homeless and not self._run.path.is_dir():
            # Nobody will ever find a worker that holds, or waits for its turn, without it.
            self._homeless = True
            self.queue.put(Asked(Stop(), "the loss of its directory", None))
        try:
            path, listener = listen(self._run)
        except (RunError, OSError):
            # Perhaps at the next look.
            return
        selector.unregister(self._listener)
        close(self._path, self._listener)
        self._path, self._listener = path, listener
        selector.register(listener, selectors.EVENT_READ)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            # Out of file descriptors, most likely: let the caller wait rather than spin.
            time.sleep(0.1)
            return
        try:
            connection.setblocking(False)
            if peer_uid(connection) not in (os.getuid(), 0):
                connection.close()
                return
            crowded = len(self._lines) >= _MOST_CLIENTS
            self._lines[connection] = (bytearray(), time.monotonic() + PATIENCE)
            selector.register(connection, selectors.EVENT_READ)
            if crowded:
                # Who has sat here longest without a word makes room for who may have one.
                self._drop(selector, next(iter(self._lines)), "Too many others are talking.")
        except BaseException:
            self._forget(selector, connection)
            connection.close()
            raise

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
        self._forget(selector, connection)
        try:
            request = parse_request(bytes(line[: line.index(b"\n")]))
        except BadRequest as error:
            _answer(connection, Reply(done=False, sentence=printable(error)))
        else:
            who = printable(request.who, 100)
            if isinstance(request.ask, Watch):
                self._welcome(selector, connection, who)
            else:
                self.queue.put(Asked(request.ask, who, connection))

    def _welcome(
        self, selector: selectors.BaseSelector, connection: socket.socket, who: str
    ) -> None:
        if len(self._watchers) >= _MOST_CLIENTS:
            _answer(connection, Reply(done=False, sentence="Too many others are watching."))
            return
        with contextlib.suppress(OSError):
            connection.send(to_line(Reply(done=True)))
        self._watchers[connection] = who
        selector.register(connection, selectors.EVENT_READ)
        self.queue.put(Asked(Watch(), who, None))

    def _leave(self, selector: selectors.BaseSelector, connection: socket.socket) -> None:
        self._forget(selector, connection)
        self.queue.put(Asked(Unwatch(), self._watchers.pop(connection), None))
        connection.close()

    def _drop_the_slow(self, selector: selectors.BaseSelector) -> None:
        now = time.monotonic()
        for connection in [c for c, (_, until) in self._lines.items() if now > until]:
            self._drop(selector, connection, "The line took too long.")

    def _drop(
        self, selector: selectors.BaseSelector, connection: socket.socket, sentence: str
    ) -> None:
        self._forget(selector, connection)
        _answer(connection, Reply(done=False, sentence=sentence) if sentence else None)

    def _forget(self, selector: selectors.BaseSelector, connection: socket.socket) -> None:
        with contextlib.suppress(KeyError):
            selector.unregister(connection)
        self._lines.pop(connection, None)


def _answer(connection: socket.socket, reply: Reply | None) -> None:
    """Send, without waiting, and hang up: a line this short fits any socket's buffer."""
    with contextlib.suppress(OSError):
        if reply is not None:
            connection.send(to_line(reply))
    connection.close()
