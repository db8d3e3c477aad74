"""What can be done on the Train screen."""

from __future__ import annotations

from tui.commands.command import Command

TRAIN = (
    Command(
        "run.toggle", "train", "space", "Start/pause", "Start a run, pause it, go on",
        "toggle", in_footer=True,
    ),
    Command(
        "run.step", "train", "s", "Step", "Train one step (one mini-batch), then hold",
        "stint('step')", in_footer=True,
    ),
    Command(
        "run.epoch", "train", "e", "Epoch", "Train to the end of an epoch, then hold",
        "stint('epoch')", in_footer=True,
    ),
    Command(
        "run.take_up", "train", "r", "Take up",
        "Go on with a run that died or was stopped, from its last checkpoint", "take_up",
    ),
    Command(
        "run.fork", "train", "F", "Fork/restart",
        "A new run with what stands in the form, from this one's last step or from nothing", "fork",
    ),
    Command(
        "health.act", "train", "a", "Act on it",
        "Do what the latest alert suggests; what that is stands behind it", "act",
    ),
    Command(
        "rate.find", "train", "L", "Find a rate",
        "Try all learning rates on a copy of the network, and suggest one", "find_rate",
    ),
    Command("run.stop", "train", "S", "Stop", "End the run here, keep what it has learnt", "stop"),
    Command(
        "pane.form", "train", "f", "Settings", "Go to the hyperparameters",
        "show_pane('form')", in_footer=True,
    ),
    Command(
        "form.next_group", "train", "pagedown", "Next settings",
        "The next group of hyperparameters; enter folds it", "go_to_group(1)", in_fields=True,
    ),
    Command(
        "form.previous_group", "train", "pageup", "Previous settings",
        "The group before", "go_to_group(-1)", in_fields=True,
    ),
    Command(
        "pane.digits", "train", "d", "Digits", "Show the test digits", "show_pane('digits')",
    ),
    Command(
        "pane.log", "train", "g", "Log", "Go to the log; arrows scroll it", "show_pane('log')",
    ),
    Command(
        "digits.wrong", "train", "w", "Wrong", "Only the digits it gets wrong, or all of them",
        "toggle_wrong", in_footer=True,
    ),
    Command(
        "digits.next", "train", "n,right_square_bracket", "Next", "Next page of digits",
        "page(1)", in_footer=True,
    ),
    Command(
        "digits.previous", "train", "p,left_square_bracket", "Previous",
        "Previous page of digits", "page(-1)",
    ),
    Command(
        "chart.log", "train", "l", "Log scale", "The loss in powers of ten, or as it is",
        "toggle_log_scale",
    ),
    Command(
        "chart.smoother", "train", "plus,equals_sign", "Smoother",
        "Smooth the training line; its band stays as it is", "smooth(1)",
    ),
    Command("chart.rougher", "train", "minus", "Rougher", "Smooth it less", "smooth(-1)"),
    Command("chart.raw", "train", "0", "Not smoothed", "Do not smooth it", "smooth(0)"),
    Command(
        "log.save", "train", "ctrl+s", "Save log", "Write the log to a text file in the run",
        "save_log", in_fields=True,
    ),
    Command(
        "field.leave", "train", "escape", "Done", "Leave the field, back to the keys",
        "leave_field", in_footer=True, in_fields=True,
    ),
)  # fmt: skip
