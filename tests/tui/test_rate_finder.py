"""The learning-rate finder: in a process of its own, cancelled by a key, its end in the field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pilots import BareApp, QuietSession, field, lines, opened, text, wait_for
from textual.pilot import Pilot

from nn.hyperparameters import Hyperparameters
from nn.presets import resolve
from nn.range_test import HIGH, LOW, RangePoint
from tui.app import InklingApp
from tui.cli import main
from tui.engine.facts import Failed
from tui.engine.rate_finder import RateFound, RateRequest, find_rate, rates_elsewhere
from tui.screens import rate_finder
from tui.screens.rate_finder import RateFinder
from tui.widgets.rate_curve import RateCurve, sensible

DIGITS = RateRequest(hyperparameters=resolve("first-light", {"optimizer": "adam"}))


async def test_another_process_finds_what_this_one_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("queue", "numpy", "nn"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('led astray')")
    here = list(find_rate(DIGITS))
    there = [word async for word in rates_elsewhere(DIGITS)]
    assert isinstance(there[-1], RateFound)
    assert there[-1] == here[-1]
    assert sum(isinstance(word, RangePoint) for word in there) > 50


async def test_what_goes_wrong_there_is_a_sentence_here() -> None:
    bad = Hyperparameters(batch_size=5000)
    request = RateRequest(hyperparameters=bad)
    (last,) = [word async for word in rates_elsewhere(request) if isinstance(word, Failed)]
    assert "Batch size must be at most" in last.sentence
    nowhere = RateRequest(hyperparameters=Hyperparameters(), checkpoint="/nowhere.npz")
    assert isinstance(list(find_rate(nowhere))[-1], Failed)


async def opened_finder(app: InklingApp, pilot: Pilot[Any]) -> RateFinder:
    await pilot.press("L")
    await wait_for(pilot, lambda: isinstance(app.screen, RateFinder))
    assert isinstance(app.screen, RateFinder)
    return app.screen


async def test_enter_puts_the_suggestion_into_the_field() -> None:
    async with opened(QuietSession(), (80, 24)) as (app, pilot):
        finder = await opened_finder(app, pilot)
        await wait_for(pilot, lambda: finder.over, "the end of the test")
        assert finder.found is not None
        await wait_for(pilot, lambda: "Suggested: " in text(app))
        assert len(finder.query_one(RateCurve).points) > 50
        await wait_for(pilot, lambda: "enter takes it" in text(app))
        row, line = next((y, row) for y, row in enumerate(lines(app)) if "enter takes it" in row)
        assert app.screen.get_style_at(line.index("enter"), row).meta == {"@click": "screen.take"}
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.screen is app.train)
        assert field(app, "learning_rate").parse() == finder.found
        assert app.train.shown_pane == "form"
        await wait_for(pilot, lambda: app.focused in field(app, "learning_rate").query("Input"))


async def test_escape_ends_the_process_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []

    async def endless(_: RateRequest) -> Any:
        try:
            for step in range(1, 10**9):
                yield RangePoint(step, 300, 0.001, 2.3, 2.3)
                await rate_finder.asyncio.sleep(0.01)
        finally:
            ended.append(True)

    monkeypatch.setattr(rate_finder, "rates_elsewhere", endless)
    async with opened(QuietSession()) as (app, pilot):
        before = field(app, "learning_rate").text
        finder = await opened_finder(app, pilot)
        await pilot.press("enter")  # Nothing is found yet.
        await wait_for(pilot, lambda: len(finder.query_one(RateCurve).points) > 3)
        assert not ended
        await pilot.press("escape")
        await wait_for(pilot, lambda: ended and app.screen is app.train)
        assert field(app, "learning_rate").text == before

        # However long a sentence is, what to do stands at its end.
        ends = [RateFound(None), Failed(f"No{', no' * 80}: thither.", "")]

        async def nothing(_: RateRequest) -> Any:
            yield ends.pop()

        monkeypatch.setattr(rate_finder, "rates_elsewhere", nothing)
        while ends:
            await opened_finder(app, pilot)
            await wait_for(pilot, lambda: "esc leaves" in text(app), "nothing is left to end")
            await wait_for(pilot, lambda: {"suggested.", "thither."} & {*text(app).split()})
            await pilot.press("escape")
            await wait_for(pilot, lambda: app.screen is app.train)


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_curve_and_the_mark_are_drawn(ascii_only: bool) -> None:

    points = tuple(
        RangePoint(i + 1, 60, LOW * (HIGH / LOW) ** (i / 59), 2.3 - i / 40, 2.3 - i / 40)
        for i in range(60)
    )

    class Alone(BareApp):
        def compose(self) -> Any:
            yield RateCurve(LOW, HIGH)

    app = Alone()
    async with app.run_test(size=(60, 16)) as pilot:
        curve = app.query_one(RateCurve)
        curve.ascii_only, curve.points, curve.suggested = ascii_only, points, 0.012
        await wait_for(pilot, lambda: "0.012" in text(app))
        shown = text(app)
        assert shown.isascii() == ascii_only
        assert sum(shown.count(mark) for mark in ("*" if ascii_only else "▀▄█")) > 30
        assert "0.0001" in shown
        for size in ((1, 1), (17, 4), (200, 60)):
            await pilot.resize_terminal(*size)
            await pilot.pause()


def test_the_axis_is_for_the_fall_and_not_for_the_end() -> None:
    losses = [2.3, 2.2, 0.5, 9.0, 90.0]
    points = [RangePoint(i, 5, 0.1, loss, loss) for i, loss in enumerate(losses)]
    assert sensible(points) == (0.5, pytest.approx(2.53))


def test_from_the_shell(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INKLING_RUNS", str(runs))
    assert main(["lr-find", "--optimizer", "adam", "--json"]) == 0
    words = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {word["event"] for word in words[:-1]} == {"range_point"}
    assert words[-1]["event"] == "rate_found"
    assert main(["train", "--epochs", "1"]) == 0
    capsys.readouterr()
    assert main(["lr-find", "--run", "latest"]) == 0
    assert "suggested: --learning-rate 0." in capsys.readouterr().out
    assert main(["lr-find", "--run", "latest", "--epochs", "3"]) == 2
    assert "not both" in capsys.readouterr().err
    assert main(["lr-find", "--batch-size", "5000"]) == 2
    assert "Batch size must be at most" in capsys.readouterr().err
