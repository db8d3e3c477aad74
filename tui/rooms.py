"""The rooms behind the number keys, and how each is furnished."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tui.commands import RoomName
from tui.screens.backprop import BackpropScreen
from tui.screens.draw import DrawScreen
from tui.screens.errors import ErrorsScreen
from tui.screens.look import LookScreen
from tui.screens.room import Room
from tui.screens.runs import RunsScreen
from tui.session import Session


@dataclass(frozen=True)
class Plan:
    """How a room is made. A room that is `kept` stays furnished when somebody leaves it: filter and
    cursor are there on coming back."""

    make: Callable[[Session, bool], Room]
    kept: bool = True


ROOMS: Mapping[RoomName, Plan] = MappingProxyType(
    {
        "errors": Plan(lambda _, ascii_only: ErrorsScreen(ascii_only=ascii_only)),
        "backprop": Plan(lambda _, ascii_only: BackpropScreen(ascii_only=ascii_only)),
        "look": Plan(lambda _, ascii_only: LookScreen(ascii_only=ascii_only)),
        "draw": Plan(lambda _, ascii_only: DrawScreen(ascii_only=ascii_only)),
        "runs": Plan(
            lambda session, ascii_only: RunsScreen(session.runs_dir, ascii_only=ascii_only),
            kept=False,
        ),
    }
)
"""All but the Train screen, which is the app's first and never left."""
