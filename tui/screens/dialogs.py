"""Short questions, asked over whatever is on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


def about_a_live_run() -> Question:
    """Answers leave, stop or stay."""
    return Question(
        "A run is live. What shall become of it?",
        {
            "leave": ("Leave it running", "It trains on; inkling attach shows it again."),
            "stop": ("Stop it, then quit", "It ends here; what it has learnt stays on disk."),
            "stay": ("Stay", "Back to the screen."),
        },
    )


class Question(ModalScreen[str]):
    """A sentence and some answers; the first has the focus, Esc gives the last."""

    DEFAULT_CSS = """
    Question {
        align: center middle;

        #question { width: 64; max-width: 95%; height: auto; padding: 1 2; background: $surface;
                    border: round $primary; }
        Button { width: 100%; margin: 1 0 0 0; text-align: left; content-align: left middle; }
        .consequence { padding: 0 1; color: $foreground 60%; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer_last", "Stay"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, sentence: str, answers: Mapping[str, tuple[str, str]]) -> None:
        """`answers` maps what the dialog returns to a button's words and what it leads to."""
        super().__init__()
        self._sentence = sentence
        self._answers = answers

    def compose(self) -> ComposeResult:
        with Vertical(id="question"):
            yield Static(self._sentence, id="sentence", markup=False)
            for answer, (words, consequence) in self._answers.items():
                yield Button(Content(words), id=answer, compact=True)
                yield Static(consequence, classes="consequence", markup=False)

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id)

    def action_answer_last(self) -> None:
        self.dismiss(list(self._answers)[-1])
