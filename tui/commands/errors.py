"""What can be done on the Errors screen."""

from __future__ import annotations

from tui.commands.command import Command

ERRORS = (
    Command(
        "errors.narrow", "errors", "enter", "Show",
        "Only the digits of this cell of the matrix; from the gallery, the digit itself",
        "narrow", in_footer=True,
    ),
    Command(
        "errors.widen", "errors", "escape", "Back", "Back: out of the field, to the filter before",
        "widen", in_footer=True, in_fields=True,
    ),
    Command(
        "errors.filter", "errors", "slash", "Filter",
        "Say which digits: true:4 pred:9 wrong conf>0.9 never broken label? id:947",
        "filter", in_footer=True,
    ),
    Command(
        "errors.sort", "errors", "o", "Order",
        "The next order: by loss, wrong confidence, margin, index, latest change", "sort",
        in_footer=True,
    ),
    Command(
        "errors.matrix", "errors", "m", "Matrix", "Go to the confusion matrix; arrows walk it",
        "show_pane('matrix')",
    ),
    Command(
        "errors.classes", "errors", "c", "Classes",
        "Go to the most confused pairs; beside them, precision, recall and F1",
        "show_pane('classes')",
    ),
    Command(
        "errors.gallery", "errors", "g", "Gallery", "Go to the gallery; arrows move in it",
        "show_pane('gallery')",
    ),
    Command(
        "errors.digit", "errors", "d", "Digit", "Show all there is to know of this digit",
        "show_pane('digit')",
    ),
    Command(
        "errors.calibration", "errors", "u", "Sureness",
        "Is it right as often as it says? What if it may say that it does not know?",
        "show_pane('calibration')",
    ),
    Command(
        "errors.percent", "errors", "percent_sign", "Percent",
        "The matrix in percent of each row, or as counts", "toggle_percent",
    ),
    Command(
        "errors.next", "errors", "n,right_square_bracket", "Next page",
        "Next page of digits", "page(1)",
    ),
    Command(
        "errors.previous", "errors", "p,left_square_bracket", "Page before",
        "Previous page of digits", "page(-1)",
    ),
    Command(
        "errors.wrong", "errors", "w", "Wrong", "Only the digits it gets wrong, or all of them",
        "only('wrong')", in_footer=True,
    ),
    Command(
        "errors.fixed", "errors", "f", "Fixed", "Only those newly right since the last epoch",
        "only('fixed')",
    ),
    Command(
        "errors.broken", "errors", "b", "Broken", "Only those newly wrong since the last epoch",
        "only('broken')",
    ),
    Command("errors.never", "errors", "v", "Never", "Only those never right", "only('never')"),
    Command(
        "errors.labels", "errors", "l", "Labels", "Only those whose label is in question",
        "only('label?')",
    ),
    Command(
        "errors.saliency", "errors", "s", "Looked",
        "Where the network looked: the ink that speaks for its answer, and against it",
        "toggle_saliency", in_footer=True,
    ),
    Command(
        "errors.alike", "errors", "a", "Alike",
        "The training digits most like this one, in ink and to the network",
        "toggle_alike", in_footer=True,
    ),
    Command(
        "errors.rival", "errors", "r", "Rival", "Choose a second run to compare with, or none",
        "choose_rival", in_footer=True,
    ),
    Command(
        "errors.side", "errors", "x", "Sides",
        "Of two runs: digits only this one has right, only the other has, all", "other_side",
    ),
    Command(
        "errors.surer", "errors", "plus,equals_sign", "Surer",
        "Raise the confidence below which it says that it does not know", "surer(1)",
    ),
    Command(
        "errors.less_sure", "errors", "minus", "Less sure", "Lower that confidence", "surer(-1)",
    ),
    Command(
        "errors.csv", "errors", "C", "Table", "Save the digits of the filter as a CSV table",
        "save_table",
    ),
    Command(
        "errors.sheet", "errors", "P", "Sheet", "Save the digits of the filter as a PNG picture",
        "save_sheet",
    ),
)  # fmt: skip
