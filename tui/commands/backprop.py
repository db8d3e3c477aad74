"""What can be done on the Backprop screen."""

from __future__ import annotations

from tui.commands.command import Command

BACKPROP = (
    Command(
        "backprop.next", "backprop", "space,enter", "Next", "The next step of the lesson",
        "turn(1)", in_footer=True,
    ),
    Command(
        "backprop.previous", "backprop", "backspace", "Back", "The step before", "turn(-1)",
        in_footer=True,
    ),
    Command(
        "backprop.forward", "backprop", "f", "Forward", "Go to the first step of the way forward",
        "phase('forward')",
    ),
    Command(
        "backprop.loss", "backprop", "l", "Loss", "Go to softmax and the loss", "phase('loss')",
    ),
    Command(
        "backprop.backward", "backprop", "b", "Backward", "Go to where the way back begins",
        "phase('backward')",
    ),
    Command(
        "backprop.update", "backprop", "u", "Update", "Go to what the optimiser does",
        "phase('update')",
    ),
    Command(
        "backprop.matrix", "backprop", "v", "Matrix",
        "The next matrix of this step: what it makes, then what it makes that of", "next_matrix",
        in_footer=True,
    ),
    Command(
        "backprop.compare", "backprop", "c", "Compare",
        "This number of a gradient by hand, by difference and by autograd", "compare",
        in_footer=True,
    ),
    Command(
        "backprop.apply", "backprop", "a", "Apply",
        "Take the optimiser's step, on a copy, and see this loss fall", "apply", in_footer=True,
    ),
    Command(
        "backprop.undo", "backprop", "z", "Undo", "Take the last step back", "undo",
        in_footer=True,
    ),
    Command(
        "backprop.faster", "backprop", "plus,equals_sign", "Faster",
        "Double the learning rate of this lesson", "faster(1)",
    ),
    Command(
        "backprop.slower", "backprop", "minus", "Slower", "Halve the learning rate of this lesson",
        "faster(-1)",
    ),
    Command(
        "backprop.check", "backprop", "G", "Check all",
        "Check the gradient of the whole network against differences", "check",
    ),
    Command(
        "backprop.next_digit", "backprop", "n,right_square_bracket", "Next digit",
        "The next test digit, or the next few", "digit(1)", in_footer=True,
    ),
    Command(
        "backprop.previous_digit", "backprop", "p,left_square_bracket", "Digit before",
        "The test digit before", "digit(-1)",
    ),
    Command(
        "backprop.index", "backprop", "i", "Which digit", "Say which test digit, by its number",
        "ask_index",
    ),
    Command(
        "backprop.wrong", "backprop", "w", "Wrong", "Only digits it gets wrong, or all of them",
        "wrong_only",
    ),
    Command(
        "backprop.batch", "backprop", "m", "Mini-batch", "One digit at a time, or four",
        "other_count",
    ),
    Command(
        "backprop.newest", "backprop", "r", "Newest",
        "Begin again with the network as of the run's newest checkpoint", "begin_again",
    ),
    Command(
        "backprop.numbers", "backprop", "t", "Numbers", "Go to the matrix; arrows walk it",
        "show_pane('numbers')",
    ),
    Command(
        "backprop.source", "backprop", "s", "Source", "Show our own lines for this step",
        "show_pane('source')",
    ),
    Command(
        "backprop.explain", "backprop", "e", "Explain", "Show this step in plain language",
        "show_pane('explain')",
    ),
    Command(
        "backprop.digits", "backprop", "d", "Digit", "Show the digits of this lesson",
        "show_pane('digits')",
    ),
    Command(
        "backprop.leave", "backprop", "escape", "Stop",
        "Stop the check, leave the field, back to the numbers", "step_out", in_footer=True,
        in_fields=True,
    ),
)  # fmt: skip
