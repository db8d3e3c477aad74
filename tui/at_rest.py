"""What is done when nobody has touched anything for a while: rubbish is looked for.

A full collection takes some hundredths of a second, in which no key is heard. It comes of itself
when there is much to find, after dialogs and new sizes; looked for at rest, it seldom comes among
keys.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from textual.app import App
from textual.events import Event, InputEvent, Resize

from tui.collector import look_once

REST = 1.0
"""Seconds without a key, a click or a new size."""


class AtRest(App[str]):
    """An app that tidies up when nobody touches it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._touched = 0.0
        self._waits_for_rest = False

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent | Resize):
            self._touched = monotonic()
            if not self._waits_for_rest:
                self._waits_for_rest = True
                self.set_timer(REST, self._is_at_rest)
        await super().on_event(event)

    def _is_at_rest(self) -> None:
        """One timer for all that is touched meanwhile, so rest may be up to twice as long."""
        if monotonic() - self._touched < REST:
            self.set_timer(REST, self._is_at_rest)
        else:
            self._waits_for_rest = False
            look_once()
