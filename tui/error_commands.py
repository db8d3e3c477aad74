"""`inkling errors`: what a run gets wrong, as text, JSON, a table or a contact sheet."""

from __future__ import annotations

import json as json_module
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tui.engine.contact_sheet import save_contact_sheet
from tui.engine.digit_filter import FilterError, parse
from tui.engine.digit_query import select
from tui.engine.exports import save_csv
from tui.engine.mistakes import Indices, Mistakes
from tui.engine.mistakes_reader import MistakesReader
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.sorts import SORTS, SortName
from tui.engine.text import printable
from tui.exit_codes import DONE

MOST_CONFUSED = 5


def list_errors(
    run: RunDirectory,
    *,
    filter_line: str = "wrong",
    sort: SortName = "loss",
    csv: Path | None = None,
    png: Path | None = None,
    against: RunDirectory | None = None,
    limit: int = 20,
    json: bool = False,
) -> int:
    """Print how good a run is and the first `limit` digits of a filter (0: all of them); write all
    of them where that is asked for.

    Raises:
        RunError: there is nothing to show, the filter is not one, or a file cannot be written.
    """
    reader = MistakesReader(run)
    mistakes = reader.read_all()
    p = mistakes.predictions
    try:
        query = parse(filter_line, p.class_names)
    except FilterError as error:
        raise RunError(str(error)) from None
    found = select(query, mistakes, sort)
    summary = _summary(run, mistakes, against)
    shown = found[: limit or len(found)]
    if json:
        _print_json({"event": "summary", "filter": query.text, "matches": len(found), **summary})
        for digit in _digits(mistakes, shown):
            _print_json({"event": "digit", **digit})
    else:
        _print_summary(summary)
        print()
        _print_digits(query.text, sort, list(_digits(mistakes, shown)), found)
    for path, count in _exported(reader, mistakes, found, query.text, csv, png):
        if json:
            _print_json({"event": "exported", "path": str(path), "digits": count})
        else:
            print(f"{_digits_in_words(count)} in {printable(path)}.")
    return DONE


def _exported(
    reader: MistakesReader,
    mistakes: Mistakes,
    found: Indices,
    filter_line: str,
    csv: Path | None,
    png: Path | None,
) -> Iterator[tuple[Path, int]]:
    if csv is not None:
        save_csv(csv, mistakes, found, reader.of_digits(found))
        yield csv, len(found)
    if png is not None:
        epoch = mistakes.predictions.epoch
        title = f"{reader.run.name}, epoch {epoch}: {filter_line or 'all digits'}"
        yield png, save_contact_sheet(png, mistakes, found, title)


def _summary(run: RunDirectory, mistakes: Mistakes, against: RunDirectory | None) -> dict[str, Any]:
    """What is said of the run as a whole, as JSON has it: shares from 0 to 1, losses in nats."""
    names = mistakes.predictions.class_names
    doubtful = len(mistakes.doubtful)
    said: dict[str, Any] = {
        "run": printable(run.name),
        "epoch": mistakes.predictions.epoch,
        "digits": len(mistakes),
        "wrong": int(mistakes.wrong.sum()),
        "accuracy": mistakes.accuracy,
        "accuracy_without_doubtful": mistakes.accuracy_without_doubtful,
        "doubtful_labels": doubtful,
        # The test set is held out, so that what the network says of its labels may be believed.
        "suspect_labels": None if doubtful else len(mistakes.suspects.indices),
        "loss": mistakes.mean_loss,
        "expected_calibration_error": mistakes.reliability.expected_error,
        "macro_f1": mistakes.report.macro_f1,
        "most_confused": [
            {
                "true": printable(names[pair.true]),
                "predicted": printable(names[pair.predicted]),
                "count": pair.count,
            }
            for pair in mistakes.most_confused[:MOST_CONFUSED]
        ],
    }
    if mistakes.history is not None and mistakes.history.epoch > 0:
        changes = mistakes.history.changes
        said |= {
            "fixed": changes.fixed, "broken": changes.broken, "never_right": changes.never_right
        }  # fmt: skip
    if against is not None:
        said["against"] = _against(run, mistakes, against)
    return said


def _against(run: RunDirectory, mistakes: Mistakes, other: RunDirectory) -> dict[str, Any]:
    theirs = MistakesReader(other).read_all()
    try:
        compared = mistakes.against(theirs)
    except ValueError:
        raise RunError(
            f"Runs {printable(run.name)} and {printable(other.name)} cannot be compared: they were "
            "not tested on the same digits."
        ) from None
    return {
        "run": printable(other.name),
        "epoch": theirs.predictions.epoch,
        "accuracy": theirs.accuracy,
        "both_right": compared.both_right,
        "only_this_right": compared.only_first.tolist(),
        "only_that_right": compared.only_second.tolist(),
        "both_wrong": compared.both_wrong,
        "mcnemar_exact_p": compared.exact_p,
        "mcnemar_chi_squared": compared.chi_squared,
        "mcnemar_chi_squared_p": compared.chi_squared_p,
    }


