"""What every room of the app has in common: a screen that shows the one run there is.

A room is handed the run's state when it is entered and whenever something in the run changed while
it is the one in sight; it takes the state apart into reactives, and its widgets are bound to these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.reactive import Reactive, reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.commands import RoomName, works_in_fields
from tui.engine.state import RunState
from tui.link import LINKS, Link
from tui.screens.jump import Jump
from tui.terminal import SMALLEST
from tui.widgets.jump_label import JumpLabels
from tui.widgets.key_line import KeyLine
from tui.widgets.picture_widget import PictureWidget


class Room(Screen[None]):
    """A screen with a number key of its own."""

    NAME: ClassVar[RoomName]

    AUTO_FOCUS = ""
    DEFAULT_CSS = "Room { layers: default jump; }"
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]] | None] = [
        (0, "-tiny"), (SMALLEST[0], "-narrow"), (100, "-normal"), (160, "-wide"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]] | None] = [
        (0, "-flat"), (SMALLEST[1], "-low"), (34, "-tall"),
    ]  # fmt: skip

    editing: reactive[bool] = reactive(False, repaint=False)
    """Does something have the focus that letters belong to?"""

    # Textual's own declaration repaints the whole screen whenever the focus moves, 20 KB a Tab at
    # 120x40; the two widgets concerned repaint themselves.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    link: reactive[Link] = reactive(LINKS["normal"], repaint=False)
    """What the line to the terminal carries."""

    keys: reactive[Mapping[str, str]] = reactive(dict, repaint=False)
    """Keys of the user's own, by command."""

    sent: reactive[float] = reactive(0.0, repaint=False)
    """Bytes a second that went to the terminal of late."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.ascii_only = ascii_only
        self.jump = Jump(self)

    def show_state(self, state: RunState | None) -> None:
        """Show what has become of the run; None is no run."""
        raise NotImplementedError

    def runs_changed(self) -> None:
        """Something was done to a run, maybe to another one than is shown."""

    def too_small(self) -> Static:
        """What is shown instead where the terminal is too small for anything."""
        return Static(
            f"Inkling needs a terminal of at least {SMALLEST[0]} columns and {SMALLEST[1]} rows.",
            id="too-small",
        )

    def on_mount(self) -> None:
        self.mount(JumpLabels())
        for widget in self.query(PictureWidget):
            widget.ascii_only = self.ascii_only
            widget.link = self.link
        self.watch_keys(self.keys)

    def on_resize(self) -> None:
        # Whatever a letter stood on is somewhere else now.
        self.jump.end()

    def watch_keys(self, keys: Mapping[str, str]) -> None:
        for line in self.query(KeyLine):
            line.keys = keys

    def watch_link(self, link: Link) -> None:
        for widget in self.query(PictureWidget):
            widget.link = link

    def choose_breakpoints(self) -> None:
        """Textual does so when it hears of a new size, which for an app's first screen is after the
        first paint."""
        width, height = self.app.size
        for points, value in (
            (self.HORIZONTAL_BREAKPOINTS or [], width),
            (self.VERTICAL_BREAKPOINTS or [], height),
        ):
            self.add_class([name for least, name in points if value >= least][-1])

    def check_action(
        self,
        action: str,
        parameters: tuple[object, ...],  # noqa: ARG002
    ) -> bool | None:
        return not self.editing or works_in_fields(self.NAME, action)

    @on(KeyLine.Clicked)
    async def _key_clicked(self, event: KeyLine.Clicked) -> None:
        room = self.app if event.command.room == "app" else self
        await self.app.run_action(event.command.action, room)
