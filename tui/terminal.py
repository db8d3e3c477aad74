"""What the terminal can do, asked before anything is drawn on it."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable


class UsageError(Exception):
    """A command line that cannot be carried out; `str()` is the sentence to say so with."""


SMALLEST = (60, 16)
"""Columns and rows below which nothing useful can be shown."""

PATIENCE = 3.0
"""Seconds the app has to leave by itself."""


def is_plain() -> bool:
    """Has this terminal, or its locale, nothing but ASCII to offer?"""
    if os.environ.get("TERM") in ("vt100", "vt220", "ansi"):
        return True
    # Python turns a C locale into UTF-8 for itself (PEP 538, 540), so what it says of its own
    # encoding is not what the user said. Who said nothing at all has a terminal of this century.
    ctype = os.environ.get("LC_CTYPE", "")
    made_up = ctype in ("C.UTF-8", "C.utf8", "UTF-8")
    named = os.environ.get("LC_ALL") or ("" if made_up else ctype) or os.environ.get("LANG", "")
    return bool(named) and "utf" not in named.lower()


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


def answer_keys_soon() -> None:
    """To be called before Textual is imported, for that is when it reads its frame rate."""
    # The chart is drawn in a thread; a key shall not wait 5 ms for its turn. Nor shall what it
    # changed wait for one of 60 frames a second, when only what has changed is drawn.
    sys.setswitchinterval(0.0005)
    os.environ.setdefault("TEXTUAL_FPS", "120")


def go_with_the_terminal() -> None:
    """Have this process end when its terminal does: it would spin at the end of its input."""
    # For `leave_on_sigterm`, and before the first thread: each inherits the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    # Under nohup, say, the signal would be ignored; without a controlling terminal (su -c, some
    # containers) it is never sent, so the line itself is watched.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    threading.Thread(target=_watch_the_line, name="hang-up", daemon=True).start()


def leave_on_sigterm(leave: Callable[[], None]) -> None:
    """Call `leave` (from a thread) on SIGTERM, and go anyhow if that has not helped in time.

    A terminal that no longer reads stops Textual's event loop in a full write queue, where neither
    asyncio's signal handlers nor Python's own run; a thread in sigwait does.
    """

    def wait() -> None:
        signal.sigwait({signal.SIGTERM})
        leave()
        time.sleep(PATIENCE)
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=wait, name="sigterm", daemon=True).start()


def _watch_the_line() -> None:
    line = select.poll()
    line.register(sys.stdin.fileno(), 0)
    if any(event & (select.POLLHUP | select.POLLERR) for _, event in line.poll()):
        os.kill(os.getpid(), signal.SIGHUP)
