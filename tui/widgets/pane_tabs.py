"""The row of names between which a narrow screen chooses; wide screens show every pane at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static


class Tab(Static):
    """A name that can be clicked; its first character is the key that does the same."""

    def __init__(self, pane: str, label: str) -> None:
        super().__init__(label, markup=False, id=f"tab-{pane}")
        self.pane, self.label = pane, label
        self.letter = label[0]

    def on_click(self) -> None:
        self.post_message(PaneTabs.Chosen(self.pane))


class PaneTabs(Horizontal):
    """One tab per pane; `shown` is the one in sight."""

    DEFAULT_CSS = """
    PaneTabs {
        height: 1;
        Tab { width: auto; padding: 0 1; color: $quiet; }
        Tab.-shown { color: $primary; text-style: bold reverse; }
    }
    """

    shown: reactive[str] = reactive("digits", repaint=False)

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        pane: str

    def __init__(self, panes: dict[str, str]) -> None:
        """`panes` maps a pane's name to what stands on its tab."""
        super().__init__()
        self._panes = panes

    def compose(self) -> ComposeResult:
        for pane, label in self._panes.items():
            yield Tab(pane, label)

    @property
    def tabs(self) -> Iterator[Tab]:
        """Those there are, from the left."""
        return iter(self.query(Tab).results(Tab))

    def choose(self, pane: str) -> None:
        """Do what a click on the pane's tab does."""
        self.post_message(self.Chosen(pane))

    def watch_shown(self, shown: str) -> None:
        for tab in self.query(Tab):
            tab.set_class(tab.pane == shown, "-shown")

    def on_mount(self) -> None:
        self.watch_shown(self.shown)
