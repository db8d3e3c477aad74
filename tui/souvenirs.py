"""What a person takes home: the log as text, the screen as a picture."""

from __future__ import annotations

import time
from pathlib import Path

from tui.engine.exports import unwritable
from tui.engine.log_lines import log_text
from tui.engine.run_directory import RunDirectory


def save_log(run: RunDirectory) -> Path:
    """The whole log, in the run's directory as log.txt.

    Raises:
        RunError: it cannot be written.
    """
    path = run.path / "log.txt"
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(log_text(run))
    except OSError as error:
        raise unwritable(path, error) from None
    return path


def save_picture(svg: str) -> Path:
    """An SVG picture in the current directory, named after the time.

    Raises:
        RunError: it cannot be written.
    """
    path = Path.cwd() / time.strftime("inkling-%Y%m%d-%H%M%S.svg")
    try:
        path.write_text(svg, "utf-8")
    except OSError as error:
        raise unwritable(path, error) from None
    return path
