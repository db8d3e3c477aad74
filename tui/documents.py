"""The tables of the README, made from the definitions that they describe.

    python -m tui.documents README.md

rewrites what stands between `<!-- table: NAME -->` and `<!-- end -->`; a test says when that
is due.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from nn.data import DATASETS
from nn.hyperparameters import Value
from nn.presets import PRESETS
from nn.sources import SOURCE_KINDS
from nn.specs import SPECS, format_value
from tui.commands import COMMANDS, ROOM_TITLES


def _table(heads: list[str], rows: list[list[str]]) -> str:
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [heads, ["---"] * len(heads), *escaped]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def hyperparameters() -> str:
    """One row per hyperparameter; a group's name stands at its first."""
    rows, group = [], ""
    for spec in SPECS.values():
        values = ", ".join(f"`{choice}`" for choice in spec.choices or spec.forms) or spec.bounds
        live = "yes" if spec.live else ""
        default = f"`{format_value(spec.default)}`"
        named = f"**{spec.group}**" if spec.group != group else ""
        group = spec.group
        rows.append([named, spec.label, f"`{spec.option}`", default, values, live, spec.help])
    return _table(["group", "", "option", "default", "values", "live", "what it is"], rows)


def presets() -> str:
    """One row per preset: what it changes."""

    def change(name: str, value: Value) -> str:
        return f"{SPECS[name].in_words} `{format_value(value)}`"

    rows = [
        [f"`{preset}`", ", ".join(change(name, value) for name, value in changes.items())]
        for preset, changes in PRESETS.items()
    ]
    return _table(["preset", "what it sets"], rows)


def datasets() -> str:
    """One row per data set that has a name, and per kind of those that have not."""
    named = [[f"`{info.name}`", info.description] for info in DATASETS.values()]
    own = [[f"`{kind}:{source.place}`", source.help] for kind, source in SOURCE_KINDS.items()]
    return _table(["data set", "what it is"], named + own)


def keys() -> str:
    """One row per command, by the room it is at home in."""
    rows, room = [], ""
    for command in COMMANDS:
        where = "" if command.room == room else f"**{ROOM_TITLES[command.room]}**"
        room = command.room
        rows.append([where, f"`{command.key_name}`", command.help])
    return _table(["where", "key", "what it does"], rows)


TABLES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"hyperparameters": hyperparameters, "presets": presets, "datasets": datasets, "keys": keys}
)

_MARKED = re.compile(r"(<!-- table: (\w+) -->\n)(?:(?!<!-- ).)*(<!-- end -->)", re.DOTALL)


def filled(text: str) -> str:
    """The text, with every marked table made anew."""
    return _MARKED.sub(lambda found: found[1] + TABLES[found[2]]() + "\n" + found[3], text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(filled(path.read_text("utf-8")), "utf-8")
