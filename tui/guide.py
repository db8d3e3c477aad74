"""What helps a person find the way, in every room: help, palette, jump mode and hints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual import events
from textual.app import App, SystemCommand
from textual.notifications import Notify, SeverityLevel
from textual.screen import Screen

from tui.commands import commands_in, works_in_fields
from tui.commands.keymap import renamed
from tui.notice import Notice
from tui.palette import offered
from tui.screens.room import Room


class Guide(App[str]):
    """An app of rooms.

    Attributes:
        keys: keys of the user's own, by command.
    """

    def __init__(self) -> None:
        super().__init__()
        self.keys: Mapping[str, str] = {}

    @property
    def room(self) -> Room:
        """The room in sight, or behind the question that is being asked."""
        return next(s for s in reversed(self.screen_stack) if isinstance(s, Room))

    def notify(
        self, message: str, *, title: str = "", severity: SeverityLevel = "information",
        timeout: float | None = None, markup: bool = True,
    ) -> None:  # fmt: skip
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        self.post_message(Notify(Notice(message, title, severity, seconds, markup)))

    async def on_event(self, event: events.Event) -> None:
        # Before Textual looks for bindings, and the focus for its own keys.
        if isinstance(event, events.InputEvent):
            if not self.screen_stack:
                # A key that comes while the app goes.
                return
            if isinstance(event, events.MouseDown) and self._is_gone(event):
                return
            room = self.screen
            if isinstance(room, Room):
                room.take_hint_away()
                if room.jump.takes(event):
                    return
        await super().on_event(event)

    def _is_gone(self, event: events.MouseDown) -> bool:
        """Is what was clicked no part of the screen any more? Textual asks for what it is in."""
        widget, _ = self.screen.get_widget_and_offset_at(event.x, event.y)
        return widget is not None and widget is not self.screen and widget.parent is None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        editing = isinstance(self.screen, Room) and self.screen.editing
        if editing:
            return works_in_fields("app", action)
        return super().check_action(action, parameters)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        commands = renamed(
            commands_in(screen.NAME if isinstance(screen, Room) else "app"), self.keys
        )
        return offered(self, super().get_system_commands(screen), commands)

    def action_command_palette(self) -> None:
        from tui.screens.dialog import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def search_themes(self) -> None:
        # A palette of Textual's own again, for the themes, opened out of the first.
        from textual.theme import ThemeProvider

        from tui.screens.dialog import Palette

        self.push_screen(Palette(providers=[ThemeProvider], placeholder="Search for themes…"))

    def action_show_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.room.NAME, self.keys))

    def action_jump(self) -> None:
        if isinstance(self.screen, Room):
            self.screen.jump.begin()

    action_jump_from_field = action_jump

    def action_explain_focus(self) -> None:
        if isinstance(self.screen, Room):
            self.screen.explain_focus()
