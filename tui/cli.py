"""inkling [train|attach|runs|resume|...]: the shell's door.

What takes long to import (NumPy, Textual, rich) is imported by the command that needs it, so that
`--help` answers at once.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.presets import resolve
from tui import collector
from tui.command_line import build_parser
from tui.exit_codes import DONE, FAILED, INTERRUPTED, USAGE
from tui.streams import complain, gone_with, have_streams, lost
from tui.terminal import UsageError


def given_hyperparameters(options: argparse.Namespace, *, paced: bool) -> Hyperparameters:
    """The preset, with the options laid over it; nobody watches an unpaced run.

    Raises:
        HyperparameterError: one of them will not do.
    """
    given = _given(options)
    if not paced:
        given.setdefault("pace", "0")
    return resolve(getattr(options, "preset", None), given)


def _given(options: argparse.Namespace) -> dict[str, object]:
    """The hyperparameters that were named, as they were typed."""
    named = ((name, text) for name, text in vars(options).items() if name.startswith("h_"))
    return {name.removeprefix("h_"): text for name, text in named}


def _runs_dir(options: argparse.Namespace) -> Path:
    from tui.engine.run_directory import at_home, default_runs_dir

    named: Path | None = getattr(options, "runs_dir", None)
    return at_home(named) if named else default_runs_dir()


def _train(options: argparse.Namespace) -> int:
    hyperparameters = given_hyperparameters(options, paced=False)
    from tui.headless import train

    return train(
        hyperparameters,
        _runs_dir(options),
        getattr(options, "data_dir", None),
        json=options.json,
        checkpoint_every=options.checkpoint_every,
    )


def _manage(options: argparse.Namespace) -> int:
    """A command about runs that are there already."""
    from tui import run_commands
    from tui.engine.commands import Pause, Stop
    from tui.engine.run_directory import find_run

    runs_dir = _runs_dir(options)
    if options.command == "runs":
        return run_commands.list_runs(runs_dir, json=options.json)
    if options.command == "rm":
        return run_commands.remove(runs_dir, options.runs, yes=options.yes)
    run = find_run(runs_dir, options.run)
    if options.command == "resume":
        every, json = options.checkpoint_every, options.json
        return run_commands.resume(run, options.epochs, every, json=json)
    return run_commands.ask(run, Pause() if options.command == "pause" else Stop())


def _fork(options: argparse.Namespace) -> int:
    from tui.engine.run_directory import find_run
    from tui.tuning_commands import fork

    parent = find_run(_runs_dir(options), options.run)
    return fork(parent, _given(options), options.checkpoint_every, json=options.json)


def _find_rate(options: argparse.Namespace) -> int:
    from tui.engine.run_directory import find_run
    from tui.tuning_commands import find_rate_of

    run = find_run(_runs_dir(options), options.run) if options.run else None
    if run is not None and _given(options):
        raise UsageError("A run has its hyperparameters; name the run or options, not both.")
    hyperparameters = given_hyperparameters(options, paced=False)
    return find_rate_of(run, hyperparameters, getattr(options, "data_dir", None), json=options.json)


def _errors(options: argparse.Namespace) -> int:
    from tui.engine.run_directory import find_run
    from tui.error_commands import list_errors

    runs_dir = _runs_dir(options)
    return list_errors(
        find_run(runs_dir, options.run),
        filter_line=options.filter,
        sort=options.sort,
        csv=options.csv,
        png=options.png,
        against=find_run(runs_dir, options.against) if options.against else None,
        limit=options.limit,
        json=options.json,
    )


def _serve(options: argparse.Namespace) -> int:
    try:
        from tui.web import serve
    except ImportError:
        raise UsageError(
            "The page in the browser needs textual-serve: pip install 'inkling-tui[serve]'."
        ) from None
    arguments = ["--runs-dir", str(_runs_dir(options))]
    if getattr(options, "data_dir", None):
        arguments += ["--data-dir", str(options.data_dir)]
    return serve(arguments, options.host, options.port, options.token)


def _open(options: argparse.Namespace) -> int:
    """The app, on nothing or on a run to attach to."""
    from tui.terminal import (
        answer_keys_soon,
        go_with_the_terminal,
        is_plain,
        leave_on_sigterm,
        require_terminal,
    )

    attach = None
    data_dir = getattr(options, "data_dir", None)
    if options.command == "attach":
        from tui.engine.run_directory import find_run

        attach = find_run(_runs_dir(options), options.run)
        config = attach.read_config()
        initial = config.hyperparameters
        # The next run is to find the data where this one did.
        data_dir = Path(config.data_dir) if config.data_dir else None
    else:
        initial = given_hyperparameters(options, paced=True)
    # In a browser there is no terminal to ask; textual-serve says so by the driver it names.
    in_browser = "TEXTUAL_DRIVER" in os.environ
    if not in_browser:
        require_terminal()
    go_with_the_terminal()
    answer_keys_soon()
    # Until all that the app is made of has been imported (`tui.ahead`).
    collector.off()
    from tui import heap

    heap.share_one()
    from tui.app import InklingApp
    from tui.leaving import LEFT
    from tui.link import chosen
    from tui.session import Session
    from tui.settings import SettingsFile

    session = Session(_runs_dir(options), data_dir)
    app = InklingApp(
        session,
        initial=initial,
        attach=attach,
        ascii_only=options.ascii or is_plain(),
        link=chosen(options.link),
        settings=SettingsFile(),
    )
    leave_on_sigterm(app.leave_from_outside)
    farewell = app.run()
    if app.habits:
        app.habits.keep()
    if app.fault:
        return _broken(app.fault, LEFT if session.live else "")
    if farewell and not in_browser:
        print(farewell)
    return app.return_code or DONE


def _broken(fault: Exception, comfort: str = "") -> int:
    """Say that Inkling itself is at fault."""
    from tui.faults import report

    complain(f"{report(fault)} {comfort}".rstrip())
    return FAILED


_MANAGING = ("runs", "rm", "pause", "resume", "stop")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line; the exit status is one of `exit_codes`."""
    have_streams()
    options = build_parser().parse_args(arguments)
    fault: Exception | None = None
    try:
        status = _carry_out(options)
    except Exception as error:  # what nobody foresaw is told in a sentence, too
        status, fault = FAILED, error
    gone = lost() or gone_with(fault)
    # The end of an output is nobody's fault; whoever read it and has had enough, or has closed the
    # terminal, need not be told either.
    if fault is not None and not (gone and isinstance(fault, OSError)):
        _broken(fault)
    elif gone is not None:
        status = status or FAILED
        if gone.errno not in (errno.EPIPE, errno.EIO):
            complain(f"What there was to say could not be written: {gone.strerror}.")
    lost()
    return status


def _carry_out(options: argparse.Namespace) -> int:
    from tui.engine.run_directory import RunError

    try:
        if options.command == "train":
            return _train(options)
        if options.command == "serve":
            return _serve(options)
        if options.command == "errors":
            return _errors(options)
        if options.command == "fork":
            return _fork(options)
        if options.command == "lr-find":
            return _find_rate(options)
        return _manage(options) if options.command in _MANAGING else _open(options)
    except (HyperparameterError, RunError, UsageError) as error:
        complain(str(error))
        return USAGE
    except KeyboardInterrupt:
        # Before a run has begun to listen for it: while modules are imported, mostly.
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
