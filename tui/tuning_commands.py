"""`inkling fork`: a new run from another's checkpoint, with other hyperparameters."""

from __future__ import annotations

import asyncio
import json as json_module
from collections.abc import Mapping

from tui.engine.commands import Keep
from tui.engine.facts import Forked, as_json_object
from tui.engine.forking import fork_run
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import printable


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


def _have_it_kept(run: RunDirectory) -> None:
    """A fork of a live run begins where that is now, not up to half a minute before."""
    from tui.engine.client import CommandRefused, RunClient

    try:
        asyncio.run(RunClient(run).ask(Keep()))
    except CommandRefused as refusal:
        if not run.checkpoint.exists():
            raise RunError(str(refusal)) from None
