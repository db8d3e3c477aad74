"""What the command palette offers: the table of commands, and Textual's choice of themes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from textual.app import App, SystemCommand

from tui.commands import Command

BY_KEY_ONLY = frozenset({"leave_field", "quit", "jump_from_field"})
"""What is for within a field, which choosing from the palette leaves anyway."""

THEIRS = ("Theme",)
"""The others are our commands under another name, or a way round them."""


def offered(
    app: App[Any], theirs: Iterable[SystemCommand], ours: Iterable[Command]
) -> Iterator[SystemCommand]:
    """Textual's commands that we keep, and ours."""
    yield from (command for command in theirs if command.title in THEIRS)
    for command in ours:
        if command.action not in BY_KEY_ONLY:
            yield SystemCommand(
                f"{command.label} ({command.key_name})", command.help, _Run(app, command)
            )


class _Run:
    """Does what the key does."""

    def __init__(self, app: App[Any], command: Command) -> None:
        self._app, self._command = app, command

    async def __call__(self) -> None:
        screen = self._app.screen
        # Who chose a command by its name meant it, whatever had the focus before.
        screen.set_focus(None)
        room = self._app if self._command.room == "app" else screen
        await self._app.run_action(self._command.action, room)
