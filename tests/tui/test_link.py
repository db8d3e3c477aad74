"""What a slow link gets, and what it is told."""

from __future__ import annotations

import asyncio
import os
import pty
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest
from pilots import QuietSession, opened, text, wait_for, wait_for_pictures
from run_states import of_phase
from textual.drivers.headless_driver import HeadlessDriver

from tui import link as link_module
from tui.command_line import build_parser
from tui.engine.state import RunState
from tui.link import AUTO, LINKS, PROBE_PATIENCE, Meter, chosen, metered, round_trip
from tui.widgets.digit_grid import DigitGrid
from tui.widgets.digit_layout import ENOUGH, lay_out
from tui.widgets.loss_chart import LossChart
from tui.widgets.run_log import RunLog


def test_a_meter_counts_what_went_out_of_late() -> None:
    now = [100.0]
    meter = Meter(lambda: now[0])
    meter.add(1000)
    now[0] += 4
    meter.add(500)
    assert (meter.total, meter.rate) == (1500, 300.0)
    now[0] += 2
    assert meter.rate == 100.0
    now[0] += 60
    assert (meter.total, meter.rate) == (1500, 0.0)


def test_the_meter_sits_on_whatever_driver_there_is() -> None:
    meter = Meter()
    driver = metered(HeadlessDriver, meter)
    driver.write(object.__new__(driver), "✓ abc")
    assert meter.total == 7


class Terminal:
    """A pseudoterminal for standard input and output, with somebody who answers, or does not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: bytes | None, delay: float) -> None:
        self.ours, self.theirs = pty.openpty()
        side = os.fdopen(self.theirs, "r+b", buffering=0)
        monkeypatch.setattr("sys.stdin", side)
        monkeypatch.setattr("sys.stdout", side)
        self.asked = b""
        self._answer, self._delay = answer, delay
        self._gone = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        self.asked = os.read(self.ours, 64)
        self._gone.wait(self._delay)
        if self._answer is not None:
            os.write(self.ours, self._answer)


ANSWER = b"\x1b[?2026;2$y"


def test_a_terminal_that_answers_is_as_far_as_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch, ANSWER, 0.15)
    seconds = round_trip()
    assert seconds is not None
    assert seconds >= 0.15
    assert terminal.asked == b"\x1b[?2026$p"


def test_a_terminal_that_does_not_answer_is_far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "PROBE_PATIENCE", 0.05)
    Terminal(monkeypatch, None, 0)
    assert round_trip() == 0.05


def test_no_terminal_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert round_trip() is None


@pytest.mark.parametrize(
    ("ssh", "seconds", "name"),
    [
        ("", 9.0, "normal"),
        ("a b c d", 0.01, "normal"),
        ("a b c d", PROBE_PATIENCE, "slow"),
        ("a b c d", None, "normal"),
    ],
)
def test_auto_asks_where_there_is_a_link_at_all(
    monkeypatch: pytest.MonkeyPatch, ssh: str, seconds: float | None, name: str
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", ssh)
    monkeypatch.setattr(link_module, "round_trip", lambda: seconds)
    assert chosen(AUTO).name == name
    assert chosen("fast").name == "fast"


def test_the_option_offers_every_link() -> None:
    for name in (AUTO, *LINKS):
        assert build_parser().parse_args(["--link", name]).link == name
        assert build_parser().parse_args(["--link", name, "attach"]).link == name
        assert build_parser().parse_args(["attach", "--link", name]).link == name


@pytest.mark.parametrize("pane", [(120, 30), (60, 18), (38, 10), (200, 60)])
def test_small_digits_take_fewer_cells(pane: tuple[int, int]) -> None:
    large, small = lay_out(*pane, (28, 28), 10), lay_out(*pane, (28, 28), 10, small=True)
    assert small is not None
    assert small.scale >= 2
    assert small.page_size < ENOUGH + small.columns
    cells = small.page_size * small.image_width * small.image_height
    assert large is None or cells <= large.page_size * large.image_width * large.image_height


async def test_a_slow_link_gets_less_and_says_so() -> None:
    async with opened(QuietSession(), (120, 40), link=LINKS["slow"]) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await wait_for(pilot, lambda: "slow link" in text(app))
        chart, grid = app.train.query_one(LossChart), app.train.query_one(DigitGrid)
        assert chart.link is grid.link is LINKS["slow"]
        assert app.animation_level == "none"
        await pilot.press("5")
        await wait_for(pilot, lambda: app.room.NAME == "runs")
        assert app.room.link is LINKS["slow"]


async def test_what_is_sent_is_told_while_it_trains_and_then_no_more() -> None:
    async with opened(QuietSession(), (160, 40)) as (app, pilot):
        app.train.sent = 4321.0
        app.train.show_state(of_phase("running"))
        await wait_for(pilot, lambda: "4.3 KB/s sent" in text(app))
        app.train.show_state(of_phase("finished"))
        await wait_for(pilot, lambda: "KB/s" not in text(app))


class ToldSession(QuietSession):
    """Follows a run of which the test tells one state after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.told: asyncio.Queue[RunState] = asyncio.Queue()

    async def changes(self) -> AsyncIterator[RunState]:
        while True:
            self.state = await self.told.get()
            yield self.state


async def test_the_last_picture_of_a_run_that_pauses_or_ends_does_not_wait() -> None:
    session = ToldSession()
    async with opened(session, (120, 40), link=LINKS["slow"]) as (app, pilot):
        await pilot.press("space")
        panes = [app.train.query_one(pane) for pane in (LossChart, DigitGrid, RunLog)]
        for phase in ("running", "paused", "resumed", "finished"):
            session.told.put_nowait(of_phase(phase))
            flowing = phase in ("running", "resumed")
            await wait_for(pilot, lambda wanted=flowing: app.train.flowing is wanted)
            assert {pane.flowing for pane in panes} == {flowing}
            if not flowing:
                await wait_for_pictures(app, pilot)
                assert f"epoch {session.state.status.epoch}" in text(app)
        await pilot.press("5")
        await wait_for(pilot, lambda: app.room.NAME == "runs")
        assert not app.room.flowing


def test_the_shares_are_in_order() -> None:
    shares = [link.share for link in LINKS.values()]
    assert np.all(np.diff(shares) > 0)
    assert np.all(np.diff([link.budget for link in LINKS.values()]) > 0)
