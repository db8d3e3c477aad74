"""Faults of Inkling's own, which no line of it foresaw: one sentence of them is shown, and the
whole goes to a file that can be sent to whoever can mend it."""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import sys
import time
import traceback
from importlib import metadata
from pathlib import Path

from tui.engine.text import printable


def faults_folder() -> Path:
    """Where the files go, be there any or not: the user's folder for logs."""
    import platformdirs

    return platformdirs.user_log_path("inkling")


def report(fault: BaseException) -> str:
    """Write all there is to know into a file of its own.

    Returns: what happened, where, and which file says more; without the file where none could be
    written.
    """
    words = f": {printable(fault)}" if str(fault) else ""
    sentence = (
        f"A fault of Inkling's own, not of yours, has ended it: {type(fault).__name__}{words}"
        f" ({_place(fault)})."
    )
    with contextlib.suppress(OSError):
        folder = faults_folder()
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / time.strftime(f"fault-%Y%m%d-%H%M%S-{os.getpid()}.txt")
        file.write_text(_everything(fault), encoding="utf-8", errors="backslashreplace")
        sentence += f" To have it mended, send {printable(file)} to whoever you have Inkling from."
    return sentence


def _place(fault: BaseException) -> str:
    """The innermost line that ran."""
    frames = traceback.extract_tb(fault.__traceback__)
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "nowhere"


def _everything(fault: BaseException) -> str:
    """The versions of what took part, the command line, the terminal, and the way to the fault."""
    parts = ("inkling-tui", "textual", "rich", "numpy", "plotext")
    return "\n".join(
        (
            f"{time.strftime('%Y-%m-%d %H:%M:%S %z')}: {shlex.join(sys.argv)}",
            f"Python {platform.python_version()}, {platform.platform()}, "
            + ", ".join(f"{part} {_version(part)}" for part in parts),
            ", ".join(
                f"{name}={os.environ[name]}"
                for name in ("TERM", "COLORTERM", "LANG", "LC_ALL", "NO_COLOR")
                if name in os.environ
            ),
            "",
            "".join(traceback.format_exception(fault)),
        )
    )


def _version(part: str) -> str:
    try:
        return metadata.version(part)
    except metadata.PackageNotFoundError:
        return "missing"
