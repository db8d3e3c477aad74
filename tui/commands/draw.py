"""What can be done on the Draw screen."""

from __future__ import annotations

from tui.commands.command import Command

DRAW = (
    Command(
        "draw.pen", "draw", "space", "Pen",
        "Put the pen down, or lift it; arrows move it, and draw while it is down", "toggle_pen",
        in_footer=True,
    ),
    Command(
        "draw.eraser", "draw", "x", "Erase",
        "The eraser instead of the pen, or the pen again; with the mouse, the right button",
        "toggle_eraser", in_footer=True,
    ),
    Command(
        "draw.brush", "draw", "b", "Brush", "The next of three brushes: fine, usual, broad",
        "next_brush", in_footer=True,
    ),
    Command(
        "draw.undo", "draw", "u", "Undo", "Take back the last stroke", "undo", in_footer=True,
    ),
    Command(
        "draw.clear", "draw", "c,delete", "Clear", "An empty sheet; Undo brings the old one back",
        "clear", in_footer=True,
    ),
    Command(
        "draw.centring", "draw", "m", "Centre",
        "Centre the drawing as the data set's digits are, or show it to the network as it is",
        "toggle_centring", in_footer=True,
    ),
    Command(
        "draw.keep", "draw", "k", "Keep",
        "Say what it is, and keep it as a labelled sample to train on (Extra data: own)", "keep",
        in_footer=True,
    ),
    Command(
        "draw.open", "draw", "o", "Open", "Put a picture on the sheet: PNG, JPEG and others",
        "open",
    ),
    Command(
        "draw.save", "draw", "s", "Save", "Save the drawing as a PNG picture, right here", "save",
    ),
    Command(
        "draw.leave", "draw", "escape", "Back", "Lift the pen; out of the field", "lift",
        in_fields=True,
    ),
)  # fmt: skip
