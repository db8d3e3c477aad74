"""Every command, once: the key bindings, the footer, the palette and the help are made from this.

`action` names an action of the screen or app that `room` stands for. Commands do not fire while a
field of the form has the focus, unless they say so: letters belong to the field then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

RoomName = Literal["app", "train", "errors", "runs"]
"""Where a command is at home; what belongs to the app works in every room."""


ROOM_TITLES: dict[RoomName, str] = {
    "train": "Train", "errors": "Errors", "runs": "Runs", "app": "everywhere"
}  # fmt: skip


@dataclass(frozen=True)
class Command:
    """One thing a person can do. `id` is what a key map of the user's own may refer to."""

    id: str
    room: RoomName
    key: str
    label: str
    help: str
    action: str
    in_footer: bool = False
    in_fields: bool = False

    @property
    def binding(self) -> Binding:
        return Binding(
            self.key, self.action, self.label, show=self.in_footer, id=self.id, tooltip=self.help
        )

    @property
    def key_name(self) -> str:
        """The key as a person reads it: `space`, `?`, `ctrl+s`."""
        first = self.key.split(",")[0]
        names = {
            "escape": "esc",
            "question_mark": "?",
            "plus": "+",
            "minus": "-",
            "left_square_bracket": "[",
            "right_square_bracket": "]",
            "slash": "/",
            "percent_sign": "%",
        }
        return names.get(first, first)


