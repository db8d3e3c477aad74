"""The line on which a person says which digits are to be seen, and why that will not do."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from tui.engine.digit_filter import EXAMPLES, LONGEST
from tui.widgets.line_editor import LineEditor


class FilterLine(Vertical):
    """Every change of its text is told at once: whoever listens may follow it as it is written."""

    DEFAULT_CSS = """
    FilterLine {
        height: auto;
        background: $panel;

        Horizontal { height: 1; }
        .filter-line--mark { width: auto; padding: 0 1; color: $accent; text-style: bold; }
        Input { width: 1fr; background: $panel; }
        #filter-message { height: auto; max-height: 3; padding: 0 1; display: none;
                          color: $text-error; }
        #filter-message.-shown { display: block; }
    }
    """

    line: reactive[str] = reactive("", repaint=False)
    """What is filtered by."""

    message: reactive[str] = reactive("", repaint=False)
    """What is wrong with it, or what else is to be said."""

    @dataclass
    class Written(Message):
        """The text has changed, or (`done`) a person has pressed Enter on it."""

        text: str
        done: bool

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("/", classes="filter-line--mark", markup=False)
            yield LineEditor(
                self.line,
                placeholder=f"every digit; or some: {EXAMPLES}",
                compact=True,
                max_length=LONGEST + 1,
            )
        yield Static(id="filter-message", markup=False)

    def watch_line(self, line: str) -> None:
        for field in self.query(Input):
            if field.value != line and not field.has_focus:
                self.set_text(line)

    def watch_message(self, message: str) -> None:
        for shown in self.query("#filter-message").results(Static):
            shown.update(message)
            shown.set_class(bool(message), "-shown")

    def set_text(self, text: str) -> None:
        """Put a text in the field, of which nobody is told."""
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)

    def take_focus(self) -> None:
        field = self.query_one(Input)
        field.focus()
        field.cursor_position = len(field.value)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Written(event.value, done=False))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Written(event.value, done=True))
