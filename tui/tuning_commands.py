"""`inkling fork` and `inkling lr-find`: a run tuned from the shell."""

from __future__ import annotations

import asyncio
import json as json_module
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from nn.hyperparameters import Hyperparameters
from nn.range_test import RangePoint
from nn.specs import format_value
from tui.engine.commands import Keep
from tui.engine.facts import Failed, Forked, Preparing, as_json_object
from tui.engine.forking import fork_run
from tui.engine.rate_finder import RateFound, RateRequest, Word, find_rate
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import printable
from tui.exit_codes import DONE, FAILED, USAGE
from tui.streams import complain

ROWS, BAR = 20, 40
"""Lines of the table of learning rates, and the length of the longest usual bar in it."""


def fork(
    parent: RunDirectory, changes: Mapping[str, object], every: float | None, *, json: bool
) -> int:
    """Fork a run, live or not, and train the fork in the foreground; its exit status.

    Raises:
        HyperparameterError: a change that a fork cannot make.
        RunError: there is nothing to fork from, or no place for the fork.
    """
    from tui.headless import carry_out

    if parent.is_live():
        _have_it_kept(parent)
    child = fork_run(parent, changes, "the shell")
    config = child.read_config()
    if every:
        child.write_config(config.model_copy(update={"checkpoint_every": every}))
    if json:
        fact = Forked(config.parent, config.parent_step, 0, "")
        values = {k: v for k, v in as_json_object(fact).items() if k in ("event", "parent", "step")}
        print(json_module.dumps({**values, "run": child.name}), flush=True)
    else:
        name = printable(child.name)
        print(f"run {name}, forked from {printable(config.parent)}", flush=True)
    return carry_out(child, json=json, new=False)


def find_rate_of(
    run: RunDirectory | None, hyperparameters: Hyperparameters, data_dir: Path | None, *, json: bool
) -> int:
    """Try all learning rates on a copy of the run's network, or on one drawn anew by the
    hyperparameters, and print what is suggested; the exit status.

    Raises:
        RunError: there is no checkpoint to take the network from.
    """
    if run is None:
        config, checkpoint = new_config(hyperparameters, data_dir), ""
    else:
        config, checkpoint = run.read_config(), str(run.checkpoint)
        if not run.checkpoint.exists():
            raise RunError(f"Run {printable(run.name)} has no checkpoint to take a network from.")
    request = RateRequest.of_config(config, checkpoint)
    words = find_rate(request)
    if json:
        found = _print_json(words)
    elif sys.stdout.isatty():
        from tui.progress import shown_in_a_bar

        found = _print_table(shown_in_a_bar(words))
    else:
        found = _print_table(words)
    if isinstance(found, Failed):
        complain(found.sentence)
        return USAGE
    return DONE if isinstance(found, RateFound) and found.learning_rate else FAILED


def _print_json(words: Iterable[Word]) -> Word | None:
    word: Word | None = None
    for word in words:
        if not isinstance(word, Preparing | Failed):
            print(json_module.dumps(as_json_object(word)), flush=True)
    return word


def _print_table(words: Iterable[Word]) -> Word | None:
    """The smoothed loss at some twenty learning rates, as numbers and bars, and the suggestion."""
    points, word = [], None
    for word in words:
        if isinstance(word, RangePoint):
            points.append(word)
    if not points:
        return word
    highest = max(point.smoothed for point in points[: max(len(points) * 3 // 4, 1)])
    print("rate      loss")
    for point in points[:: max(len(points) // ROWS, 1)]:
        bar = "#" * round(min(point.smoothed / highest, 1.2) * BAR)
        print(f"{point.learning_rate:<9.2g} {point.smoothed:<7.4g} {bar}")
    if isinstance(word, RateFound):
        if word.learning_rate is None:
            print("The loss never fell, so no learning rate can be suggested.")
        else:
            print(f"suggested: --learning-rate {format_value(word.learning_rate)}")
    return word


def _have_it_kept(run: RunDirectory) -> None:
    """A fork of a live run begins where that is now, not up to half a minute before."""
    from tui.engine.client import CommandRefused, RunClient

    try:
        asyncio.run(RunClient(run).ask(Keep()))
    except CommandRefused as refusal:
        if not run.checkpoint.exists():
            raise RunError(str(refusal)) from None
