"""Digits to take home: a table for another program. (For people there is `contact_sheet`.)

What is exported is written whole or not at all, and takes as long as it takes: it belongs in a
thread, tells how far it is, and ends without a trace when the one that is told raises.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from nn.atomic import replacing
from nn.data.dataset import Progress
from tui.engine.mistakes import Indices, Mistakes
from tui.engine.run_directory import RunError
from tui.engine.text import printable

CHUNK = 500
"""Digits between two words of progress."""


def unwritable(path: Path, error: Exception) -> RunError:
    """Why a file cannot be written, in a sentence."""
    why = getattr(error, "strerror", None) or "no file can have this name"
    return RunError(f"{printable(path)} cannot be written: {printable(why)}.")


@contextlib.contextmanager
def exported(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends well.

    Raises:
        RunError: it cannot be written.
    """
    try:
        with replacing(path, durable=False) as file:
            yield file
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None


def save_csv(
    path: Path,
    mistakes: Mistakes,
    indices: Indices,
    histories: NDArray[np.uint8],
    progress: Progress | None = None,
) -> None:
    """A table of these digits, in this order, as UTF-8.

    Columns: index (place in the test set, from 0), true, predicted, a probability for each class,
    loss (nats), history: the numbers of the classes it was taken for, first by the untrained
    network, then after each epoch. They are in `histories` (epochs + 1, m), which
    `MistakesReader.of_digits` hands out.

    Raises:
        RunError: it cannot be written.
    """
    p = mistakes.predictions
    names = [harmless(name) for name in p.class_names]
    heads = ["index", "true", "predicted", *(f"p({name})" for name in p.class_names)]
    with exported(path) as file:
        # Closed with it, the wrapper would close what is still to be renamed.
        text = io.TextIOWrapper(file, "utf-8", errors="replace", newline="")
        table = csv.writer(text)
        table.writerow([*heads, "loss", "history"])
        for place, index in enumerate(indices):
            if progress is not None and place % CHUNK == 0:
                progress("Writing the table", place, len(indices))
            table.writerow(
                [
                    int(index),
                    names[p.labels[index]],
                    names[p.predicted[index]],
                    *map(str, p.probabilities[index]),
                    str(mistakes.losses[index]),
                    " ".join(map(str, histories[:, place])),
                ]
            )
        text.detach()


def harmless(name: str) -> str:
    """A class name as a spreadsheet may see it: what it would take for a formula (it begins with
    one of = + - @ and is no number) gets an apostrophe in front."""
    name = printable(name)
    if not name.startswith(("=", "+", "-", "@")):
        return name
    try:
        float(name)
    except ValueError:
        return f"'{name}"
    return name
