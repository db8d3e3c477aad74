"""What can be done everywhere."""

from __future__ import annotations

from tui.commands.command import Command

EVERYWHERE = (
    Command("room.train", "app", "1", "Train", "The network as it learns", "go('train')"),
    Command(
        "room.errors", "app", "2", "Errors",
        "What the run gets wrong, and why; which labels may be wrong", "go('errors')",
    ),
    Command(
        "room.look", "app", "3", "Look",
        "Inside the network: its layers, its units, a map of what it takes to be alike",
        "go('look')",
    ),
    Command(
        "room.draw", "app", "4", "Draw", "Draw a digit, and see what the network takes it for",
        "go('draw')",
    ),
    Command(
        "room.runs", "app", "5", "Runs",
        "Every run there is: watch it, take it up, compare, remove", "go('runs')",
    ),
    Command(
        "room.backprop", "app", "6", "Backprop",
        "Step through one backpropagation of the run's own network", "go('backprop')",
    ),
    Command(
        "app.jump", "app", "j", "Jump",
        "A letter on every pane, field and tab; the next key goes to one, esc does not", "jump",
    ),
    Command(
        "app.jump_anyhow", "app", "ctrl+o", "Jump", "The same, from inside a field too",
        "jump_from_field", in_fields=True,
    ),
    Command(
        "app.what", "app", "f1", "What is this?",
        "What has the focus, in words; the mouse hears the same by resting on a thing",
        "explain_focus", in_fields=True,
    ),
    Command(
        "app.suspend", "app", "ctrl+z", "Suspend",
        "Back to the shell; fg brings the app back, a run goes on meanwhile", "suspend",
        in_fields=True,
    ),
    Command(
        "app.picture", "app", "f12", "Picture", "Save the screen as an SVG picture, right here",
        "save_picture", in_fields=True,
    ),
    Command(
        "app.help", "app", "question_mark", "Help", "Every key and what it does", "show_help",
        in_footer=True,
    ),
    Command(
        "app.leave", "app", "q", "Quit", "Leave Inkling; asks first if a run is live", "leave",
        in_footer=True,
    ),
    Command(
        "app.leave_anyhow", "app", "ctrl+q", "Quit", "The same, from inside a field too", "quit",
        in_fields=True,
    ),
)  # fmt: skip
