"""What somebody may ask for in a moment, imported when nobody waits for anything.

The first screen is seen before NumPy is there, and what is in its panes (`tui.screens.train`). It
stands before the rooms behind the number keys are there (`tui.rooms`), and before
what a run's files are read with. To import either when its key is pressed would hold that key, and
all that are pressed after it, for a tenth of a second or two.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading

from tui import collector

SOON = 0.5
"""Seconds after the start; by then the first screen is there, and its form furnished."""

MODULES = (
    # Space, attach: a new run's config.toml, the control socket.
    "tui.engine.client",
    "tui.engine.run_config",
    "tui.engine.protocol",
    "tui.engine.samples",
    "tui.engine.test_set",
    # The number keys, and the questions that are asked.
    "tui.screens.runs",
    "tui.screens.errors",
    "tui.screens.look",
    "tui.screens.draw",
    "tui.screens.backprop",
    "tui.screens.help",
    "tui.screens.rate_finder",
    "tui.souvenirs",
)


def import_numpy() -> None:
    """Import it in three quarters of the time."""
    # OpenBLAS starts its threads when NumPy is imported; the screen multiplies next to nothing. A
    # worker chooses a number for itself, so this is not for its environment.
    name = "OPENBLAS_NUM_THREADS"
    before = os.environ.get(name)
    os.environ.setdefault(name, "1")
    try:
        import numpy  # noqa: F401
    finally:
        if before is None:
            del os.environ[name]


def import_ahead() -> None:
    """Begin, in a thread: it gives way to the event loop every half a millisecond (`tui.cli`)."""
    threading.Thread(target=_import_all, name="ahead", daemon=True).start()


def _import_all() -> None:
    for name in MODULES:
        # Whoever needs it is told what is wrong with it.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    collector.on()