def _print_summary(said: dict[str, Any]) -> None:
    print(f"run {said['run']}, after epoch {said['epoch']}")
    rows = [("right", f"{said['accuracy']:.2%}  {said['wrong']:,} of {said['digits']:,} wrong")]
    if said["accuracy_without_doubtful"] is not None:
        without = f"{said['accuracy_without_doubtful']:.2%}  without"
        rows.append(("", f"{without} {said['doubtful_labels']} labels that people do not confirm"))
    rows.append(("loss", f"{said['loss']:.4f} nats"))
    rows.append(("ECE", f"{said['expected_calibration_error']:.4f}  expected calibration error"))
    rows.append(("F1", f"{said['macro_f1']:.4f}  mean over the classes"))
    if said["suspect_labels"]:
        rows.append(("labels", f"{said['suspect_labels']:,} look wrong to the network: label?"))
    pairs = [f"{c['true']} as {c['predicted']} {c['count']:,}" for c in said["most_confused"]]
    rows.append(("confused", ", ".join(pairs) or "nothing"))
    if "fixed" in said:
        words = f"+{said['fixed']:,} fixed, -{said['broken']:,} broken"
        rows.append(("last epoch", f"{words}, {said['never_right']:,} never right"))
    if "against" in said:
        rows += _comparison_rows(said["against"])
    for name, told in rows:
        print(f"{name:<11}{told}")


def _comparison_rows(other: dict[str, Any]) -> list[tuple[str, str]]:
    here, there = len(other["only_this_right"]), len(other["only_that_right"])
    return [
        ("against", f"{other['run']}, after epoch {other['epoch']}, {other['accuracy']:.2%} right"),
        ("", f"{here:,} right only here, {there:,} only there, {other['both_wrong']:,} in neither"),
        (
            "McNemar",
            f"p = {other['mcnemar_exact_p']:.3g} (exact), {other['mcnemar_chi_squared_p']:.3g} "
            f"(chi-squared {other['mcnemar_chi_squared']:.2f}, with continuity correction)",
        ),
    ]


def _digits(mistakes: Mistakes, indices: Indices) -> Iterator[dict[str, Any]]:
    p, history = mistakes.predictions, mistakes.history
    for index in map(int, indices):
        learnt = int(history.learnt[index]) if history is not None else -1
        yield {
            "index": index,
            "true": printable(p.class_names[p.labels[index]]),
            "predicted": printable(p.class_names[p.predicted[index]]),
            "confidence": float(p.confidence[index]),
            "loss": float(mistakes.losses[index]),
            "learnt": learnt if learnt >= 0 else None,
            "never_right": bool(history.never_right[index]) if history is not None else None,
            "forgotten": int(history.forgotten[index]) if history is not None else None,
            "label_in_question": bool(mistakes.suspect_labels[index]),
        }


def _print_digits(
    filter_line: str,
    sort: SortName,
    digits: list[dict[str, Any]],
    found: Indices,
) -> None:
    what = printable(filter_line) or "all"
    if not digits:
        print(f"No digits are {what}.")
        return
    print(f"{_digits_in_words(len(found))}: {what}; {SORTS[sort]}")
    heads = ("index", "true", "taken for", "sure", "loss", "history", "")
    rows = [heads, *(_row(digit) for digit in digits)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    for row in rows:
        cells = [
            cell.rjust(width) if i in (0, 3, 4) else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
    left = len(found) - len(digits)
    if left:
        print(f"and {left:,} more; --limit 0 lists all")


def _row(digit: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(digit["index"]),
        digit["true"],
        digit["predicted"],
        f"{digit['confidence']:.1%}",
        f"{digit['loss']:.3f}",
        _history(digit),
        "label?" if digit["label_in_question"] else "",
    )


def _history(digit: dict[str, Any]) -> str:
    if digit["never_right"]:
        return "never right"
    if digit["learnt"] is not None:
        since = f"right since epoch {digit['learnt']}"
    else:
        since = "" if digit["forgotten"] is None else "wrong"
    times = digit["forgotten"]
    return f"{since}, forgotten {times} time{'s' * (times > 1)}" if times else since


def _digits_in_words(count: int) -> str:
    return "1 digit" if count == 1 else f"{count:,} digits"


def _print_json(values: dict[str, Any]) -> None:
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }
    print(json_module.dumps(finite, allow_nan=False), flush=True)
