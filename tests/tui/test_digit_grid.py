"""The digit grid shows the digits, guesses and confidences it was given, where it is seen."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest
from pilots import BareApp, wait_for
from textual.app import ComposeResult
from textual.geometry import Region
from textual.screen import Screen

from tui.engine.predictions import Predictions
from tui.widgets.characters import cells
from tui.widgets.digit_grid import DigitGrid


def make(
    count: int = 40,
    wrong: tuple[int, ...] = (1, 7),
    shape: tuple[int, int] = (8, 8),
    names: tuple[str, ...] = tuple("0123456789"),
    epoch: int = 3,
    seed: int = 0,
) -> Predictions:
    """A test set in which exactly the digits at `wrong` are wrong."""
    rng = np.random.default_rng(seed)
    classes = len(names)
    labels = (np.arange(count) % classes).astype(np.uint8)
    said = labels.astype(np.int64).copy()
    said[list(wrong)] = (said[list(wrong)] + 1) % classes
    probabilities = rng.random((count, classes)).astype(np.float32) * 0.2
    probabilities[np.arange(count), said] = 0.5 + 0.49 * rng.random(count).astype(np.float32)
    images = rng.integers(0, 17, (count, *shape)).astype(np.uint8)
    return Predictions(epoch, images, 16, labels, probabilities, names)


class RecordingGrid(DigitGrid):
    """Remembers what it asked to have repainted."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.repainted: list[tuple[Region, ...]] = []

    def refresh(self, *regions: Region, **options: Any) -> Any:
        if options.get("repaint", True):
            self.repainted.append(regions)
        return super().refresh(*regions, **options)


class GridApp(BareApp):
    """A grid and nothing else."""

    def __init__(self, predictions: Predictions | None = None, max_rate: float = 1000) -> None:
        super().__init__()
        self.grid = RecordingGrid(max_rate=max_rate)
        self.grid.set_reactive(DigitGrid.predictions, predictions)

    def compose(self) -> ComposeResult:
        yield self.grid


def text_of(app: GridApp) -> str:
    """What the grid really paints."""
    return "\n".join(app.grid.render_line(y).text for y in range(app.grid.size.height))


def expected_caption(predictions: Predictions, index: int) -> str:
    """A caption recomputed from the raw probabilities."""
    row = predictions.probabilities[index]
    said, sure = int(row.argmax()), math.floor(100 * float(row.max()))
    true = int(predictions.labels[index])
    return f"✓ {said} {sure}%" if said == true else f"✗ {said}≠{true} {sure}%"


async def test_every_digit_on_the_page_has_its_numbers() -> None:
    predictions = make()
    app = GridApp(predictions)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        text = text_of(app)
        shown = app.grid.shown_indices.tolist()
        assert shown == list(range(len(shown)))
        assert len(shown) >= 12
        for index in shown:
            assert expected_caption(predictions, index) in text
        assert f"epoch 3 · 2 wrong · 1–{len(shown)} of 40" in text


async def test_the_cells_are_the_pixels() -> None:
    images = np.zeros((1, 8, 8), np.uint8)
    images[0, 0, 0] = 16  # one full pixel in the upper left corner
    probabilities = np.array([[0.0, 1.0]], np.float32)
    app = GridApp(Predictions(1, images, 16, np.array([1], np.uint8), probabilities, ("a", "b")))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        assert app.grid.picture is not None
        line = [
            (character, segment.style)
            for segment in app.grid.render_line(1)
            for character in segment.text
        ]
        [(at, style)] = [(x, s) for x, (c, s) in enumerate(line) if c == "▀"]
        assert style is not None
        assert style.color is not None
        assert style.bgcolor is not None
        ink_brightness = sum(style.color.get_truecolor())
        assert ink_brightness > 2 * sum(style.bgcolor.get_truecolor()), "light ink on dark ground"
        assert at < 4


async def test_wrong_only_leaves_out_what_is_right() -> None:
    predictions = make(wrong=(3, 9, 27))
    app = GridApp(predictions)
    async with app.run_test(size=(60, 20)) as pilot:
        app.grid.toggle_wrong()
        await pilot.pause()
        text = text_of(app)
        assert app.grid.shown_indices.tolist() == [3, 9, 27]
        assert text.count("✗") == 3
        assert "✓" not in text
        assert "wrong only · 1–3 of 3" in text
        app.grid.action_toggle_wrong()
        await pilot.pause()
        assert "✓" in text_of(app)


async def test_pages_turn_at_once_and_stop_at_both_ends() -> None:
    predictions = make(100)
    app = GridApp(predictions, max_rate=0.1)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        app.grid.focus()
        size, pages = len(app.grid.shown_indices), app.grid.page_count
        seen: list[int] = []
        for _ in range(pages + 2):
            seen += [i for i in app.grid.shown_indices.tolist() if i not in seen]
            for index in app.grid.shown_indices:
                assert expected_caption(predictions, int(index)) in text_of(app)
            await pilot.press("pagedown")
        assert seen == list(range(100))
        assert app.grid.page == pages - 1 == 99 // size
        await pilot.press("home")
        app.grid.previous_page()
        await pilot.pause()
        assert app.grid.page == 0
        await pilot.press("end")
        assert app.grid.page == pages - 1


