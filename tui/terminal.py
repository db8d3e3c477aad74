"""What the terminal can do, asked before anything is drawn on it."""

from __future__ import annotations

import locale
import os
import select
import signal
import sys
import threading


class UsageError(Exception):
    """A command line that cannot be carried out; `str()` is the sentence to say so with."""


SMALLEST = (60, 16)
"""Columns and rows below which nothing useful can be shown."""


def is_plain() -> bool:
    """Has this terminal, or its locale, nothing but ASCII to offer?"""
    encoding = (getattr(sys.stdout, "encoding", None) or locale.getpreferredencoding()).lower()
    return "utf" not in encoding or os.environ.get("TERM") in ("vt100", "vt220", "ansi")


def require_terminal() -> None:
    """
    Raises:
        UsageError: there is no terminal, it cannot move its cursor, or it is too small.
    """
    # Textual draws on standard error, so that too must not go to a file.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError(
            "The app needs a terminal for its input, output and errors; "
            "use inkling train without one."
        )
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        raise UsageError(
            f"This terminal (TERM={os.environ.get('TERM', '')!a}) cannot move its cursor; "
            "use inkling train, or set TERM to what it really is."
        )
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return
    # 0x0 is a terminal that does not know its size; Textual takes it for 80x24.
    if columns and rows and (columns < SMALLEST[0] or rows < SMALLEST[1]):
        raise UsageError(
            f"This terminal has {columns} columns and {rows} rows; the app needs at least "
            f"{SMALLEST[0]} and {SMALLEST[1]}. Enlarge it, or use inkling train."
        )


def go_with_the_terminal() -> None:
    """Have this process end when its terminal does: it would spin at the end of its input."""
    # Under nohup, say, the signal would be ignored; without a controlling terminal (su -c, some
    # containers) it is never sent, so the line itself is watched.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    threading.Thread(target=_watch_the_line, name="hang-up", daemon=True).start()


def _watch_the_line() -> None:
    line = select.poll()
    line.register(sys.stdin.fileno(), 0)
    if any(event & (select.POLLHUP | select.POLLERR) for _, event in line.poll()):
        os.kill(os.getpid(), signal.SIGHUP)
