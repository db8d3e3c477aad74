"""The app as a person meets it: started, looked at, left; the terminal as it was before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nn.events import RunFinished
from tui.engine.facts import Paused, Stopped

Open = Callable[..., Any]
Newest = Callable[[], Any]
Wait = Callable[..., None]

ESC, DOWN, ENTER = "\x1b", "\x1b[B", "\r"

SIZES = pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (200, 60)])

ENDLESS = ("--epochs", "100000", "--pace", "500")
SLOWLY = (*ENDLESS[:3], "50")
"""About a line of the log a second, so that its first lines are still in sight."""


@SIZES
def test_it_starts_and_leaves_the_terminal_as_it_was(
    columns: int, rows: int, open_app: Open, runs: Path
) -> None:
    app = open_app(columns=columns, rows=rows)
    app.expect("ready", "space", "Quit")
    app.press("q")
    assert app.wait() == 0
    assert app.restored()
    assert not runs.exists(), "a look at it leaves nothing behind"


@SIZES
def test_space_starts_a_run_that_can_be_watched(
    columns: int, rows: int, open_app: Open, newest: Newest
) -> None:
    app = open_app(*SLOWLY, columns=columns, rows=rows)
    app.press(" ")
    app.expect("training", "epoch", "train 0.", "test 0.")
    if columns < 100:
        app.press("g")
    app.expect("samples/s", "digits to learn", "0.05")
    run = newest()
    assert run.live
    app.press(" ")
    app.expect("paused")
    held = run.steps
    assert isinstance(run.last_fact, Paused)
    app.press("s")
    app.until(lambda: isinstance(run.last_fact, Paused) and run.steps == held + 1, "one step")
    app.press("e")
    app.until(lambda: isinstance(run.last_fact, Paused) and run.steps % 45 == 0, "an epoch")
    app.press(" ")
    app.expect("training")
    app.press("S")
    app.expect("stopped")
    assert isinstance(run.last_fact, Stopped)
    app.press("q")
    assert app.wait() == 0, "nothing is live, so nothing is asked"
    assert app.restored()


def test_a_run_to_its_end_in_the_app(open_app: Open, newest: Newest) -> None:
    app = open_app("--epochs", "4", "--pace", "0")
    app.press(" ")
    app.expect("finished", "epoch 4/4")
    app.until(lambda: app.shows("finished: 4 epochs"), "the log's last line")
    assert isinstance(newest().last_fact, RunFinished)
    app.press(" ")
    app.until(lambda: app.shows("finished: 4 epochs"), "a second run")


def test_leaving_asks_and_one_may_stay(open_app: Open, newest: Newest) -> None:
    app = open_app(*ENDLESS, columns=80, rows=24)
    app.press(" ")
    app.expect("training", "train 0.")
    app.press("q")
    app.expect("A run is live", "Leave it running", "Stop", "Stay")
    app.press(ESC)
    app.until(lambda: not app.shows("A run is live"), "the question is gone")
    app.expect("training")
    assert newest().live
    app.press("q")
    app.expect("A run is live")
    app.press(DOWN, DOWN, ENTER)
    app.until(lambda: not app.shows("A run is live"), "the question is gone again")
    assert app.process.poll() is None


def test_leaving_it_running(open_app: Open, newest: Newest, wait_for: Wait) -> None:
    app = open_app("--epochs", "200", "--pace", "400")
    app.press(" ")
    app.expect("training", "train 0.")
    app.press("q")
    app.expect("A run is live")
    run = newest()
    app.press(ENTER)
    assert app.wait() == 0
    assert app.restored()
    assert run.directory.name.encode() in app.raw[-300:], "the shell is told where the run is"
    run.hurry()
    wait_for(lambda: isinstance(run.last_fact, RunFinished), "the worker finishes")
    wait_for(lambda: not run.live, "and goes")


def test_stopping_it_on_the_way_out(open_app: Open, newest: Newest, wait_for: Wait) -> None:
    app = open_app(*ENDLESS)
    app.press(" ")
    app.expect("training", "train 0.")
    run = newest()
    app.press("q")
    app.expect("A run is live")
    app.press(DOWN, ENTER)
    assert app.wait() == 0
    assert app.restored()
    wait_for(lambda: not run.live, "the worker has gone")
    assert isinstance(run.last_fact, Stopped)


def test_a_pause_may_come_before_there_is_a_worker_to_hear_it(
    open_app: Open, newest: Newest
) -> None:
    app = open_app(*ENDLESS)
    app.expect("ready")
    app.press(" ")
    app.until(lambda: not app.shows("ready"), "the press was heard")
    app.press(" ")
    app.expect("paused")
    run = newest()
    assert run.live
    app.press(" ")
    app.expect("training", "train 0.")
    assert not app.shows("has ended")


def test_a_run_can_be_left_and_come_back_to(open_app: Open, newest: Newest) -> None:
    first = open_app(*ENDLESS)
    first.press(" ")
    first.expect("training", "train 0.")
    first.press("q")
    first.expect("A run is live")
    first.press(ENTER)
    assert first.wait() == 0
    second = open_app("attach", "latest", columns=80, rows=24)
    second.expect("training", "train 0.")
    second.press(" ")
    second.expect("paused")
    assert isinstance(newest().last_fact, Paused)
    second.press("S")
    second.expect("stopped")
    third = open_app("attach", newest().directory.name[:15])
    third.expect("stopped", "train 0.", "epoch")
    third.press("q")
    assert third.wait() == 0


def test_a_finished_run_is_shown(open_app: Open, newest: Newest) -> None:
    app = open_app("--epochs", "3", "--pace", "0")
    app.press(" ")
    app.expect("finished")
    app.press("q")
    app.wait()
    run = newest().directory
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    again = open_app("attach", "latest", columns=80, rows=24)
    again.expect("finished", "epoch 3/3", "train 0.", "wrong")
    again.press("q")
    assert again.wait() == 0
    assert again.restored()
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


def test_data_that_are_missing_are_a_sentence_in_the_app(
    open_app: Open, runs: Path, tmp_path: Path
) -> None:
    app = open_app("--dataset", "mnist", "--data-dir", str(tmp_path / "gone"))
    app.press(" ")
    app.expect("failed", "not a folder")
    app.until(lambda: list(runs.iterdir()) == [], "nothing is left behind")
    app.press("q")
    assert app.wait() == 0
    assert app.restored()


def test_runs_that_cannot_be_kept_are_a_sentence_in_the_app(open_app: Open) -> None:
    app = open_app("--runs-dir", "/dev/null/\x1b[2Jruns")
    app.press(" ")
    app.expect("Runs cannot be kept")
    assert b"\x1b[2Jruns" not in app.raw
    app.press("q")
    assert app.wait() == 0


def test_an_ascii_terminal_gets_ascii(open_app: Open) -> None:
    app = open_app("--ascii", *ENDLESS, columns=80, rows=24)
    app.press(" ")
    app.expect("training", "wrong")
    status = app.text.splitlines()[0]
    assert status.isascii(), status
    app.press("S")
    app.expect("stopped")


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"columns": 20, "rows": 5}, "20 columns and 5 rows"),
        ({"columns": 59, "rows": 40}, "59 columns"),
        ({"columns": 80, "rows": 15}, "15 rows"),
        ({"TERM": "dumb"}, "TERM='dumb'"),
        ({"TERM": ""}, "TERM=''"),
        ({"TERM": "\x1b[31mx"}, ""),
    ],
)
def test_a_terminal_that_will_not_do(
    how: dict[str, Any], says: str, open_app: Open, runs: Path
) -> None:
    app = open_app(painted=False, **({"columns": 80, "rows": 24} | how))
    if not says:
        # An unknown terminal is taken for one like the others; it must only not be echoed.
        app.expect("Loss")
        app.press("q")
        app.wait()
        return
    assert app.wait() == 2
    words = app.raw.decode()
    assert says in words
    assert words.startswith("inkling: ")
    assert words.count("\n") == 1
    assert "\x1b" not in words
    assert not runs.exists()
