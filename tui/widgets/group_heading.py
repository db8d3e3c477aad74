"""The heading of a group of fields: folds it away, and says what in it is not as usual."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

FOLDED = "▶"
OPEN = "▼"

FOLDS = (
    "Enter folds and unfolds this group; <form.previous_group> and <form.next_group> go to the "
    "others."
)


class GroupHeading(Widget, can_focus=True):
    """One line; Enter or a click folds and unfolds what stands below it."""

    DEFAULT_CSS = """
    GroupHeading {
        height: 1;
        width: 1fr;
        color: $quiet;
        text-style: bold;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        &.-bad { color: $error; }
        &:focus { background: $primary 30%; color: $foreground; }
        &:nocolor:focus { text-style: bold reverse; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "fold", "Fold", show=False)]

    folded: reactive[bool] = reactive(False)
    summary: reactive[str] = reactive("")
    """What in the group differs from the defaults; shown while it is folded."""
    bad: reactive[bool] = reactive(False)
    """Will something in the group not do? It must not be folded out of sight."""

    class Toggled(Message):
        """A person folded or unfolded the group."""

        def __init__(self, heading: GroupHeading) -> None:
            super().__init__()
            self.heading = heading

    def __init__(self, title: str, *, folded: bool) -> None:
        super().__init__(id=f"group-{title.lower()}")
        self.title = title
        self.tooltip = FOLDS
        self.set_reactive(GroupHeading.folded, folded)

    def render(self) -> Content:
        # Content, because a str is read as markup, and what was typed may look like some.
        mark = FOLDED if self.folded else OPEN
        warning = "! " if self.bad else ""
        summary = f": {self.summary}" if self.folded and self.summary else ""
        return Content(f"{mark} {warning}{self.title}{summary}")

    def watch_bad(self, bad: bool) -> None:
        self.set_class(bad, "-bad")

    def action_fold(self) -> None:
        self.post_message(self.Toggled(self))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_fold()
