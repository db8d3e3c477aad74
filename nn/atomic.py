"""A file replaced whole or not at all, whatever happens in between.

Whoever opens the file finds the old content or the new, never a part of either: the new content is
written aside, forced to the disk, and renamed into place, which POSIX does in one step. What a
killed process leaves aside is found and taken away by `sweep`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_SUFFIX = ".part"
_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}\.part", re.DOTALL)


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends well, and vanishes otherwise.

    It stands in the same directory, may be read by its owner only (mode 0600), and is locked while
    it is written. If `durable`, the content is on the disk before the name is, so that not even a
    power cut leaves an empty file. A symbolic link at `path` is itself replaced, not followed.
    Raises OSError, or ValueError for a name that no file can have; `path` is then as it was.
    """
    handle, temporary = _locked_temporary(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            # Renamed while the lock is held, so that `sweep` never meets it finished and unlocked.
            temporary.replace(path)
        if durable:
            _sync_directory(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def sweep(directory: Path) -> int:
    """Remove the temporary files of writers that no longer live; returns how many there were.

    A temporary file is known by its name, its owner and its kind, and its writer is alive as long
    as the file is locked: the kernel drops a lock with the process that held it. What cannot be
    looked at or removed stays.
    """
    removed = 0
    try:
        names = [name for name in os.listdir(directory) if _TEMPORARY.fullmatch(name)]  # noqa: PTH208
    except OSError:
        return 0
    for name in names:
        with contextlib.suppress(OSError):
            removed += _removed_if_abandoned(directory / name)
    return removed


def _locked_temporary(path: Path) -> tuple[int, Path]:
    while True:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_SUFFIX, dir=path.parent)
        # A file system without locks is still written to; `sweep` then leaves its files alone.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        # A sweep between these two steps saw a file that nobody holds, and has taken it away.
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)


def _removed_if_abandoned(path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            return False
        # Raises BlockingIOError while the writer lives.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        return True
    finally:
        os.close(handle)


def _sync_directory(directory: Path) -> None:
    # The new file is whole and in place: a file system that cannot sync a directory is no reason
    # to tell the caller that writing failed.
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
