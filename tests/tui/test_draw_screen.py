"""The Draw screen: drawn on by mouse and by keys, read by the network of the run in sight."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from error_runs import finished_run
from PIL import Image
from pilots import LONG, burst, draw_room, opened, text, toasts, wait_for, wait_for_pictures
from textual.geometry import Region
from textual.pilot import Pilot

from nn.data.images import read_picture
from tui.app import InklingApp
from tui.engine.drawing import Drawing
from tui.engine.hidden import RunNetwork
from tui.engine.reading import Reader
from tui.engine.run_directory import RunDirectory
from tui.engine.samples import kept_samples, samples_file
from tui.screens.draw import DrawScreen
from tui.widgets.drawing_pad import RIGHT, DrawingPad
from tui.widgets.laid_over import Hint


@asynccontextmanager
async def drawing_of(
    run: RunDirectory | None, runs: Path, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[InklingApp, Pilot[str], DrawScreen, DrawingPad]]:
    """The Draw screen with its first reading, by a run's network where there is a run."""
    async with opened(runs, size, attach=run) as (app, pilot):
        if run is not None:
            await wait_for(pilot, lambda: app.session.state and app.session.state.begun)
        await pilot.press("4")
        room = draw_room(app)
        await wait_for(
            pilot,
            lambda: room.is_current and room.reading and room.reading.has_network == bool(run),
            "a reading",
        )
        yield app, pilot, room, room.query_one(DrawingPad)


def cell_of(pad: DrawingPad, x: float, y: float) -> tuple[int, int]:
    """The cell of the pad that shows a place of the sheet."""
    place = pad.placement
    assert place is not None
    return int(place.left + x * place.scale), int(place.top + y * place.scale / 2)


async def drag(pilot: Pilot[str], pad: DrawingPad, *places: tuple[float, float], button: int = 1):
    """With a button down from the first place by way of the others to the last."""
    cells = [cell_of(pad, *place) for place in places]
    await pilot.mouse_down(pad, offset=cells[0], button=button)
    for cell in cells[1:]:
        await pilot.hover(pad, offset=cell)
    await pilot.mouse_up(pad, offset=cells[-1])


@pytest.mark.parametrize("size", [(80, 24), (160, 40), (200, 60)])
async def test_by_mouse_without_a_run(runs: Path, size: tuple[int, int]) -> None:
    async with drawing_of(None, runs, size) as (app, pilot, room, pad):
        await drag(pilot, pad, (6, 8), (20, 8), (12, 24))
        ink = room.drawing.ink
        assert ink.shape == (28, 28)
        for x, y in ((7, 8), (13, 8), (19, 8), (16, 16), (13, 22)):
            assert ink[y - 1 : y + 2, x - 1 : x + 2].max() == 255, (x, y)
        assert not ink[:5].any()
        assert not ink[12:, :8].any()
        # Who draws with the mouse need not be told that one can, on top of the drawing.
        room._handle_tooltip_timer(pad)
        assert not room.query(Hint)
        await drag(pilot, pad, (4, 8), (13, 8), button=RIGHT)
        assert not room.drawing.ink[7:10, 4:11].any()
        assert room.drawing.ink[16, 14:18].any()
        await pilot.hover(pad, offset=cell_of(pad, 2, 26))
        assert not room.drawing.ink[24:, :5].any()
        await pilot.press("u")
        np.testing.assert_array_equal(room.drawing.ink, ink)
        await pilot.press("u")
        assert room.drawing.is_blank
        assert "No run yet" in text(app)


