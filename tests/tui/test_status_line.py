"""The line that says where the run stands fits, at every size and in every phase."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest
from pilots import SIZES, QuietSession, lines, opened, toast, toasts, wait_for
from run_states import PHASES, of_phase, trained
from textual.geometry import Region

from tui.app import InklingApp
from tui.engine.run_status import RunStatus
from tui.widgets.status_line import StatusLine

WORDS = {
    "idle": "ready",
    "preparing": "loading",
    "running": "training",
    **{name: name for name in ("paused", "finished", "stopped", "diverged", "failed", "died")},
}

MARKS = {
    "idle": "○o",
    "preparing": "◌~",
    "running": "▶>",
    "paused": "‖=",
    "finished": "✓+",
    "stopped": "■#",
    "diverged": "✗x",
    "failed": "✗x",
    "died": "✗x",
}


def line(app: InklingApp) -> str:
    region = app.train.query_one(StatusLine).region
    assert region == Region(0, 0, app.size.width, 1)
    return lines(app)[0]


@pytest.mark.parametrize(
    ("size", "ascii_only"), [((80, 24), False), ((120, 40), True), ((200, 60), False)]
)
async def test_every_phase_has_its_word_and_a_mark_of_its_own(
    size: tuple[int, int], ascii_only: bool
) -> None:
    async with opened(QuietSession(), size, ascii_only=ascii_only) as (app, pilot):
        for phase in ("idle", *PHASES):
            app.train.status = RunStatus() if phase == "idle" else of_phase(phase).status
            start = f" {MARKS[phase][ascii_only]} {WORDS[phase]}  "
            await wait_for(pilot, lambda s=start: line(app).startswith(s), start)
            assert line(app).isascii() >= ascii_only
            # Whatever comes after the words ends before the edge, or says that it was cut.
            assert line(app).endswith(" ")
            assert len(line(app)) == size[0]


@pytest.mark.parametrize("size", SIZES)
async def test_a_live_run_says_how_far_and_how_well(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await wait_for(pilot, lambda: "epoch 13/60" in line(app))
        for fact in ("test 93.52%", "left", "step 559/2,700"):
            assert fact in line(app)
        # How fast it could go is no news of a run that is held to a pace, as this one is.
        assert "samples/s" not in line(app)
        app.train.status = replace(of_phase("running").status, samples_per_second=132_000.0)
        await wait_for(pilot, lambda: ("132k samples/s" in line(app)) == (size[0] > 80))
        assert "█" in line(app)


async def test_a_finished_run_says_how_well_and_not_how_long() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("finished"))
        await wait_for(pilot, lambda: "epoch 60/60" in line(app))
        assert "test 97.22%" in line(app)
        assert "left" not in line(app)


LONG_SENTENCE = "Fetching a-file-with-a-name-that-" + "goes-on-" * 40 + "and-ends.gz"


@pytest.mark.parametrize("size", SIZES)
async def test_a_sentence_too_long_is_cut_with_a_sign(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        app.train.status = RunStatus("preparing", sentence=LONG_SENTENCE)
        await wait_for(pilot, lambda: "Fetching" in line(app))
        assert line(app).rstrip().endswith("…")
        assert len(line(app)) == size[0]
        assert "Fetching" not in lines(app)[1]


async def test_bad_news_that_does_not_fit_is_said_again_where_it_does() -> None:
    async with opened(QuietSession(), (60, 16)) as (app, pilot):
        app.train.show_state(of_phase("diverged"))
        sentence = app.train.in_keys(app.train.status.sentence)
        await wait_for(pilot, lambda: toasts(app) == [sentence])
        await wait_for(pilot, lambda: toast(app) == sentence)
    async with opened(QuietSession(), (200, 60)) as (app, pilot):
        app.train.show_state(of_phase("diverged"))
        await wait_for(pilot, lambda: sentence in line(app))
        assert toasts(app) == []


HOSTILE = ["[red]x[/red]", "[/foo]", "a\x1b[31mb\x9b2J\x07", "[@click=app.quit]x[/]", "\\[b"]


async def test_words_from_outside_are_words() -> None:
    async with opened(QuietSession()) as (app, pilot):
        for words in HOSTILE:
            app.train.status = RunStatus("died", run_name=words, sentence=words)
            visible = "".join(c if c.isprintable() else "·" for c in words)
            await wait_for(pilot, lambda v=visible: v in line(app), visible)
            assert all(row.isprintable() for row in lines(app))


async def test_only_the_cells_that_changed_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(QuietSession()) as (app, pilot):
        status = trained(12).status
        app.train.status = status
        await wait_for(pilot, lambda: "step 559" in line(app))
        sent: list[tuple[Region, ...]] = []
        widget = app.train.query_one(StatusLine)
        monkeypatch.setattr(widget, "refresh", lambda *regions, **_: sent.append(regions))
        app.train.status = dataclasses.replace(status, step=560)
        await wait_for(pilot, lambda: sent)
        assert sum(region.area for regions in sent for region in regions) <= 8
        assert all(sent)
