"""A question on one line, with a field for the answer; out of sight while nothing is asked."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from tui.widgets.line_editor import LineEditor


class AskLine(Horizontal):
    """`question` is what is asked; nothing hides the line."""

    DEFAULT_CSS = """
    AskLine {
        height: 1;
        background: $panel;
        display: none;

        &.-asking { display: block; }
        Static { width: auto; padding: 0 1; color: $text-accent; text-style: bold; }
        Input { width: 1fr; background: $panel; }
    }
    """

    LONGEST = 4096

    question: reactive[str] = reactive("", repaint=False)

    @dataclass
    class Answered(Message):
        """Enter was pressed on an answer."""

        question: str
        text: str

    def compose(self) -> ComposeResult:
        yield Static(markup=False)
        field = LineEditor(compact=True, max_length=self.LONGEST)
        # A blinking cursor is bytes on the wire, twice a second, for nothing.
        field.cursor_blink = False
        yield field

    def watch_question(self, question: str) -> None:
        self.set_class(bool(question), "-asking")
        for words in self.query(Static):
            words.update(question)
        for field in self.query(Input):
            field.value = ""
            if question:
                field.focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Answered(self.question, event.value.strip()))