async def test_by_keys(runs: Path) -> None:
    async with drawing_of(None, runs) as (app, pilot, room, pad):
        burst(app, "right", "down", "space")
        await wait_for(pilot, lambda: room.tool.down)
        assert room.drawing.ink[15, 15] == 255
        # The pen and its stroke are one picture.
        with patch.object(pad, "make_picture") as made:
            await pilot.press("right")
        assert made.call_count == 1
        await pilot.press("left", "u")
        await pilot.press("space", "u")
        assert room.drawing.is_blank
        assert (room.tool.x, room.tool.y) == (15, 15)
        await pilot.press("space")
        dot = room.drawing.ink.copy()
        assert dot[15, 15] == 255
        await pilot.press("right", "right", "right", "down", "down", "space", "down")
        line = room.drawing.ink
        assert (line[15, 15:19] == 255).all()
        assert (line[15:18, 18] == 255).all()
        assert not line[20:].any()
        await pilot.press("b")
        assert "brush 3" in text(app)
        await pilot.press("x", *["up"] * 3, "space", "left", "left")
        assert room.drawing.ink.sum() < line.sum()
        assert "eraser down" in text(app)
        await pilot.press("u", "u")
        assert room.drawing.is_blank
        await pilot.press("escape", *["left"] * 40, *["up"] * 40)
        assert (room.tool.x, room.tool.y) == (0, 0)


async def test_the_figures_are_those_of_nn(runs: Path) -> None:
    run = finished_run(runs)
    async with drawing_of(run, runs) as (app, pilot, room, pad):
        assert room.drawing.shape == (24, 24)
        await drag(pilot, pad, (3, 3), (12, 3), (5, 14))
        network = RunNetwork.of_run(run)
        for _ in range(2):
            await wait_for(
                pilot,
                lambda: (
                    room.reading.drawn is room.drawing.ink
                    and room.reading.centring == room.centring
                ),
            )
            await wait_for_pictures(app, pilot)
            seen = room.reading.seen
            x = np.rint(seen * (16 / 255)).reshape(1, -1).astype(np.float32) / 16
            expected = network.network.predict_probabilities(x)[0]
            for k, share in enumerate(expected):
                mark = ">" if k == expected.argmax() else " "
                rows = [row for row in text(app).splitlines() if f"{mark} {k} " in row]
                assert any(row.rstrip().endswith(f" {share:.1%}") for row in rows), (k, share)
            await pilot.press("m")
        assert "not centred" not in text(app)


async def test_it_is_the_training_network_that_reads(runs: Path) -> None:
    """A drawing that nobody touches is taken for something else as the worker learns."""
    async with opened(runs, initial=LONG) as (app, pilot):
        await pilot.press("space")
        await wait_for(pilot, lambda: app.session.state and app.session.state.status.epoch)
        await pilot.press("4")
        room = draw_room(app)
        pad = room.query_one(DrawingPad)
        await wait_for(pilot, lambda: room.reading and room.reading.has_network)
        await drag(pilot, pad, (3, 3), (12, 3), (5, 14))
        drawn = room.drawing.ink
        await wait_for(pilot, lambda: room.reading.drawn is drawn)
        first = room.reading
        await wait_for(pilot, lambda: room.reading.sentence != first.sentence, "a newer network")
        assert room.reading.drawn is drawn
        assert (room.reading.probabilities != first.probabilities).any()
        # Held, there is one network to compare with: the worker's own.
        await pilot.press("1", "space", "4")
        await wait_for(pilot, lambda: room.status.phase == "paused")
        network = RunNetwork.of_run(app.session.run)
        held = f"epoch {network.epoch:,}, step {network.step:,}."
        await wait_for(pilot, lambda: held in room.reading.sentence, held)
        x = np.rint(room.reading.seen * (16 / 255)).reshape(1, -1).astype(np.float32) / 16
        expected = network.network.predict_probabilities(x)[0]
        np.testing.assert_array_equal(room.reading.probabilities, expected)
        shown = f"> {expected.argmax()} "
        await wait_for(pilot, lambda: shown in text(app) and held in " ".join(text(app).split()))


