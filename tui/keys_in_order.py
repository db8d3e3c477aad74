"""Keys have their effects in the order in which they were pressed.

Textual gives a key to the widget that has the focus; what that leaves goes to the one around it,
and so on to the app, which looks it up in the tables of keys. Each has a queue of its own. Over a
slow line several keys come at once, and then a letter, which the field takes, has its effect before
the backspace in front of it, which takes the long way: `1`, `2`, backspace, `3` became `12`. And
what is typed behind a Tab went into the field that the Tab was to leave. So a key waits here until
the one before it has come to the end of its way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from textual.app import App
from textual.events import Event, Key
from textual.message import Message
from textual.message_pump import MessagePump

PATIENCE: Final = 0.5
"""Seconds after which a key is given up that went to a widget which is no more."""


class KeysInOrder(App[str]):
    """Lets one key at a time into the tree of widgets; to stand in front of all that hears keys."""

    class Next(Message, bubble=False):
        """The key in hand is done with; another one waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keys_waiting: deque[Key] = deque()
        self._key_in_hand: Key | None = None
        self._key_lost: asyncio.TimerHandle | None = None

    async def on_event(self, event: Event) -> None:
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._key_in_hand is not None:
            self._keys_waiting.append(event)
        else:
            await self._hand_out_key(event)

    async def on_keys_in_order_next(self) -> None:
        await self._hand_out_key(self._keys_waiting.popleft())

    async def _hand_out_key(self, key: Key) -> None:
        self._key_in_hand = key
        self._key_lost = asyncio.get_running_loop().call_later(PATIENCE, self._key_done, key)
        taker = (self.focused or self.screen) if self.screen_stack else None
        await super().on_event(key)
        if taker is not None and key.is_forwarded:
            self._follow_key(key, taker)
        else:
            self._key_done(key)

    def _follow_key(self, key: Key, node: MessagePump) -> None:
        # Behind the key in the same queue: called when the node has done what it does with it.
        if not node.call_later(self._key_passed, key, node):
            self._key_done(key)

    def _key_passed(self, key: Key, node: MessagePump) -> None:
        around = node._parent
        if around is None or key._stop_propagation:
            self._key_done(key)
        else:
            self._follow_key(key, around)

    def _key_done(self, key: Key) -> None:
        if self._key_in_hand is not key:
            return
        if self._key_lost is not None:
            self._key_lost.cancel()
        if self._keys_waiting:
            self._key_in_hand = self._keys_waiting[0]
            self.post_message(self.Next())
        else:
            self._key_in_hand = None
