"""Jump mode: a letter on all that can be gone to, and one more key goes there.

The letters lie on a layer of their own and the focus stays where it is until one is pressed, so
beginning and leaving draw the few cells of the letters, and nothing else.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import events
from textual.errors import NoWidget
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Select

from tui.commands import commands_in
from tui.widgets.laid_over import JumpLabel, LaidOver
from tui.widgets.pane_tabs import PaneTabs

if TYPE_CHECKING:
    from tui.screens.room import Room

HOME_ROW = "asdfghjkl"
LETTERS = HOME_ROW + "".join(c for c in string.ascii_letters if c not in HOME_ROW)
"""What is easiest to press first; the largest form has more fields than there are small letters."""


@dataclass(frozen=True)
class Place:
    """Somewhere to go: where its letter stands, how one gets there, and a letter that everybody
    knows it by, if there is one."""

    at: Offset
    go: Callable[[], object]
    wide: bool = False
    letter: str = ""


class Jump:
    """The mode itself, for one room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._places: dict[str, Place] = {}

    @property
    def places(self) -> Mapping[str, Place]:
        """Where each letter leads; empty while nobody has asked."""
        return self._places

    def begin(self) -> None:
        """Put a letter on every place in sight."""
        self.end()
        self._places = lettered(sorted(places(self._room), key=lambda p: (p.at.y, p.at.x)))
        if self._places:
            labels = self._room.query_one(LaidOver)
            labels.mount(*(JumpLabel(c, p.at, wide=p.wide) for c, p in self._places.items()))

    def end(self) -> None:
        """Take the letters away; the focus is where it was."""
        if self._places:
            self._places = {}
            self._room.query_one(LaidOver).remove_children()

    def takes(self, event: events.Event) -> bool:
        """Is this event for the mode, and for nobody else? Every key is, and ends it."""
        if not self._places:
            return False
        if isinstance(event, events.Key):
            place = self._places.get(event.character or "")
            self.end()
            if place is not None:
                place.go()
            return True
        if isinstance(event, events.MouseDown | events.MouseScrollUp | events.MouseScrollDown):
            self.end()
        return False


def lettered(found: Sequence[Place]) -> dict[str, Place]:
    """A letter for each: its own where it has one, else the next that is free."""
    named = {place.letter: place for place in reversed(found) if place.letter in LETTERS}
    named.pop("", None)
    free = (letter for letter in LETTERS if letter not in named)
    nameless = (place for place in found if place not in named.values())
    return {**named, **dict(zip(free, nameless, strict=False))}


def places(room: Room) -> Iterator[Place]:
    """All that can be gone to and is in sight."""
    panes = {pane: list[Widget]() for pane in room.query(".pane")}
    for widget in room.focus_chain:
        inside = next((found for pane, found in panes.items() if pane in widget.ancestors), None)
        if inside is None:
            yield from _at(room, _named(widget), widget.focus)
        else:
            inside.append(widget)
    going = {command.action: command for command in commands_in(room.NAME)}
    for pane, widgets in panes.items():
        command = going.get(f"show_pane('{(pane.id or '').removesuffix('-pane')}')")
        if len(widgets) == 1:
            key = command.key if command else ""
            yield from _at(room, pane, widgets[0].focus, letter=key)
        elif not widgets and command:
            go = partial(room.call_later, room.run_action, command.action)
            yield from _at(room, pane, go, letter=command.key)
        else:
            for widget in widgets:
                yield from _at(room, _named(widget), widget.focus)
    for tabs in room.query(PaneTabs):
        for tab in tabs.tabs:
            chosen = partial(tabs.choose, tab.pane)
            yield from _at(room, tab, chosen, letter=tab.letter, shift=1)


def _named(widget: Widget) -> Widget:
    """Where what it is called stands: an editor has that before it, in what it lies in."""
    parent = widget.parent
    if not isinstance(widget, Input | Select) or not isinstance(parent, Widget):
        return widget
    return widget if isinstance(parent, Screen) or parent.has_class("pane") else parent


def _at(
    room: Room, widget: Widget, go: Callable[[], object], *, letter: str = "", shift: int = 0
) -> Iterator[Place]:
    """The place, unless it is out of sight."""
    try:
        geometry = room.find_widget(widget)
    except NoWidget:
        return
    seen = geometry.visible_region
    if seen and seen.y == geometry.region.y:
        # On a frame there is room for a blank on either side.
        yield Place(Offset(seen.x + shift, seen.y), go, widget.styles.border_top[0] != "", letter)