async def test_a_stroke_waits_for_nobody(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for a checkpoint that takes for ever to load, nor for the drawing before."""
    run = finished_run(runs)
    async with drawing_of(run, runs) as (_, pilot, room, pad):
        free = threading.Event()
        look, read = Reader.look, Reader.read
        monkeypatch.setattr(Reader, "look", lambda self: free.wait(20) and look(self))
        monkeypatch.setattr(
            Reader, "read", lambda self, *a, **k: (free.wait(20), read(self, *a, **k))[1]
        )
        await drag(pilot, pad, (3, 3), (12, 3))
        before = pad.picture
        await drag(pilot, pad, (12, 3), (5, 14))
        assert pad.picture is not before
        assert not room.drawing.is_blank
        assert room.reading.probabilities is None
        free.set()
        await wait_for(pilot, lambda: room.reading.drawn is room.drawing.ink)
        assert room.reading.probabilities is not None


async def test_only_what_changed_is_sent_and_nothing_out_of_sight_is_done(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished_run(runs)
    async with drawing_of(run, runs) as (app, pilot, room, pad):
        await wait_for_pictures(app, pilot)
        sent: list[Region] = []
        monkeypatch.setattr(pad, "refresh", lambda *regions, **_: sent.extend(regions))
        await pilot.press("space")
        assert 0 < sum(region.area for region in sent) < pad.size.area / 10
        monkeypatch.undo()

        def at_work() -> set[str]:
            return {w.group for w in app.workers if w.node is room and w.is_running}

        assert at_work() == {"read", "look"}
        await pilot.press("1")
        await wait_for(pilot, lambda: not at_work())
        await pilot.press("4")
        await wait_for(pilot, lambda: at_work() == {"read", "look"})
        assert not room.drawing.is_blank


async def test_keep_it_is_a_seven(runs: Path) -> None:
    run = finished_run(runs)
    async with drawing_of(run, runs) as (app, pilot, room, pad):
        await pilot.press("k")
        await wait_for(pilot, lambda: any("nothing on the sheet" in t for t in toasts(app)))
        assert not room.editing
        await drag(pilot, pad, (3, 3), (12, 3), (5, 14))
        for keys in (("7", "enter"), ("1", "2", "enter"), ("escape",)):
            await pilot.press("k", *keys)
            await wait_for(pilot, lambda: not room.editing)
        path = samples_file("digits")
        await wait_for(pilot, lambda: "digits: 1 sample kept: 1 of 7" in text(app))
        await wait_for(pilot, lambda: any("No class is called '12'" in t for t in toasts(app)))
        kept = np.load(path)
        np.testing.assert_array_equal(kept["x"], [room.reading.seen])
        assert kept_samples(path).labels.tolist() == [7]


async def test_save_clear_and_open_again(runs: Path, tmp_path: Path) -> None:
    async with drawing_of(None, runs) as (app, pilot, room, pad):
        await drag(pilot, pad, (6, 8), (20, 8), (12, 24))
        drawn = room.drawing.ink
        await pilot.press("s", "c")
        await wait_for(pilot, lambda: any("Saved as" in t for t in toasts(app)))
        assert room.drawing.is_blank
        (path,) = tmp_path.glob("inkling-*.png")
        np.testing.assert_array_equal(read_picture(path), drawn)
        await pilot.press("o", *path.name, "enter")
        await wait_for(pilot, lambda: not room.drawing.is_blank)
        np.testing.assert_array_equal(room.drawing.ink, drawn)
        large = 255 - np.asarray(drawn).repeat(9, axis=0).repeat(9, axis=1)
        Image.fromarray(large).save(tmp_path / "dark ink.png")
        await pilot.press("c", "o", *"dark", "space", *"ink.png", "enter")
        await wait_for(pilot, lambda: not room.drawing.is_blank)
        assert np.abs(room.drawing.ink.astype(int) - drawn).mean() < 12
        before = room.drawing.ink
        (tmp_path / "words.png").write_bytes(b"no picture")
        for name, sentence in (("words.png", "not a picture"), ("none.png", "No such file")):
            await pilot.press("o", *name, "enter")
            await wait_for(pilot, lambda s=sentence: any(s in t for t in toasts(app)))
        assert room.drawing.ink is before


async def test_another_set_another_sheet_and_the_drawing_stays(runs: Path) -> None:
    run = finished_run(runs)
    async with opened(runs, attach=run) as (app, pilot):
        room = draw_room(app)
        room.drawing = Drawing.blank((28, 28)).noted().stroked((5, 5), (20, 22), 1)
        await pilot.press("4")
        await wait_for(pilot, lambda: room.drawing.shape == (24, 24))
        assert not room.drawing.is_blank
        await pilot.press("u")
        assert room.drawing.is_blank
        room.show_state(None)
        await wait_for(pilot, lambda: room.drawing.shape == (28, 28))
