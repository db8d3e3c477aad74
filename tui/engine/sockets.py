"""Where sockets live, and how one is made: private, found from its run, never taken for stale."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import socket
import stat
import struct
import time
from pathlib import Path

from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import printable

_TEMPORARY = Path(f"/tmp/inkling-{os.getuid()}")
"""Where there is no runtime directory: short whatever TMPDIR says."""

_LONGEST_DIRECTORY = 80
"""Bytes: a socket's path may have 107 (103 on some systems), and its name takes 18 of them."""


_CHILDHOOD = 60.0
"""Seconds after which a socket that has no name yet will never have one."""


def peer_uid(connection: socket.socket) -> int:
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


def listen(run: RunDirectory) -> tuple[Path, socket.socket]:
    """A socket under a short name, linked from the run.

    Raises:
        RunError: there is no place for one.
        OSError: the run directory cannot be written.
    """
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
    try:
        _link(run, path)
    except OSError:
        close(path, listener)
        raise
    return path, listener


def _link(run: RunDirectory, path: Path) -> None:
    # Whoever left such a link was killed at this very place: a run has one worker.
    for left in run.path.glob(f".{run.control.name}.*"):
        with contextlib.suppress(FileNotFoundError):
            left.unlink()
    link = run.control.with_name(f".{run.control.name}.{os.getpid()}")
    link.symlink_to(path)
    link.rename(run.control)


def close(path: Path, listener: socket.socket) -> None:
    """Take away a socket; its name may be gone already."""
    listener.close()
    with contextlib.suppress(OSError):
        path.unlink()


def is_reachable(run: RunDirectory, path: Path) -> bool:
    """Does the run's link still lead to `path`, and is a socket there?"""
    try:
        return run.control.readlink() == path and path.is_socket()
    except OSError:
        return False


def sweep() -> None:
    """Take away the sockets of workers that were killed."""
    with contextlib.suppress(RunError):
        _sweep(socket_directory())


def _sweep(directory: Path) -> None:
    for path in directory.glob("*.new"):
        with contextlib.suppress(OSError):
            # One that is being born is not so old.
            if time.time() - path.lstat().st_mtime > _CHILDHOOD:
                path.unlink()
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
