"""A line to say in which digit is meant, by its number; hidden while nobody is asked."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.widgets.line_editor import LineEditor


class IndexLine(Widget):
    """Takes whole numbers only; Enter tells the number, whatever it is."""

    DEFAULT_CSS = """
    IndexLine {
        height: 1;
        background: $panel;
        display: none;

        &:focus-within { display: block; }
        &.-asked { display: block; }
        Horizontal { height: 1; }
        Static { width: auto; padding: 0 1; color: $accent; text-style: bold; }
        Input { width: 1fr; background: $panel; }
    }
    """

    @dataclass
    class Said(Message):
        """A person has said which."""

        index: int

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("test digit", markup=False)
            yield LineEditor(
                placeholder="its number, from 0", compact=True, restrict=r"\d*", max_length=9
            )

    def ask(self) -> None:
        """Show the line, empty, and give it the keys."""
        self.add_class("-asked")
        field = self.query_one(Input)
        field.value = ""
        field.focus()

    def hide(self) -> None:
        self.remove_class("-asked")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value:
            self.post_message(self.Said(int(event.value)))
