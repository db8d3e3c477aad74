"""Keys have their effects in the order in which they were pressed.

Textual gives a key to the widget that has the focus; what that leaves goes to the one around it,
and so on to the app, which looks it up in the tables of keys. Each has a queue of its own. Over a
slow line several keys come at once, and then a letter, which the field takes, has its effect before
the backspace in front of it, which takes the long way: `1`, `2`, backspace, `3` became `12`. And
what is typed behind a Tab went into the field that the Tab was to leave. So a key waits here until
the one before it has come to the end of its way.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from textual.app import App
from textual.events import Event, Key
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer

PATIENCE: Final = 0.5
"""Seconds between two looks for a key that went to a widget which is no more."""

NO_KEY: Final = Key("", None)
"""In hand while the last one has come to the end of its way, and the next one is not begun."""


class KeysInOrder(App[str]):
    """Lets one key at a time into the tree of widgets; to stand in front of all that hears keys."""

    class Next(Message, bubble=False):
        """The key in hand is done with; another one waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keys_waiting: deque[Key] = deque()
        self._key_in_hand: Key | None = None
        self._key_at: MessagePump | None = None
        self._lost_and_found: Timer | None = None

    def hold_keys(self) -> None:
        """Let no key in until `let_keys_in`: there is nothing yet for it to have an effect on."""
        self._key_in_hand = NO_KEY

    def let_keys_in(self) -> None:
        self.post_message(self.Next())

    async def on_event(self, event: Event) -> None:
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._key_in_hand is not None:
            self._keys_waiting.append(event)
        else:
            await self._hand_out_key(event)

    async def on_keys_in_order_next(self) -> None:
        if self._keys_waiting:
            await self._hand_out_key(self._keys_waiting.popleft())
        else:
            self._key_in_hand = None

    async def _hand_out_key(self, key: Key) -> None:
        self._key_in_hand, self._key_at = key, None
        taker = (self.focused or self.screen) if self.screen_stack else None
        await super().on_event(key)
        if taker is not None and key.is_forwarded:
            self._follow_key(key, taker)
        else:
            self._key_done(key)

    def _follow_key(self, key: Key, node: MessagePump) -> None:
        self._key_at = node
        # Behind the key in the same queue: called when the node has done what it does with it.
        if not node.call_later(self._key_passed, key, node):
            self._key_done(key)
        elif self._lost_and_found is None:
            self._lost_and_found = self.set_interval(PATIENCE, self._look_for_key)

    def _key_passed(self, key: Key, node: MessagePump) -> None:
        around = node._parent
        # On its way to the app, which has sent it, Textual calls it stopped one too early.
        if around is None or (key._stop_propagation and around is not self):
            self._key_done(key)
        else:
            self._follow_key(key, around)

    def _key_done(self, key: Key) -> None:
        """Behind whatever the key has the app do, such as to give the focus to something."""
        if self._key_in_hand is key:
            self._key_in_hand = NO_KEY
            self.post_message(self.Next())

    def _look_for_key(self) -> None:
        """A widget may have gone, and a key on its way to it: the next one need not wait."""
        key, node = self._key_in_hand, self._key_at
        if key is not None and node is not None and not node.is_running:
            self._key_done(key)
