"""The Look room, driven by keys alone, over runs of real digits."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import numpy as np
import pytest
from effects_look import enter, state_with_files
from error_runs import finished_run
from pilots import (
    QuietSession,
    burst,
    draw_room,
    look_room,
    opened,
    text,
    toasts,
    wait_for,
    wait_for_pictures,
)

from nn.analysis.units import count_right, without
from nn.network import Network
from tui.engine.hidden import RunNetwork
from tui.engine.reading import Subject
from tui.engine.run_directory import RunDirectory
from tui.screens.draw import explain
from tui.screens.look import LookScreen
from tui.widgets.digit_field import DigitField
from tui.widgets.explain import EXPLAIN
from tui.widgets.map_view import MapView
from tui.widgets.weights_view import WeightsView


def right_without(run: RunDirectory, off: tuple[int, ...]) -> int:
    asked = RunNetwork.of_run(run)
    s = asked.split
    network = without(asked.network, off)
    *_, tally = count_right(network, s.test_images, s.test_labels, s.pixel_max)
    return tally.right


async def test_look_inside_a_run(runs: Path) -> None:
    run = finished_run(runs)
    checkpoint = run.checkpoint.read_bytes()
    async with opened(runs, (80, 24), attach=run) as (app, pilot):
        await wait_for(pilot, lambda: app.session.state and app.session.state.predictions)
        await pilot.press("3")
        look = look_room(app)
        await wait_for(pilot, lambda: look.scene and look.scene.portrait)

        await pilot.press("n", "n", "p")
        await wait_for(pilot, lambda: look.scene.flow.digit == 1)
        given = RunNetwork.of_run(run).probabilities(1)
        await wait_for(pilot, lambda: f"{given.max():.1%} sure" in text(app))
        await pilot.press("slash", "9", "9", "9", "9", "enter")
        await wait_for(pilot, lambda: any("no 9,999" in message for message in toasts(app)))
        assert look.editing
        await pilot.press("escape", "slash", "1", "7", "enter")
        await wait_for(pilot, lambda: look.scene.flow.digit == 17)
        await wait_for(pilot, lambda: not look.query_one(DigitField).display)
        await wait_for(pilot, lambda: not look.editing)

        await pilot.press("w")
        await wait_for(pilot, lambda: look.scene.units)
        burst(app, "right", "right", "space")
        await wait_for(pilot, lambda: look.off == (2,) and look.unit == 2)
        await wait_for(pilot, lambda: look.scene.effect)
        await pilot.press("left")
        await wait_for(pilot, lambda: look.unit == 1)
        await pilot.press("space")
        await wait_for(pilot, lambda: look.off == (1, 2))
        await wait_for(pilot, lambda: look.scene.effect.off == (1, 2))
        assert look.scene.effect.after.right == right_without(run, (1, 2))
        await pilot.press("space")
        await wait_for(pilot, lambda: look.off == (2,))
        await pilot.press("u", "u")
        await wait_for(pilot, lambda: look.off == (2,))
        await wait_for(pilot, lambda: look.scene.effect.off == (2,))
        await pilot.press("u")
        await wait_for(pilot, lambda: look.scene.effect is None)
        assert look.off == ()

        await pilot.press("m")
        await wait_for(pilot, lambda: look.scene.chart)
        await wait_for_pictures(app, pilot)
        before = look.digit
        places = look.query_one(MapView)._cells
        burst(app, "left", "left", "left")
        await wait_for(pilot, lambda: places[look.digit][0] <= places[before][0] - 3)
        await wait_for(pilot, lambda: look.scene.flow.digit == look.digit)
        await pilot.press("t")
        await wait_for(pilot, lambda: look.tsne, "t-SNE", seconds=60)
        await pilot.press("escape")
        await wait_for(pilot, lambda: not look.words)
        await pilot.press("e")
        await wait_for(pilot, lambda: "columns of V" in text(app))
        await pilot.press("escape")
        await wait_for(pilot, lambda: "columns of V" not in text(app))
        assert run.checkpoint.read_bytes() == checkpoint


async def test_what_is_not_seen_is_not_looked_at() -> None:
    async with opened(QuietSession(), (200, 60)) as (app, pilot):
        look = look_room(app)
        await pilot.press("3")
        await wait_for(pilot, lambda: "There is no network" in text(app))
        await pilot.press("space", "u", "t")
        await wait_for(pilot, lambda: len(toasts(app)) == 3)
        await enter(app, pilot, state_with_files())
        await wait_for(pilot, lambda: look.scene and look.scene.chart)
        await wait_for(pilot, lambda: look.wish().views == {"layers", "weights", "map"})
        await wait_for_pictures(app, pilot)
        drawn = {view: view.picture for view in look.query("ScenePicture")}
        # Nothing has changed: nothing is looked at again, and nothing sent.
        scene = look.scene
        look.look()
        await wait_for(pilot, lambda: look._soon is None and look._asked is None)
        assert look.scene is scene
        assert {view: view.picture for view in look.query("ScenePicture")} == drawn
        await pilot.press("1")
        await wait_for(pilot, lambda: look.wish().views == frozenset())
        await pilot.press("3")
        await pilot.resize_terminal(100, 34)
        await wait_for(pilot, lambda: look.wish().views == {"map"})
        await pilot.press("w")
        await wait_for(pilot, lambda: look.wish().views == {"weights"})


async def test_the_words_fit_and_point_to_what_is_there() -> None:
    of_draw = [explain(Subject(), brief=brief) for brief in (True, False)]
    for words in (*EXPLAIN.values(), *of_draw):
        assert "nn/" in words
        for name, found in re.findall(r"(nn/\w+(?:/\w+)*)\.py: ([\w.]+(?:, [\w.]+)*)", words):
            module = importlib.import_module(name.replace("/", "."))
            for attribute in found.rstrip(".").split(", "):
                value: object = module
                for part in attribute.split("."):
                    value = getattr(value, part)
    async with opened(QuietSession(), (80, 24)) as (app, pilot):
        look = look_room(app)
        await enter(app, pilot, state_with_files())
        for key in ("l", "w", "m"):
            await pilot.press(key, "e")
            await wait_for(pilot, lambda: "In nn/analysis/" in text(app))
            assert look.query_one("Explain").max_scroll_y == 0
            await pilot.press("e")
        app.enter(draw_room(app))
        await wait_for(pilot, lambda: "They sum to 1, digit or not." in text(app))


@pytest.mark.parametrize("hidden", ["", "9,9"])
async def test_a_click_goes_there(runs: Path, hidden: str) -> None:
    run = finished_run(runs, f"hidden{hidden}", hidden, epochs=1)
    async with opened(runs, (200, 60), attach=run) as (app, pilot):
        await wait_for(pilot, lambda: app.session.state and app.session.state.predictions)
        await pilot.press("3")
        look: LookScreen = look_room(app)
        await wait_for(pilot, lambda: look.scene and look.scene.chart)
        weights, chart = look.query_one(WeightsView), look.query_one(MapView)
        await wait_for(pilot, lambda: weights._layout and chart._on_top)
        assert weights._layout is not None
        x, y = weights._layout.place(1)
        await pilot.click(weights, (x + 1, y + 1))
        await wait_for(pilot, lambda: look.unit == 1)
        (x, y), place = next(iter(chart._on_top.items()))
        await pilot.click(chart, (x, y + 1))
        await wait_for(pilot, lambda: look.digit == place)
        await pilot.press("space")
        if not hidden:
            await wait_for(
                pilot, lambda: any("no hidden layer" in message for message in toasts(app))
            )
            assert look.off == ()
        else:
            await wait_for(pilot, lambda: look.scene.effect)
            network: Network = RunNetwork.of_run(run).network
            assert look.scene.effect.probabilities == pytest.approx(
                np.asarray(
                    without(network, (1,)).predict_probabilities(
                        RunNetwork.of_run(run).ink_of_test([place])
                    )[0]
                ),
                abs=1e-5,
            )
