"""The Backprop screen on a real run: what it shows is what nn computes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from error_runs import finished_run
from pilots import SIZES, QuietSession, backprop_room, burst, opened, text, toasts, wait_for

from tui.engine.hidden import trainer_of
from tui.engine.taken_apart import Parts
from tui.widgets.matrix_grid import MatrixGrid, number


@pytest.mark.parametrize("size", SIZES)
async def test_every_step_shows_the_numbers_of_nn(
    runs: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished_run(runs)
    parameters = trainer_of(run).network.parameters.tobytes()
    async with opened(runs, size, attach=run) as (app, pilot):
        await wait_for(pilot, lambda: app.session.state and not app.session.live)
        await pilot.press("6")
        room = backprop_room(app)
        await wait_for(pilot, lambda: room.page)
        assert room.page.lesson.before.parameters.tobytes() == parameters
        for place, step in enumerate(room.page.steps):
            await wait_for(pilot, lambda p=place: f"Step {p + 1} of" in text(app))
            shown = text(app)
            i, j = room.cell
            made = step.matrices[0]
            assert f"[{number(made.numbers[i, j])}]" in shown, step.title
            parts: Parts = made.parts(i, j)
            assert f"{parts.name} = {made.numbers[i, j]:.7g}" in shown
            assert step.title in shown
            # The terms that are told, their rest and the rounding make the number.
            column = re.findall(r"^[ │]+(-?[\d.]+(?:e[-+]\d+)?)  \S", shown, re.MULTILINE)
            if parts.n_terms > 1 and not parts.workings:
                total = sum(float(found) for found in column[-len(column) :][-40:])
                assert total != 0 or parts.number == 0
            await pilot.press("space")
        assert room.number == len(room.page.steps) - 1
        # A key draws one picture, though the room binds the cell it is told of to the grid again.
        grid, before, made = room.query_one(MatrixGrid), room.cell, []
        monkeypatch.setattr(grid, "picture_begun", lambda: made.append(grid.cell))
        await pilot.press("left" if before[1] else "right")
        await wait_for(pilot, lambda: room.cell != before)
        assert made == [room.cell]
        await wait_for(pilot, lambda: not grid._dirty_regions, "painted, and nothing kept of it")


async def test_digits_batches_rates_and_what_is_no_gradient(runs: Path) -> None:
    run = finished_run(runs)
    async with opened(runs, (120, 40), attach=run) as (app, pilot):
        await wait_for(pilot, lambda: app.session.state and not app.session.live)
        await pilot.press("6")
        room = backprop_room(app)
        await wait_for(pilot, lambda: room.page)
        await pilot.press("c")
        await wait_for(pilot, lambda: any("is no gradient" in told for told in toasts(app)))
        await pilot.press("i", *"27", "enter")
        await wait_for(pilot, lambda: room.page.digits.indices.tolist() == [27])
        assert not room.editing
        await pilot.press("i", *"999", "enter")
        await wait_for(pilot, lambda: any("from 0 to 359" in told for told in toasts(app)))
        await pilot.press("i", "escape", "m", "n", "n", "p")
        await wait_for(pilot, lambda: room.page.digits.indices.tolist() == [31, 32, 33, 34])
        await wait_for(pilot, lambda: "digit 34" in text(app))
        await pilot.press("b", "a", "a", "z")
        await wait_for(pilot, lambda: room.page.applied == 1 and "✓ fell" in text(app))
        assert "+ 1 applied" in text(app)
        await pilot.press("u")
        # A parameter that moves, and not one of a pixel that is always blank.
        before, after = room.step.matrices[1], room.step.matrices[0]
        assert after.numbers[room.cell] != before.numbers[room.cell]
        await pilot.press("b")
        assert room.step.phase == "backward"
        await pilot.press("home")
        row = room.cell[0]
        burst(app, "right", "right", "right", "c")
        await wait_for(pilot, lambda: "✓ they agree" in text(app))
        assert room.cell == (row, 3)
        assert room.opinion.trained == room.matrix.numbers[row, 3]
        await pilot.press("left")
        await wait_for(pilot, lambda: "they agree" not in text(app))
        await pilot.press("G", "escape")
        await wait_for(pilot, lambda: not room.progress)
        await pilot.press("G")
        await wait_for(pilot, lambda: "✓ passed" in text(app))
        # Coming back, the lesson is where it was.
        await pilot.press("1", "6")
        await wait_for(pilot, lambda: room.is_current)
        assert room.page.applied == 1


async def test_without_a_run_it_says_how_to_get_one() -> None:
    async with opened(QuietSession()) as (app, pilot):
        await pilot.press("6")
        await wait_for(pilot, lambda: "There is no run to learn from" in text(app))
        await pilot.press(*"flbuvcazGnpiwmrtsed", "space", "backspace", "plus", "right", "escape")
        await wait_for(pilot, lambda: backprop_room(app).is_current)
