"""The lock of a run: who holds it is alive, whatever a pid says, and may leave a word in it.

The kernel drops a lock with the process that held it. The note inside is for people, and for the
one thing that a worker may have to say when the disk takes nothing more: its room was taken when
there was some.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.engine.run_config import WorkerNote

LeaveWord = Callable[[str, str], None]
"""Replaces a note's `sentence` and its `last`."""

NOTE_SIZE = 2048
"""Bytes of the note in the lock file, always."""


def boot_id() -> str:
    """What this boot of the machine is called, or nothing where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def is_held(path: Path) -> bool:
    """Does somebody hold the lock at this moment?"""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EWOULDBLOCK, errno.EACCES)
    finally:
        os.close(handle)
    return False


@contextlib.contextmanager
def hold(path: Path, patience: float) -> Iterator[LeaveWord]:
    """Hold the lock while the block lasts.

    Raises:
        BlockingIOError: another process holds it, or readers are in the way for `patience` seconds:
            a look at the lock lasts microseconds.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # Nobody waits for another holder to go: whoever stops a run means it to rest.
                if is_held(path) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        # What the last holder had to say is kept until this one has written it down.
        before = read_note(path)
        _write_note(handle, "", before.last if before else "")
        yield lambda sentence, last: _write_note(handle, sentence, last)
    finally:
        os.close(handle)


def _write_note(handle: int, sentence: str, last: str) -> None:
    from tui.engine.run_config import WorkerNote

    # Over what is there already, and no longer: of a full disk this asks for nothing.
    note = WorkerNote(
        pid=os.getpid(), boot=boot_id(), host=socket.gethostname(), sentence=sentence[:500],
        last=last,
    )  # fmt: skip
    text = note.model_dump_json().encode()
    if len(text) >= NOTE_SIZE:
        text = note.model_copy(update={"last": ""}).model_dump_json().encode()
    # Nothing else is lost with it, and of a disk that has become read-only somebody else will tell.
    with contextlib.suppress(OSError):
        os.pwrite(handle, text[: NOTE_SIZE - 1].ljust(NOTE_SIZE - 1) + b"\n", 0)


def read_note(path: Path) -> WorkerNote | None:
    """What the holder, or the last one, wrote; None where that cannot be read."""
    from tui.engine.run_config import WorkerNote

    try:
        with open(path, "rb") as file:
            return WorkerNote.model_validate_json(file.read(NOTE_SIZE))
    except (OSError, ValueError):
        return None
