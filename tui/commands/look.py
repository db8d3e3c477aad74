"""What can be done on the Look screen."""

from __future__ import annotations

from tui.commands.command import Command

LOOK = (
    Command(
        "look.layers", "look", "l", "Layers", "Go to the layers: values, weights, gradients",
        "show_view('layers')",
    ),
    Command(
        "look.weights", "look", "w", "Weights",
        "Go to the first layer's weights; arrows go from unit to unit", "show_view('weights')",
    ),
    Command(
        "look.map", "look", "m", "Map", "Go to the map; arrows go from digit to digit",
        "show_view('map')",
    ),
    Command(
        "look.explain", "look", "e", "Explain",
        "What is to be seen here, in plain words, and where in nn it is made", "toggle_explain",
        in_footer=True,
    ),
    Command(
        "look.next", "look", "n,right_square_bracket", "Next", "The next test digit", "step(1)",
        in_footer=True,
    ),
    Command(
        "look.previous", "look", "p,left_square_bracket", "Previous", "The test digit before",
        "step(-1)",
    ),
    Command(
        "look.digit", "look", "slash", "Digit", "Say which test digit, by its place",
        "choose_digit", in_footer=True,
    ),
    Command(
        "look.lesson", "look", "b", "Backprop",
        "Step through one backpropagation of this digit", "lesson", in_footer=True,
    ),
    Command(
        "look.switch", "look", "space", "Off/on",
        "Switch the unit at the cursor off, or on again, in a copy of the network", "switch",
        in_footer=True,
    ),
    Command(
        "look.undo", "look", "u", "Undo", "Take the last switching back", "undo", in_footer=True,
    ),
    Command(
        "look.tsne", "look", "t", "t-SNE", "The map by t-SNE, or by PCA again", "toggle_tsne",
        in_footer=True,
    ),
    Command(
        "look.back", "look", "escape", "Back", "Back: out of the field, or stop what takes long",
        "back", in_footer=True, in_fields=True,
    ),
)  # fmt: skip
