"""What a text must be to stand for a hyperparameter, where a type and bounds do not say it.

Each function hands back the value, or raises ValueError with the part of a sentence that follows
the name of the field.
"""

from __future__ import annotations

import math
import re
import unicodedata

NO_EXTRA, OWN_EXTRA = "none", "own"
"""What may stand in place of a file with more training samples."""

LONGEST_PATH = 4096

SLOWEST_PACE = 0.001
"""Steps a second; slower is nobody's wish, and the wait for a turn would overflow."""


def widths_from_text(value: object) -> object:
    """`"128,64"` -> `("128", "64")`; an empty text is a network without hidden layers."""
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",")] if value.strip() else []
    if any(not re.fullmatch(r"[+-]?[0-9]+", part) for part in parts):
        raise ValueError("must be whole numbers with commas, such as 128,64")
    return tuple(parts)


def check_widths(widths: tuple[int, ...]) -> tuple[int, ...]:
    if len(widths) > 16:
        raise ValueError("must be 16 at most")
    for width in widths:
        if not 1 <= width <= 8192:
            raise ValueError("must have between 1 and 8192 units each")
    return widths


def check_pace(pace: float) -> float:
    if 0 < pace < SLOWEST_PACE:
        raise ValueError(f"must be 0, or at least {SLOWEST_PACE:g}")
    return pace


def check_warmup(warmup: str) -> str:
    if warmup == "auto":
        return warmup
    try:
        share = float(warmup)
    except ValueError:
        share = math.nan
    if not 0 <= share < 1:
        raise ValueError("must be a share of the run from 0 to below 1, or auto")
    return warmup


def as_text(value: object) -> object:
    """A number is as good as its text: older runs have `warmup = 0.25` in their files."""
    return f"{value:g}" if isinstance(value, (int, float)) else value


def check_extra_data(text: str) -> str:
    if len(text) > LONGEST_PATH:
        raise ValueError(f"must be {LONGEST_PATH} characters at most")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise ValueError("must be UTF-8 without control characters; give the file another name")
    if text not in (NO_EXTRA, OWN_EXTRA) and not text.lower().endswith(".npz"):
        raise ValueError(f"must be {NO_EXTRA}, {OWN_EXTRA}, or a file such as samples.npz")
    return text


def check_split(split: str) -> str:
    if split in ("auto", "official"):
        return split
    try:
        fraction = float(split)
    except ValueError:
        fraction = math.nan
    if not 0 < fraction < 1:
        raise ValueError("must be official, a share such as 0.2, or auto")
    return split
