"""The line on which a person says which test digit; it is there only while it is written on."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from tui.widgets.line_editor import LineEditor


class DigitField(Horizontal):
    """Takes a whole number; Enter tells it."""

    DEFAULT_CSS = """
    DigitField {
        height: 1;
        display: none;
        background: $panel;
        &:focus-within { display: block; }
        .digit-field--mark { width: auto; padding: 0 1; color: $accent; text-style: bold; }
        Input { width: 1fr; background: $panel; }
    }
    """

    @dataclass
    class Chosen(Message):
        """A person has named a digit, or (None) nothing."""

        digit: int | None

    def compose(self) -> ComposeResult:
        yield Static("test digit", classes="digit-field--mark", markup=False)
        yield LineEditor(
            placeholder="its place, from 0", compact=True, max_length=7, restrict="[0-9]*"
        )

    def take_focus(self) -> None:
        # What has no place on the screen cannot be focused.
        self.styles.display = "block"
        field = self.query_one(Input)
        field.value = ""
        field.focus()

    def put_away(self) -> None:
        self.styles.display = "none"

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Chosen(int(event.value) if event.value else None))
