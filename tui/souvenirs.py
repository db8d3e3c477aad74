"""What a person takes home: the log as text, the screen as a picture, digits as either."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nn.data.dataset import Progress
from nn.data.images import NO_PILLOW
from tui.engine.contact_sheet import save_contact_sheet
from tui.engine.error_view import ErrorView
from tui.engine.exports import exported, save_csv, unwritable
from tui.engine.log_lines import log_text
from tui.engine.run_directory import RunDirectory, RunError


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
    path = _path_for("svg")
    try:
        path.write_text(svg, "utf-8")
    except OSError as error:
        raise unwritable(path, error) from None
    return path


def save_drawing(ink: NDArray[np.uint8]) -> Path:
    """What is on the sheet, (h, w) ink up to 255, as a grey PNG of as many pixels in the current
    directory: bright on black, as the digits of a data set are.

    Raises:
        RunError: it cannot be written, or Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise RunError(NO_PILLOW) from None
    path = _path_for("png")
    with exported(path) as file:
        Image.fromarray(ink).save(file, "PNG")
    return path


def save_digits(
    kind: str, view: ErrorView, histories: NDArray[np.uint8], title: str, progress: Progress
) -> tuple[Path, int]:
    """The digits of a view in the current directory, as a table (csv) or a picture (png), and how
    many of them there was room for. `histories` (epochs + 1, m) is for the table.

    Raises:
        RunError: it cannot be written.
    """
    path = _path_for(kind)
    if kind == "csv":
        save_csv(path, view.mistakes, view.indices, histories, progress)
        return path, len(view.indices)
    return path, save_contact_sheet(path, view.mistakes, view.indices, title, progress)


def _path_for(suffix: str) -> Path:
    return Path.cwd() / time.strftime(f"inkling-%Y%m%d-%H%M%S.{suffix}")
