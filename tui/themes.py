"""Inkling's own colours: paper and ink by day, and by night."""

from textual.theme import Theme

NIGHT = Theme(
    name="inkling-night",
    primary="#7aa2f7",
    secondary="#9ece6a",
    accent="#bb9af7",
    warning="#e0af68",
    error="#f7768e",
    success="#9ece6a",
    foreground="#d5d9e8",
    background="#11131a",
    surface="#181b25",
    panel="#1e2230",
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
