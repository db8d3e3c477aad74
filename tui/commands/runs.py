"""What can be done with the runs that are listed."""

from __future__ import annotations

from tui.commands.command import Command

RUNS = (
    Command(
        "runs.open", "runs", "enter", "Open", "Show the run: its curve, its log, its digits",
        "ask('open')", in_footer=True,
    ),
    Command(
        "runs.toggle", "runs", "space", "Pause/go on", "Have the run hold, or go on",
        "ask('toggle')", in_footer=True,
    ),
    Command(
        "runs.take_up", "runs", "r", "Take up",
        "A new worker goes on with the run from its last checkpoint", "ask('take_up')",
        in_footer=True,
    ),
    Command(
        "runs.stop", "runs", "S", "Stop", "End the run here, keep what it has learnt",
        "ask('stop')", in_footer=True,
    ),
    Command(
        "runs.remove", "runs", "delete", "Remove", "Remove the run for good; asks first",
        "ask('remove')", in_footer=True,
    ),
)  # fmt: skip
