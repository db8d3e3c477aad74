"""The rooms behind the number keys, and how each is furnished.

A room's module is imported when somebody enters it for the first time: the five of them take longer
to import than the app takes to show its first screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tui.commands import RoomName
from tui.screens.room import Room

if TYPE_CHECKING:
    from tui.session import Session


@dataclass(frozen=True)
class Plan:
    """How a room is made. A room that is `kept` stays furnished when somebody leaves it: filter and
    cursor are there on coming back."""

    make: Callable[[Session, bool], Room]
    kept: bool = True


def _errors(_: Session, ascii_only: bool) -> Room:
    from tui.screens.errors import ErrorsScreen

    return ErrorsScreen(ascii_only=ascii_only)


def _backprop(_: Session, ascii_only: bool) -> Room:
    from tui.screens.backprop import BackpropScreen

    return BackpropScreen(ascii_only=ascii_only)


def _look(_: Session, ascii_only: bool) -> Room:
    from tui.screens.look import LookScreen

    return LookScreen(ascii_only=ascii_only)


def _draw(_: Session, ascii_only: bool) -> Room:
    from tui.screens.draw import DrawScreen

    return DrawScreen(ascii_only=ascii_only)


def _runs(session: Session, ascii_only: bool) -> Room:
    from tui.screens.runs import RunsScreen

    return RunsScreen(session.runs_dir, ascii_only=ascii_only)


ROOMS: Mapping[RoomName, Plan] = MappingProxyType(
    {
        "errors": Plan(_errors),
        "backprop": Plan(_backprop),
        "look": Plan(_look),
        "draw": Plan(_draw),
        "runs": Plan(_runs, kept=False),
    }
)
"""All but the Train screen, which is the app's first and never left."""
