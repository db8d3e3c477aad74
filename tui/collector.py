"""When Python looks for rubbish that counting references does not find.

Every full collection looks through all there is, and no key is heard meanwhile: 70 ms where all
rooms are furnished, on a quiet machine. What stands until the end is therefore put beyond its
reach, and what it looks through then are some thousand objects, so it may come often. It has to:
Textual's styles, widgets and lines refer to each other, and what a dialog, a new size or a filter
leaves behind came to a hundred megabytes before the usual thresholds had it looked for. What a full
collection has let go of is then given back to the system (`tui.heap`).
"""

from __future__ import annotations

import gc
from typing import Any

from tui import heap

THRESHOLDS = (2_000, 5, 10)
"""What is made for a picture goes with the next one, by its count of references, and the usual 700
objects are half a picture: two collections a key. The last makes a full one every 100,000 objects
that stay, if they are a quarter of what stood before."""


def off() -> None:
    """Look for nothing until `on`: what is imported stays."""
    gc.disable()


def on() -> None:
    """All is imported now: look for rubbish among what comes after it."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    if _collected not in gc.callbacks:
        gc.callbacks.append(_collected)
    gc.enable()


def spare_what_stands() -> None:
    """Look through everything once, and at what was of use not again. Nothing where the collector
    is still off, or is not ours: in a test."""
    if gc.get_freeze_count():
        # Some of what stood before stands no longer: dialogs, lists, what was notified of.
        gc.unfreeze()
        gc.collect()
        gc.freeze()


def look_once() -> None:
    """Look through what is not spared, while nobody waits for a key to have its effect; nothing
    where the collector is not ours, as above."""
    if gc.get_freeze_count():
        gc.collect()


def _collected(phase: str, about: dict[str, Any]) -> None:
    if phase == "stop" and about["generation"] == 2:
        heap.give_back()
