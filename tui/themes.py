"""Inkling's own colours: paper and ink by day, and by night.

Over SSH most terminals are taken for 256-colour ones. The night's colours are 256-colour ones to
begin with, its greys pure greys, so that no digit turns lavender on the way.
"""

from textual.theme import Theme

NIGHT = Theme(
    name="inkling-night",
    primary="#87afff",
    secondary="#87d787",
    accent="#af87ff",
    warning="#ffaf5f",
    error="#ff5f87",
    success="#87d787",
    foreground="#dadada",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
)

PAPER = Theme(
    name="inkling-paper",
    primary="#2a52a2",
    secondary="#3f7a1f",
    accent="#7a3fb0",
    warning="#9a5b00",
    error="#b3203f",
    success="#3f7a1f",
    foreground="#22242c",
    background="#faf8f2",
    surface="#f1eee4",
    panel="#e7e3d6",
    dark=False,
)

THEMES = (NIGHT, PAPER)
"""The first is the one it starts with."""
