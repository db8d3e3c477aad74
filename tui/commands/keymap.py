"""Keys of the user's own for commands of ours: what will do, and why the rest will not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from textual.keys import Keys

from tui.commands.command import Command
from tui.engine.text import PLACE

NAMED = {key.value.rpartition("+")[2] for key in Keys}
"""Keys that have a name and no character; the others are called as Unicode calls what they type."""


def renamed(commands: Iterable[Command], keys: Mapping[str, str]) -> tuple[Command, ...]:
    """The commands with the user's keys for them."""
    return tuple(replace(c, key=keys.get(c.id, c.key)) for c in commands)


def in_own_keys(label: str, commands: Iterable[Command], keys: Mapping[str, str]) -> str:
    """A name that begins with the key that goes there, such as `g Log`, with the user's own key."""
    usual, gap, name = label.partition(" ")
    own = renamed((c for c in commands if c.key == usual and c.id in keys), keys)
    return f"{own[0].key_name}{gap}{name}" if own else label


def key_of(name: str, commands: Iterable[Command], keys: Mapping[str, str]) -> str:
    """The key, as a person reads it, of the command of that id."""
    return next(c.key_name for c in renamed(commands, keys) if c.id == name)


def with_keys(sentence: str, commands: Iterable[Command], keys: Mapping[str, str]) -> str:
    """A sentence in which `<room.runs>` stands for the key of that command, and what is `literal`
    for itself."""
    if "<" not in sentence:
        return sentence

    def key(place: re.Match[str]) -> str:
        if len(place[1]) > 1:
            return place[0][1:]
        own = renamed((c for c in commands if c.id == place[2]), keys)
        return own[0].key_name if own else place[0]

    return PLACE.sub(key, sentence)


def checked(
    keys: Mapping[str, str], commands: Sequence[Command]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The keys that will do, and a sentence for each that will not.

    A key may do one thing in a room, and what belongs to the app is in every room.
    """
    ids = {command.id: command for command in commands}
    good: dict[str, str] = {}
    sentences: list[str] = []
    for name, key in keys.items():
        if name not in ids:
            sentences.append(f"There is no command {name!r}; the settings name a key for it.")
            continue
        command = ids[name]
        others = renamed((c for c in commands if c.id != name), good)
        near = [c for c in others if "app" in (c.room, command.room) or c.room == command.room]
        taken = {k: c for c in near for k in c.key.split(",")}
        rival = next((taken[k] for k in key.split(",") if k in taken), None)
        if rival is not None:
            sentences.append(
                f"The settings give {name!r} the key {key}, which is {rival.id!r} already."
            )
        elif not all(_is_key(k) for k in key.split(",")):
            sentences.append(f"The settings give {name!r} the key {key!r}, and there is none such.")
        else:
            good[name] = key
    return good, tuple(sentences)


def _is_key(key: str) -> bool:
    bare = key.rpartition("+")[2]
    if len(bare) == 1 or bare in NAMED:
        return True
    try:
        unicodedata.lookup(bare.replace("_", " ").upper())
    except KeyError:
        return False
    return True
