"""What a command is, and the rooms that commands are at home in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

RoomName = Literal["app", "train", "errors", "look", "draw", "runs", "backprop"]
"""Where a command is at home; what belongs to the app works in every room."""


ROOM_TITLES: dict[RoomName, str] = {
    "train": "Train", "errors": "Errors", "look": "Look", "draw": "Draw", "runs": "Runs",
    "backprop": "Backprop",
    "app": "everywhere",
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

    @property
    def in_words(self) -> str:
        """What it does, and its key."""
        return f"{self.help} ({self.key_name})"
