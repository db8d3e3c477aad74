"""What the app notifies of, such that no moment is the wrong one for it.

Textual's rack asks a notification whether its time is over, and then makes a toast, which asks how
much is left. In between it may be over after all, when a room is entered in that very moment. The
toast's timer is then set for a time that is no more, and goes round and round without ever waiting:
the app hears nothing from then on.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.notifications import Notification

LEAST = 0.01
"""Seconds a toast stays that has only just been made."""


@dataclass
class Notice(Notification):
    """A notification with a little time left whenever it is asked."""

    @property
    def time_left(self) -> float:
        return max(super().time_left, LEAST)

    @property
    def has_expired(self) -> bool:
        return super().time_left <= 0
