"""What a network, a window manager and an impatient administrator do to an app."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import textual

from nn.events import RunFinished
from tui.engine.facts import Stopped
from tui.exit_codes import FAILED
from tui.leaving import LEFT

Open = Callable[..., Any]
Newest = Callable[[], Any]
Wait = Callable[..., None]
Rest = Callable[[], None]

ENDLESS = ("--epochs", "100000", "--pace", "500")


def training(open_app: Open, *options: str, **how: Any) -> Any:
    app = open_app(*(options or ENDLESS), **how)
    app.press(" ")
    app.expect("training", "train 0.")
    return app


def test_a_terminated_app_restores_the_terminal_and_leaves_the_run(
    open_app: Open, newest: Newest, wait_for: Wait, come_to_rest: Rest
) -> None:
    app = training(open_app)
    run = newest()
    app.process.send_signal(signal.SIGTERM)
    app.wait()
    assert app.restored()
    steps = run.steps
    wait_for(lambda: run.steps > steps, "it trains on")
    assert run.live
    come_to_rest()


def test_a_killed_app_leaves_the_run(
    open_app: Open, newest: Newest, wait_for: Wait, come_to_rest: Rest
) -> None:
    app = training(open_app)
    run = newest()
    app.process.kill()
    app.wait()
    steps = run.steps
    wait_for(lambda: run.steps > steps, "it trains on")
    come_to_rest()


@pytest.mark.parametrize("at", ["the screen", "the question", "nothing yet"])
def test_a_window_that_is_closed_takes_the_app_with_it_and_not_the_run(
    at: str, open_app: Open, newest: Newest, wait_for: Wait, runs: Path, come_to_rest: Rest
) -> None:
    if at == "nothing yet":
        app = open_app()
        app.hang_up()
        app.wait(10)
        assert not runs.exists()
        return
    app = training(open_app, "--epochs", "200", "--pace", "400")
    run = newest()
    if at == "the question":
        app.press("q")
        app.expect("A run is live")
    app.hang_up()
    app.wait(10)
    run.hurry()
    wait_for(lambda: isinstance(run.last_fact, RunFinished), "the worker finishes")
    come_to_rest()


@pytest.mark.parametrize("controlling", [True, False])
def test_a_window_that_is_closed_over_an_app_that_is_told_nothing(
    controlling: bool, open_app: Open, newest: Newest, come_to_rest: Rest
) -> None:
    """As under nohup, or in su -c: it must go all the same, and not spin."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        app = open_app(*ENDLESS, controlling=controlling)
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    app.press(" ")
    app.expect("training", "train 0.")
    app.hang_up()
    app.wait(10)
    assert newest().live
    come_to_rest()


def test_a_worker_that_is_killed_is_news_and_not_the_end(
    open_app: Open, newest: Newest, come_to_rest: Rest
) -> None:
    app = training(open_app, columns=120, rows=40)
    first = newest()
    first.signal(signal.SIGKILL)
    app.expect("died", "The worker died at epoch")
    app.press(" ")
    # The first one's words may still stand on the screen.
    app.until(lambda: newest().directory.name != first.directory.name, "a second run")
    second = newest()
    app.until(lambda: second.live, "the second run is live")
    app.expect("training", "train 0.")
    app.press("S")
    app.expect("stopped")
    app.press("q")
    assert app.wait() == 0
    assert app.restored()
    come_to_rest()


def test_a_worker_that_is_stopped_by_a_signal(
    open_app: Open, newest: Newest, come_to_rest: Rest
) -> None:
    app = training(open_app)
    run = newest()
    run.signal(signal.SIGTERM)
    app.expect("stopped", "by a signal")
    assert isinstance(run.last_fact, Stopped)
    come_to_rest()


def test_a_window_made_tiny_and_large_again(
    open_app: Open, newest: Newest, come_to_rest: Rest
) -> None:
    app = training(open_app)
    run = newest()
    for columns, rows in ((20, 5), (1, 1), (300, 100), (59, 16), (80, 24), (20, 5)):
        app.resize(columns, rows)
        steps = run.steps
        app.until(lambda before=steps: run.steps > before, "it trains on")
        assert app.process.poll() is None
    app.expect("needs", seconds=10)
    app.resize(120, 40)
    app.expect("training", "Loss", "Hyperparameters")
    app.press(" ")
    app.expect("paused")
    app.press("S")
    app.expect("stopped")
    app.press("q")
    assert app.wait() == 0
    assert app.restored()
    come_to_rest()


