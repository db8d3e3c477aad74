"""The row of names between which a narrow screen chooses; wide screens show every pane at once."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static


class _Tab(Static):
    """A name that can be clicked."""

    def __init__(self, pane: str, label: str) -> None:
        super().__init__(label, markup=False, id=f"tab-{pane}")
        self.pane = pane

    def on_click(self) -> None:
        self.post_message(PaneTabs.Chosen(self.pane))


class PaneTabs(Horizontal):
    """One tab per pane; `shown` is the one in sight."""

    DEFAULT_CSS = """
    PaneTabs {
        height: 1;
        _Tab { width: auto; padding: 0 1; color: $foreground 60%; }
        _Tab.-shown { color: $primary; text-style: bold reverse; }
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
            yield _Tab(pane, label)

    def watch_shown(self, shown: str) -> None:
        for tab in self.query(_Tab):
            tab.set_class(tab.pane == shown, "-shown")

    def on_mount(self) -> None:
        self.watch_shown(self.shown)
