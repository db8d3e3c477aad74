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
        "pane.chart", "train", "c", "Chart",
        "Go to the chart; arrows move its cursor, with shift fast", "show_pane('chart')",
    ),
    Command(
        "chart.metric", "train", "y", "Metric",
        "The chart's next metric: loss, accuracy, learning rate, gradient norm, samples/s",
        "metric",
    ),
    Command(
        "chart.axis", "train", "x", "Axis", "The chart by steps, epochs or seconds of work", "axis",
    ),
    Command(
        "chart.scope", "train", "o", "Scope",
        "How much of the run: all of it, its newest tenth, this epoch", "scope",
    ),
    Command(
        "chart.zoom", "train", "z", "Zoom",
        "A stretch of the curve: from the cursor, and again, to the cursor",
        "choose_stretch",
    ),
    Command(
        "chart.overlay", "train", "v", "Versus",
        "Lay a run that is over on the chart, up to four; the same again takes it off", "overlay",
    ),
    Command(
        "chart.log", "train", "l", "Log scale", "The chart in powers of ten, or as it is",
        "toggle_log_scale",
    ),
    Command(
        "chart.smoother", "train", "plus,equals_sign", "Smoother",
        "Smooth the line; the band behind it stays as it is", "smooth(1)",
    ),
    Command("chart.rougher", "train", "minus", "Rougher", "Smooth it less", "smooth(-1)"),
    Command("chart.raw", "train", "0", "Not smoothed", "Do not smooth it", "smooth(0)"),
    Command(
        "pane.large", "train", "m", "Enlarge",
        "Let the pane in hand fill the screen, or give all their places back", "enlarge",
    ),
    Command(
        "pane.hide", "train", "h", "Hide",
        "Put the pane in hand out of sight; the key that goes to it shows it again", "hide",
    ),
    Command(
        "log.save", "train", "ctrl+s", "Save log", "Write the log to a text file in the run",
        "save_log", in_fields=True,
    ),
    Command(
        "field.leave", "train", "escape", "Done", "Back: out of the field, of a zoom, of the chart",
        "leave_field", in_footer=True, in_fields=True,
    ),
)  # fmt: skip