def test_a_storm_of_keys(open_app: Open, newest: Newest) -> None:
    """Whatever a cat on the keyboard does, q is still asked about, and answered."""
    app = training(open_app, columns=80, rows=24)
    app.press(*"dgfw", "\x1b", *"nplwws ese dgwl?", "\x1b", "\t\t\x1b", *"[]wn", "\x1b")
    app.until(lambda: newest().live, "the run is live")
    app.press("\x1b", "\x1b", "\x11")
    app.expect("A run is live")
    app.press("\x1b[B", "\r")
    assert app.wait() == 0
    assert app.restored()
    app.until(lambda: not newest().live, "the run has ended")
    assert isinstance(newest().last_fact, Stopped)


def test_a_paste_of_a_megabyte(open_app: Open) -> None:
    app = open_app()
    app.press("\x1b[200~" + "x" * 1_000_000 + "\x1b[201~")
    app.press(" ")
    app.expect("training", "train 0.")
    app.press("S")
    app.expect("stopped")


def test_two_terminals_on_one_run(open_app: Open, newest: Newest, come_to_rest: Rest) -> None:
    first = training(open_app)
    second = open_app("attach", columns=80, rows=24)
    second.expect("training")
    second.press(" ")
    first.expect("paused")
    first.press(" ")
    second.expect("training")
    second.press("q")
    second.expect("A run is live")
    second.press("\r")
    assert second.wait() == 0
    first.press("S")
    first.expect("stopped")
    assert isinstance(newest().last_fact, Stopped)
    come_to_rest()


def test_the_foreground_command_on_a_terminal(
    open_app: Open, newest: Newest, come_to_rest: Rest
) -> None:
    """`inkling train` shows its progress there, and Ctrl+C ends it in good order."""
    app = open_app("train", "--epochs", "100000", painted=False)
    app.expect("epoch", "training")
    app.press("\x03")
    assert app.wait() == 130
    assert isinstance(newest().last_fact, Stopped)
    assert app.restored()
    assert "stopped" in app.text
    assert "Traceback" not in app.text
    come_to_rest()


def test_the_foreground_command_in_a_window_that_is_closed(
    open_app: Open, newest: Newest, come_to_rest: Rest
) -> None:
    app = open_app("train", "--epochs", "100000", painted=False)
    app.expect("training")
    app.hang_up()
    app.wait(10)
    assert isinstance(newest().last_fact, Stopped)
    assert not newest().live
    come_to_rest()


def test_the_app_writes_into_no_file(tmp_path: Path, command: str) -> None:
    """With its errors in a file there is nothing to draw on."""
    main, side = os.openpty()
    try:
        with open(tmp_path / "errors", "wb") as errors:
            done = subprocess.run(
                [command], stdin=side, stdout=side, stderr=errors, timeout=30, check=False
            )
    finally:
        os.close(main)
        os.close(side)
    assert done.returncode == 2
    assert b"needs a terminal" in (tmp_path / "errors").read_bytes()


def test_ctrl_z_stops_the_app_and_only_the_app(
    open_app: Open, newest: Newest, come_to_rest: Rest
) -> None:
    app = training(open_app)
    run = newest()
    app.press("\x1a")

    def state() -> str:
        return Path(f"/proc/{app.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]

    app.until(lambda: state() == "T", "it is stopped")
    app.until(app.restored, "the terminal is the shell's again")
    steps = run.steps
    app.until(lambda: run.steps > steps + 20, "the run goes on")
    app.clear()
    app.process.send_signal(signal.SIGCONT)
    # Not only what has changed since: the shell has had the terminal.
    app.expect("Hyperparameters", "Loss", "Digits", "Log", "space Start/pause")
    come_to_rest()


AT_FAULT = """
import sys
from textual import work
from tui.app import InklingApp
from tui.cli import main

@work
async def at_fault(self, name):
    raise ValueError("[b]\\x1b[31mnobody foresaw this[/")

InklingApp.action_go = at_fault
sys.exit(main())
"""


def test_a_fault_of_our_own_is_a_sentence_and_a_file_and_the_run_trains_on(
    open_app: Open, newest: Newest, tmp_path: Path, wait_for: Wait, come_to_rest: Rest
) -> None:
    app = training(
        open_app, *ENDLESS, program=(sys.executable, "-c", AT_FAULT), XDG_STATE_HOME=str(tmp_path)
    )
    run = newest()
    app.press("2")
    assert app.wait() == FAILED
    assert app.restored()
    said = " ".join(app.text.split())
    assert "ValueError: [b]?[31mnobody foresaw this[/ (<string>, line 9)" in said
    assert LEFT in said
    assert "Traceback" not in said
    (told,) = tmp_path.glob("inkling/log/fault-*.txt")
    assert "Traceback" in told.read_text()
    assert f"textual {textual.__version__}" in told.read_text()
    steps = run.steps
    wait_for(lambda: run.steps > steps, "it trains on")
    come_to_rest()