async def test_the_page_stays_within_what_there_is() -> None:
    app = GridApp(make(100))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("tab")
        app.grid.action_last_page()
        await pilot.pause()
        app.grid.predictions = make(8, epoch=4)
        await wait_for(pilot, lambda: "1–8 of 8" in text_of(app))
        assert app.grid.page == 0


async def test_ascii_only_means_ascii_only() -> None:
    app = GridApp(make(names=("T-shirt/top", "Ankle boot")))
    async with app.run_test(size=(60, 20)) as pilot:
        app.grid.ascii_only = True
        await pilot.pause()
        text = text_of(app)
        assert text.isascii()
        assert "!=" in text
        assert "= T-shirt" in text
        assert any(character in text for character in "#%@")


async def test_each_reason_for_an_empty_pane_is_a_sentence() -> None:
    app = GridApp()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert "as soon as training starts" in text_of(app)
        app.grid.predictions = make(wrong=())
        await wait_for(pilot, lambda: "0 wrong" in text_of(app))
        app.grid.wrong_only = True
        await wait_for(pilot, lambda: "not one test digit is wrong" in text_of(app))
        app.grid.predictions = make(0, wrong=())
        await wait_for(pilot, lambda: "The test set is empty." in text_of(app))
        app.grid.predictions = make(shape=(28, 28))
        app.grid.wrong_only = False
        await pilot.resize_terminal(40, 4)
        await wait_for(pilot, lambda: "Too small" in text_of(app))


async def test_unchanged_predictions_repaint_nothing() -> None:
    app = GridApp(make(seed=1))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause(0.05)
        builds = app.grid.builds
        app.grid.repainted.clear()
        app.grid.request_picture(at_once=True)
        await pilot.pause()
        assert app.grid.builds == builds
        app.grid.predictions = make(seed=1)
        await wait_for(pilot, lambda: app.grid.builds == builds + 1)
        assert app.grid.repainted == []


async def test_a_new_guess_repaints_one_caption_and_the_header() -> None:
    app = GridApp(make())
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause(0.05)
        app.grid.repainted.clear()
        builds = app.grid.builds
        app.grid.predictions = make(wrong=(1, 7, 2))
        await wait_for(pilot, lambda: app.grid.builds > builds)
        regions = [region for regions in app.grid.repainted for region in regions]
        assert all(app.grid.repainted)
        assert 0 < sum(region.area for region in regions) < 40


async def test_new_predictions_are_painted_twice_a_second_at_most() -> None:
    app = GridApp(make(), max_rate=2)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        begun = time.monotonic()
        for epoch in range(60):
            app.grid.predictions = make(epoch=epoch, seed=epoch)
            await pilot.pause(0.01)
        assert app.grid.builds <= 2 * (time.monotonic() - begun) + 2
        await wait_for(pilot, lambda: "epoch 59" in text_of(app))


@pytest.mark.parametrize("how", ["display", "visible", "screen"])
async def test_hidden_it_draws_nothing_and_then_catches_up(how: str) -> None:
    app = GridApp(make())
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause(0.05)
        if how == "screen":
            await app.push_screen(Screen())
        else:
            setattr(app.grid, how, False)
        await pilot.pause()
        builds = app.grid.builds
        app.grid.predictions = make(epoch=8)
        app.grid.wrong_only = True
        await pilot.pause(0.05)
        assert app.grid.builds == builds
        if how == "screen":
            app.pop_screen()
        else:
            setattr(app.grid, how, True)
        await wait_for(pilot, lambda: "epoch 8 · wrong only" in text_of(app))


async def test_every_size_survives() -> None:
    app = GridApp(make(shape=(28, 28)))
    async with app.run_test(size=(1, 1)) as pilot:
        for size in [(1, 1), (2, 30), (300, 1), (13, 9), (14, 9), (40, 10), (400, 120), (60, 20)]:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.02)
            text = text_of(app)
            assert {cells(line) for line in text.splitlines()} == {size[0]}
        assert "✓" in text


async def test_a_theme_changes_the_colours_and_nothing_else() -> None:
    app = GridApp(make())
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        text = text_of(app)
        for theme in ("textual-light", "ansi-dark", "dracula"):
            assert app.grid.picture is not None
            palette = app.grid.picture.palette
            app.theme = theme
            await wait_for(pilot, lambda p=palette: app.grid.picture.palette != p)
            assert text_of(app) == text


async def test_names_from_outside_are_only_names() -> None:
    app = GridApp(make(names=("\x1b[31mred", "[b]bold[/foo]")))
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.pause()
        assert "\x1b" not in text_of(app)
        assert "[b]bold[/foo]" in text_of(app)
