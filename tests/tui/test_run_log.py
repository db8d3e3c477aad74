"""The log holds the facts in order, follows its end, and can be read, selected and saved."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest
from pilots import QuietSession, lines, log_lines, opened, text, toasts, wait_for, wait_for_phase
from run_states import (
    CHANGED,
    STARTED,
    STOPPED,
    epoch_done,
    made,
    of_phase,
    steps_of,
    trained,
)
from textual.geometry import Offset
from textual.selection import Selection

from nn.presets import resolve
from tui.app import InklingApp
from tui.engine.facts import Paused, Resumed
from tui.engine.log_lines import HEADER, words
from tui.engine.run_directory import RunDirectory
from tui.engine.state import LONGEST_LOG, LogBook
from tui.widgets.log_rows import folded
from tui.widgets.run_log import RunLog

HELD = (Paused(559, "pts/7"), Resumed(559, "", "step"), Paused(560, ""), STOPPED)


def log(app: InklingApp) -> RunLog:
    return app.train.query_one(RunLog)


def in_sight(app: InklingApp) -> list[str]:
    """The rows of the log that are on the screen."""
    area = log(app).region
    return [row[area.x : area.right].rstrip(" ▐") for row in lines(app)[area.y : area.bottom]]


def book(*rows: str, total: int | None = None) -> LogBook:
    return LogBook(deque(rows, maxlen=LONGEST_LOG), len(rows) if total is None else total)


def growing(app: InklingApp, kept: LogBook, *rows: str) -> LogBook:
    """The book with more rows in it, on the screen."""
    kept.lines.extend(rows)
    app.train.book = LogBook(kept.lines, kept.total + len(rows))
    return app.train.book


def numbered(start: int, stop: int) -> list[str]:
    return [f"line {number}" for number in range(start, stop)]


async def test_there_is_a_line_for_every_epoch_with_its_numbers() -> None:
    async with opened(QuietSession(), (200, 60)) as (app, pilot):
        app.train.show_state(trained(12, CHANGED, *HELD))
        await wait_for(pilot, lambda: "stopped after epoch 12" in text(app))
        rows = in_sight(app)
        assert rows[0].split(maxsplit=1)[1] == words(STARTED)
        for epoch in range(1, 13):
            fact = epoch_done(epoch)
            assert rows[epoch].split()[1:] == [
                str(epoch),
                f"{fact.train_loss:.4f}",
                f"{fact.test_loss:.4f}",
                f"{fact.test_accuracy:.2%}",
                "0.05",
                "0.012",
                f"{fact.samples_per_second:,.0f}",
            ]
        after = [row.split(maxsplit=1)[1] for row in rows[13:17]]
        assert after == [
            "learning rate 0.05 -> 0.02 at step 400",
            "paused after step 559, by pts/7",
            "paused after step 560",
            "stopped after epoch 12, step 559, by pts/7",
        ]
        assert HEADER in text(app)
        # The columns stand under their heads.
        end = rows[5].index("samples/s") if "samples/s" in rows[5] else len(rows[5])
        assert end == len(HEADER)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_whole_line_of_an_epoch_fits(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        app.train.show_state(trained(12, steps=0))
        await pilot.press("g")
        await wait_for(pilot, lambda: log_lines(app)[-1] in in_sight(app))


async def test_it_follows_its_end_until_one_scrolls_up_and_again_at_the_end() -> None:
    async with opened(QuietSession()) as (app, pilot):
        await pilot.press("g")
        kept = book(*numbered(0, 100))
        app.train.book = kept
        await wait_for(pilot, lambda: in_sight(app)[-1] == "line 99")
        kept = growing(app, kept, *numbered(100, 105))
        await wait_for(pilot, lambda: in_sight(app)[-1] == "line 104")
        await pilot.press("up", "up", "pageup")
        await wait_for(pilot, lambda: "line 104" not in in_sight(app))
        read = in_sight(app)
        kept = growing(app, kept, *numbered(105, 300))
        await wait_for(pilot, lambda: log_lines(app)[-1] == "line 299")
        await pilot.pause(0.8)  # Longer than the log waits before it draws again.
        assert in_sight(app) == read
        await pilot.press("end")
        await wait_for(pilot, lambda: in_sight(app)[-1] == "line 299")
        growing(app, kept, "line 300")
        await wait_for(pilot, lambda: in_sight(app)[-1] == "line 300")
        await pilot.press("home")
        await wait_for(pilot, lambda: in_sight(app)[0] == "line 0")


async def test_hidden_and_shown_again_it_is_at_its_end() -> None:
    async with opened(QuietSession(), (80, 24)) as (app, pilot):
        kept = book(*numbered(0, 100))
        app.train.book = kept
        await pilot.press("g")
        await wait_for(pilot, lambda: in_sight(app)[-1] == "line 99")
        await pilot.press("d")
        await wait_for(pilot, lambda: not log(app).is_seen)
        growing(app, kept, *numbered(100, 250))
        await pilot.pause()
        await pilot.press("g")
        await wait_for(pilot, lambda: in_sight(app)[-1] == "line 249")


async def test_a_new_size_folds_it_anew_and_keeps_in_sight_what_was() -> None:
    said = " ".join(f"word{number}" for number in range(30))
    async with opened(QuietSession()) as (app, pilot):
        kept = book(f"12:00:00 {said}", *numbered(0, 100), f"12:00:01 {said}, {said}")
        app.train.book = kept
        for width, height in ((80, 24), (200, 60)):
            await pilot.resize_terminal(width, height)
            await pilot.press("g", "end")
            await wait_for(pilot, lambda: in_sight(app)[-1:] and "word29" in in_sight(app)[-1])
            rows = in_sight(app)
            first = rows.index("line 99") + 1
            assert rows[first].startswith("12:00:01 word0 ")
            assert all(row.startswith(" " * 9 + "word") for row in rows[first + 1 :])
            assert " ".join(" ".join(rows[first:]).split()) == f"12:00:01 {said}, {said}"
        # Whoever reads goes on at the same line, whatever is folded and comes meanwhile.
        await pilot.press(*["pageup"] * 3)
        await wait_for(pilot, lambda: "line 99" not in in_sight(app))
        read = in_sight(app)[-1]
        growing(app, kept, *numbered(100, 150))
        await pilot.resize_terminal(120, 40)
        await wait_for(pilot, lambda: in_sight(app)[-1] == read)


def test_columns_are_not_folded() -> None:
    assert folded(HEADER, 20) == [HEADER]
    row = "12:00:00     1   0.3000   0.4000   90.00%  0.05    1.00           1"
    assert folded(row, 20) == [row]
    assert folded("12:00:00 one two", 14) == ["12:00:00 one", "         two"]
    assert folded(" " * 9 + "one two", 14) == [" " * 9 + "one", " " * 9 + "two"]
    assert folded("one two three", 8) == ["one two", "three"]


async def test_the_wheel_scrolls_it() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.book = book(*numbered(0, 100))
        await wait_for(pilot, lambda: in_sight(app)[-1] == "line 99")
        await pilot._post_mouse_events([_wheel_up()], widget=RunLog)
        await wait_for(pilot, lambda: in_sight(app)[-1] == "line 96")


def _wheel_up() -> type:
    from textual.events import MouseScrollUp

    return MouseScrollUp


async def test_it_keeps_no_more_than_it_says() -> None:
    state = made(STARTED)
    for number in range(LONGEST_LOG + 200):
        state.say(f"line {number}")
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(state)
        await wait_for(pilot, lambda: in_sight(app)[-1] == f"line {LONGEST_LOG + 199}")
        assert len(log_lines(app)) == LONGEST_LOG
        assert state.book.total == LONGEST_LOG + 201
        state.say("and one")
        app.train.show_state(state)
        await wait_for(pilot, lambda: in_sight(app)[-1] == "and one")
        assert len(log_lines(app)) == LONGEST_LOG


async def test_another_run_begins_another_log() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("finished"))
        await wait_for(pilot, lambda: "finished: 60 epochs" in text(app))
        app.train.show_state(made(STARTED, steps_of(1)))
        await wait_for(pilot, lambda: "finished: 60 epochs" not in text(app))
        assert in_sight(app)[0].endswith(words(STARTED))
        assert not any(in_sight(app)[1:])


async def test_what_is_selected_is_text() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.book = book("first line", "second line", "third line")
        await wait_for(pilot, lambda: "third line" in text(app))
        app.screen.selections = {log(app): Selection(Offset(6, 0), Offset(6, 1))}
        await pilot.pause()
        assert app.screen.get_selected_text() == "line\nsecond"


async def test_the_mouse_selects() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.book = book(*numbered(0, 100))
        await wait_for(pilot, lambda: in_sight(app)[-1] == "line 99")
        first = in_sight(app)[2]
        await pilot.mouse_down(RunLog, offset=(0, 2))
        await pilot.hover(RunLog, offset=(4, 3))
        await pilot.mouse_up(RunLog, offset=(4, 3))
        await wait_for(pilot, lambda: app.screen.get_selected_text())
        selected = app.screen.get_selected_text()
        assert selected is not None
        assert selected.splitlines()[0] == first
        assert selected.splitlines()[1].startswith("line")


async def test_ctrl_s_writes_it_down(runs: Path) -> None:
    short = resolve("first-light", {"epochs": 2, "pace": 0})
    async with opened(runs, initial=short) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "finished")
        await pilot.press("ctrl+s")
        await wait_for(pilot, lambda: toasts(app))
        run = app.session.run
        assert isinstance(run, RunDirectory)
        written = (run.path / "log.txt").read_text("utf-8").splitlines()
        assert written == [HEADER, *log_lines(app)]
        assert toasts(app) == [f"Saved as {run.path / 'log.txt'}"]
        (run.path / "log.txt").unlink()
        (run.path / "log.txt").mkdir()
        await pilot.press("ctrl+s")
        await wait_for(pilot, lambda: len(toasts(app)) == 2)
        assert "cannot be written" in toasts(app)[1]


HOSTILE = ["[red]x[/red]", "[/foo]", "[@click=app.quit]x[/]", "\\[b", "a\x1b[31mb\x9b2J\x07c\td"]


async def test_nothing_in_it_is_markup_or_a_command() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.book = book(*HOSTILE, "after")
        await wait_for(pilot, lambda: "after" in in_sight(app))
        for given, row in zip(HOSTILE, in_sight(app), strict=False):
            kept = "".join(c for c in given if c.isprintable())
            shown = "".join(c for c in row if c not in "·?")
            assert shown.replace(" ", "") == kept.replace(" ", "")
        assert all(row.isprintable() for row in lines(app))
