"""`inkling runs|stop|pause|resume|rm`: runs that are there already, from the shell."""

from __future__ import annotations

import asyncio
import dataclasses
import json as json_module
import sys
import time
from pathlib import Path

from tui.engine.commands import Command, Pause, Resume, Stop
from tui.engine.run_directory import RunDirectory, RunError, find_run
from tui.engine.runs import RunSummary, ancestry, resumable, summaries, summary
from tui.engine.runs import remove as remove_run
from tui.engine.text import duration, printable, size_in_words
from tui.exit_codes import DONE, FAILED
from tui.streams import complain


def list_runs(runs_dir: Path, *, json: bool) -> int:
    """Print every run, the newest first."""
    found = summaries(runs_dir)
    if json:
        for run in found:
            values = {**dataclasses.asdict(run), "path": str(runs_dir.absolute() / run.name)}
            print(json_module.dumps(values), flush=True)
    elif not found:
        print(f"There are no runs in {printable(runs_dir)}; inkling starts one.")
    else:
        _print_table(found)
    return DONE


def _print_table(found: list[RunSummary]) -> None:
    now = time.time()
    heads = ("run", "state", "epoch", "right", "age", "size")
    rows = [heads, *(_row(run, now) for run in found)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    for row, run in zip(rows, [None, *found], strict=True):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        for words in (run.sentence, ancestry(run)) if run is not None else ():
            if words:
                print(f"    {words}")
    for run in found:
        if run.state == "died":
            print(f"\ninkling resume {run.name}  goes on where the last checkpoint was.")
            break


def _row(run: RunSummary, now: float) -> tuple[str, ...]:
    right = "" if run.test_accuracy is None else f"{run.test_accuracy:.2%}"
    age = duration(now - run.created) if run.created else ""
    return run.name, run.state, f"{run.epoch}/{run.epochs}", right, age, size_in_words(run.size)


def ask(run: RunDirectory, command: Command) -> int:
    """Have a run's worker do something.

    Raises:
        RunError: it has none, or would not.
    """
    from tui.engine.client import CommandRefused, RunClient

    if not run.is_live():
        name = printable(run.name)
        hint = "" if isinstance(command, Stop) else f"; inkling resume {name} takes it up"
        raise RunError(f"Run {name} is not live: it has {_state(run)}{hint}.")
    try:
        asyncio.run(RunClient(run).ask(command))
    except CommandRefused as refusal:
        complain(str(refusal))
        return FAILED
    done = {Pause: "holds", Resume: "goes on", Stop: "ends at its next step"}[type(command)]
    print(f"Run {printable(run.name)} {done}.")
    return DONE


def _state(run: RunDirectory) -> str:
    state = summary(run).state
    return {"unreadable": "no readable config.toml"}.get(state, state)


def resume(run: RunDirectory, epochs: str, every: float | None, *, json: bool) -> int:
    """Let a paused run go on, or take up one that has no worker, in the foreground.

    Raises:
        RunError: there is nothing to go on with, or `epochs` is neither N nor +N.
    """
    if run.is_live():
        if epochs or every:
            raise RunError(
                f"Run {printable(run.name)} is live; its epochs can be changed when it has ended."
            )
        return ask(run, Resume())
    config, found = run.read_config(), summary(run)
    config.require_our_format()
    h = config.hyperparameters
    wanted = _epochs(epochs, h.epochs)
    resumable(run, wanted)
    if found.state == "diverged":
        print(
            "This run diverged after its last checkpoint; it will again, unless its learning rate "
            "is lowered before it gets there.",
            file=sys.stderr,
        )
    update: dict[str, object] = {"hyperparameters": h.model_copy(update={"epochs": wanted})}
    if every:
        update["checkpoint_every"] = every
    try:
        run.write_config(config.model_copy(update=update))
    except OSError as error:
        why = printable(error.strerror or error)
        raise RunError(f"Run {printable(run.name)} cannot be gone on with: {why}.") from None
    from tui.headless import carry_out

    return carry_out(run, json=json, new=False)


def _epochs(text: str, now: int) -> int:
    from nn.specs import SPECS

    if not text:
        return now
    more = text.startswith("+")
    parsed = SPECS["epochs"].parse(text.removeprefix("+"))
    assert isinstance(parsed, int)
    whole = SPECS["epochs"].parse(now + parsed if more else parsed)
    assert isinstance(whole, int)
    return whole


def remove(runs_dir: Path, names: list[str], *, yes: bool) -> int:
    """Delete runs for good, when somebody has said so; never one that is live.

    Raises:
        RunError: there is no such run, it is live, or nobody is there to be asked.
    """
    runs = list({run.path: run for run in (find_run(runs_dir, name) for name in names)}.values())
    for run in runs:
        if run.is_live():
            raise RunError(f"Run {printable(run.name)} is live; stop it before you remove it.")
    if not yes:
        if not sys.stdin.isatty():
            raise RunError("Nobody is there to be asked; --yes removes without a question.")
        what = "\n".join(f"  {printable(run.name)}" for run in runs)
        answer = input(f"Remove for good, with all they have learnt:\n{what}\n[y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            print("Nothing was removed.")
            return DONE
    for run in runs:
        try:
            size = remove_run(run)
        except RunError as error:
            complain(str(error))
            return FAILED
        print(f"Removed {printable(run.name)}: {size_in_words(size)}.")
    return DONE