COMMANDS: tuple[Command, ...] = (
    Command(
        "run.toggle", "train", "space", "Start/pause", "Start a run, pause it, go on",
        "toggle", in_footer=True,
    ),
    Command(
        "run.step", "train", "s", "Step", "Train one step (one mini-batch), then hold",
        "stint('step')", in_footer=True,
    ),
    Command(
        "run.epoch", "train", "e", "Epoch", "Train to the end of an epoch, then hold",
        "stint('epoch')", in_footer=True,
    ),
    Command(
        "run.take_up", "train", "r", "Take up",
        "Go on with a run that died or was stopped, from its last checkpoint", "take_up",
    ),
    Command("run.stop", "train", "S", "Stop", "End the run here, keep what it has learnt", "stop"),
    Command(
        "pane.form", "train", "f", "Settings", "Go to the hyperparameters",
        "show_pane('form')", in_footer=True,
    ),
    Command(
        "form.next_group", "train", "pagedown", "Next settings",
        "The next group of hyperparameters; enter folds it", "go_to_group(1)", in_fields=True,
    ),
    Command(
        "form.previous_group", "train", "pageup", "Previous settings",
        "The group before", "go_to_group(-1)", in_fields=True,
    ),
    Command(
        "pane.digits", "train", "d", "Digits", "Show the test digits", "show_pane('digits')",
    ),
    Command(
        "pane.log", "train", "g", "Log", "Go to the log; arrows scroll it", "show_pane('log')",
    ),
    Command(
        "digits.wrong", "train", "w", "Wrong", "Only the digits it gets wrong, or all of them",
        "toggle_wrong", in_footer=True,
    ),
    Command(
        "digits.next", "train", "n,right_square_bracket", "Next", "Next page of digits",
        "page(1)", in_footer=True,
    ),
    Command(
        "digits.previous", "train", "p,left_square_bracket", "Previous",
        "Previous page of digits", "page(-1)",
    ),
    Command(
        "chart.log", "train", "l", "Log scale", "The loss in powers of ten, or as it is",
        "toggle_log_scale",
    ),
    Command(
        "chart.smoother", "train", "plus,equals_sign", "Smoother",
        "Smooth the training line; its band stays as it is", "smooth(1)",
    ),
    Command("chart.rougher", "train", "minus", "Rougher", "Smooth it less", "smooth(-1)"),
    Command("chart.raw", "train", "0", "Not smoothed", "Do not smooth it", "smooth(0)"),
    Command(
        "log.save", "train", "ctrl+s", "Save log", "Write the log to a text file in the run",
        "save_log", in_fields=True,
    ),
    Command(
        "field.leave", "train", "escape", "Done", "Leave the field, back to the keys",
        "leave_field", in_footer=True, in_fields=True,
    ),
    Command(
        "errors.narrow", "errors", "enter", "Show",
        "Only the digits of this cell of the matrix; from the gallery, the digit itself",
        "narrow", in_footer=True,
    ),
    Command(
        "errors.widen", "errors", "escape", "Back", "Back: out of the field, to the filter before",
        "widen", in_footer=True, in_fields=True,
    ),
    Command(
        "errors.filter", "errors", "slash", "Filter",
        "Say which digits: true:4 pred:9 wrong conf>0.9 never broken label? id:947",
        "filter", in_footer=True,
    ),
    Command(
        "errors.sort", "errors", "o", "Order",
        "The next order: by loss, wrong confidence, margin, index, latest change", "sort",
        in_footer=True,
    ),
    Command(
        "errors.matrix", "errors", "m", "Matrix", "Go to the confusion matrix; arrows walk it",
        "show_pane('matrix')",
    ),
    Command(
        "errors.classes", "errors", "c", "Classes",
        "Go to the most confused pairs; beside them, precision, recall and F1",
        "show_pane('classes')",
    ),
    Command(
        "errors.gallery", "errors", "g", "Gallery", "Go to the gallery; arrows move in it",
        "show_pane('gallery')",
    ),
    Command(
        "errors.digit", "errors", "d", "Digit", "Show all there is to know of this digit",
        "show_pane('digit')",
    ),
    Command(
        "errors.calibration", "errors", "u", "Sureness",
        "Is it right as often as it says? What if it may say that it does not know?",
        "show_pane('calibration')",
    ),
    Command(
        "errors.percent", "errors", "percent_sign", "Percent",
        "The matrix in percent of each row, or as counts", "toggle_percent",
    ),
    Command(
        "errors.next", "errors", "n,right_square_bracket", "Next page",
        "Next page of digits", "page(1)",
    ),
    Command(
        "errors.previous", "errors", "p,left_square_bracket", "Page before",
        "Previous page of digits", "page(-1)",
    ),
    Command(
        "errors.wrong", "errors", "w", "Wrong", "Only the digits it gets wrong, or all of them",
        "only('wrong')", in_footer=True,
    ),
    Command(
        "errors.fixed", "errors", "f", "Fixed", "Only those newly right since the last epoch",
        "only('fixed')",
    ),
    Command(
        "errors.broken", "errors", "b", "Broken", "Only those newly wrong since the last epoch",
        "only('broken')",
    ),
    Command("errors.never", "errors", "v", "Never", "Only those never right", "only('never')"),
    Command(
        "errors.labels", "errors", "l", "Labels", "Only those whose label is in question",
        "only('label?')",
    ),
    Command(
        "errors.saliency", "errors", "s", "Looked",
        "Where the network looked: the ink that speaks for its answer, and against it",
        "toggle_saliency", in_footer=True,
    ),
    Command(
        "errors.alike", "errors", "a", "Alike",
        "The training digits most like this one, in ink and to the network",
        "toggle_alike", in_footer=True,
    ),
    Command(
        "errors.rival", "errors", "r", "Rival", "Choose a second run to compare with, or none",
        "choose_rival", in_footer=True,
    ),
    Command(
        "errors.side", "errors", "x", "Sides",
        "Of two runs: digits only this one has right, only the other has, all", "other_side",
    ),
    Command(
        "errors.surer", "errors", "plus,equals_sign", "Surer",
        "Raise the confidence below which it says that it does not know", "surer(1)",
    ),
    Command(
        "errors.less_sure", "errors", "minus", "Less sure", "Lower that confidence", "surer(-1)",
    ),
    Command(
        "errors.csv", "errors", "C", "Table", "Save the digits of the filter as a CSV table",
        "save_table",
    ),
    Command(
        "errors.sheet", "errors", "P", "Sheet", "Save the digits of the filter as a PNG picture",
        "save_sheet",
    ),
    Command(
        "runs.open", "runs", "enter", "Open", "Show the run: its curve, its log, its digits",
        "ask('open')", in_footer=True,
    ),
    Command(
        "runs.toggle", "runs", "space", "Pause/go on", "Have the run hold, or go on",
        "ask('toggle')", in_footer=True,
    ),
    Command(
        "runs.take_up", "runs", "r", "Take up",
        "A new worker goes on with the run from its last checkpoint", "ask('take_up')",
        in_footer=True,
    ),
    Command(
        "runs.stop", "runs", "S", "Stop", "End the run here, keep what it has learnt",
        "ask('stop')", in_footer=True,
    ),
    Command(
        "runs.remove", "runs", "delete", "Remove", "Remove the run for good; asks first",
        "ask('remove')", in_footer=True,
    ),
    Command("room.train", "app", "1", "Train", "The network as it learns", "go('train')"),
    Command(
        "room.errors", "app", "2", "Errors",
        "What the run gets wrong, and why; which labels may be wrong", "go('errors')",
    ),
    Command(
        "room.runs", "app", "5", "Runs",
        "Every run there is: watch it, take it up, compare, remove", "go('runs')",
    ),
    Command(
        "app.suspend", "app", "ctrl+z", "Suspend",
        "Back to the shell; fg brings the app back, a run goes on meanwhile", "suspend",
        in_fields=True,
    ),
    Command(
        "app.picture", "app", "f12", "Picture", "Save the screen as an SVG picture, right here",
        "save_picture", in_fields=True,
    ),
    Command(
        "app.help", "app", "question_mark", "Help", "Every key and what it does", "show_help",
        in_footer=True,
    ),
    Command(
        "app.leave", "app", "q", "Quit", "Leave Inkling; asks first if a run is live", "leave",
        in_footer=True,
    ),
    Command(
        "app.leave_anyhow", "app", "ctrl+q", "Quit", "The same, from inside a field too", "quit",
        in_fields=True,
    ),
)  # fmt: skip


def bindings(room: RoomName) -> list[Binding]:
    """The key bindings of a screen, or of the app."""
    return [command.binding for command in COMMANDS if command.room == room]


def commands_in(room: RoomName) -> tuple[Command, ...]:
    """What can be done in a room: its own commands, then the app's."""
    own = tuple(command for command in COMMANDS if command.room == room)
    return own if room == "app" else (*own, *commands_in("app"))


def works_in_fields(action: str) -> bool:
    """May this action (its name, without arguments) fire while a field has the focus?

    Actions that are in no row of the table are Textual's own, and none of our business.
    """
    rows = [command for command in COMMANDS if command.action.split("(")[0] == action]
    return not rows or any(command.in_fields for command in rows)
