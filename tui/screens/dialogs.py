"""Short questions, asked over whatever is on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Button, Static

from tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from tui.engine.runs import RunSummary

HARMLESS = ("stay", "later", "keep")
"""The answers that leave everything as it is."""

MOST_OFFERED = 4
"""Live runs that the app asks about when it opens; a dialog is no list."""


def about_a_live_run() -> Question:
    """Answers leave, stop or stay."""
    return Question(
        "A run is live. What shall become of it?",
        {
            "leave": ("Leave it running", "It trains on; inkling attach shows it again."),
            "stop": (
                "Stop it, then quit",
                "It saves a checkpoint and ends here; inkling resume takes it up again.",
            ),
            "stay": ("Stay", "Back to the screen."),
        },
    )


def about_coming_back(live: Sequence[RunSummary], lists: str) -> Question:
    """Answers are the place of a run in `live`, as text, or later; `lists` is the key that lists
    all of them."""
    one = len(live) == 1
    answers = {
        f"run-{place}": (
            f"Watch {run.name}",
            f"{run.state}, epoch {run.epoch} of {run.epochs}, {_right(run)}",
        )
        for place, run in enumerate(live[:MOST_OFFERED])
    }
    hidden = len(live) - len(answers)
    more = f" ({hidden} more of them)" if hidden > 0 else ""
    answers["later"] = ("Not now", f"All of them train on; {lists} lists every run{more}.")
    if one:
        answers["later"] = ("Not now", f"It trains on; {lists} lists every run.")
    return Question("A run is live." if one else f"{len(live)} runs are live.", answers)


def about_a_new_run(changes: str, no_fork: str, *, live: bool) -> Question:
    """Answers fork, restart or later. `changes` says what would be otherwise, `no_fork` why that
    is none for a fork; then there is none to choose."""
    stops = "This run stops" if live else "This run stays"
    answers = {
        "fork": (
            "Fork from here",
            f"{stops} as it is; a new one goes on from its last step with {changes}.",
        ),
        "restart": (
            "Apply and restart",
            f"{stops} as it is; a new one starts from nothing with what stands in the form.",
        ),
        "later": ("Not now", "Nothing happens; the form keeps it for the next run."),
    }
    if no_fork:
        del answers["fork"]
    return Question(no_fork or "What is different in the form needs a new run.", answers)


def about_advice(changes: str, *, restart: bool) -> Question:
    """Answers do or stay."""
    whence = "starts from nothing" if restart else "goes on from its last step"
    words = "Apply and restart" if restart else "Fork from here"
    return Question(
        f"That needs a new run, with {changes}.",
        {
            "do": (words, f"This run stops as it is; a new one {whence}."),
            "stay": ("Not now", "The run goes on as it is."),
        },
    )


def about_removing(run: RunSummary, size: str) -> Question:
    """Answers keep or remove."""
    return Question(
        f"Remove {run.name} for good?",
        {
            "keep": ("Keep it", "Nothing happens."),
            "remove": ("Remove it", f"All it has learnt goes with it: {size}."),
        },
    )


def _right(run: RunSummary) -> str:
    return "nothing tested yet" if run.test_accuracy is None else f"{run.test_accuracy:.2%} right"


class Question(Dialog[str]):
    """A sentence and some answers; the first has the focus, Esc gives the one that
    changes nothing."""

    DEFAULT_CSS = """
    Question {
        align: center middle;

        #question { width: 64; max-width: 95%; height: auto; padding: 1 2; background: $surface;
                    border: round $primary; }
        Button { width: 100%; margin: 1 0 0 0; text-align: left; content-align: left middle; }
        .consequence { padding: 0 1; color: $quiet; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Nothing"),
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

    def action_leave(self) -> None:
        harmless = [answer for answer in self._answers if answer in HARMLESS]
        self.dismiss(harmless[0] if harmless else list(self._answers)[-1])
