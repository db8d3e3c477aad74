"""A room of panes: one may fill it, others may be out of sight, and there is always one in hand.

Where everything is comes from the screen's classes alone; `train.tcss` says what they mean.
"""

from __future__ import annotations

from typing import ClassVar

from textual.reactive import reactive
from textual.widget import Widget

from tui.screens.room import Room


class PanedRoom(Room):
    """A room whose panes have ids that end in `-pane`."""

    PANES: ClassVar[dict[str, str]]
    """Each pane's name and title."""

    in_hand: reactive[str] = reactive("chart", repaint=False)
    """The pane that somebody went to last."""

    large: reactive[str] = reactive("", repaint=False)
    """The pane that fills the room; empty while all have their place."""

    hidden: reactive[frozenset[str]] = reactive(frozenset(), repaint=False)
    """The panes that are out of sight."""

    def pane(self, name: str) -> Widget:
        """The pane of that name."""
        return self.query_one(f"#{name}-pane")

    def in_hand_or_focus(self) -> Widget:
        return self.focused or self.pane(self.in_hand)

    def take_in_hand(self, name: str) -> None:
        """Somebody goes to a pane, so it must be in sight."""
        self.in_hand = name
        self.hidden -= {name}
        if self.large:
            self.large = name

    def watch_large(self, large: str) -> None:
        self.set_class(bool(large), "-one-large")
        for name in self.PANES:
            for found in self.query(f"#{name}-pane"):
                found.set_class(name == large, "-large")

    def watch_hidden(self, hidden: frozenset[str]) -> None:
        for name in self.PANES:
            self.set_class(name in hidden, f"-no-{name}")

    def watch_focused(self, focused: Widget | None) -> None:
        above = focused.ancestors if focused is not None else []
        # Not by :focus-within, for which Textual styles all there is in a pane anew whenever the
        # focus moves inside of it: a Tab took four times as long.
        for name in self.PANES:
            for found in self.query(f"#{name}-pane"):
                found.set_class(found in above, "-focused")
                if found in above:
                    self.in_hand = name

    def action_enlarge(self) -> None:
        """Let the pane in hand fill the room, or give all of them their places back."""
        name = self.in_hand
        self.hidden -= {name}
        self.large = "" if self.large else name

    def action_hide(self) -> None:
        """Put the pane in hand out of sight; going to it shows it again."""
        name = self.in_hand
        left = [other for other in self.PANES if other not in self.hidden | {name}]
        if not left or name in self.hidden:
            self.notify("One pane has to stay.", severity="warning")
            return
        self.set_focus(None)
        self.large = ""
        self.hidden |= {name}
        self.in_hand = "chart" if "chart" in left else left[0]
        self.notify(f"{self.PANES[name]} hidden; {self.key_of(name)} shows it again.")

    def key_of(self, name: str) -> str:
        """The key that goes to a pane."""
        raise NotImplementedError
