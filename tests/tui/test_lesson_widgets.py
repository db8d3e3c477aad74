"""What a lesson is shown with: a matrix in its window, lines of words, a row of digits."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from pilots import BareApp, wait_for
from textual import on
from textual.app import ComposeResult
from textual.pilot import Pilot

from nn.activations import ACTIVATIONS
from nn.lesson import Lesson
from nn.network import Network
from nn.optimizers import OPTIMIZERS
from tui.engine.classroom import Digits, Page, Wish
from tui.engine.lesson_step import Matrix
from tui.engine.lesson_steps import steps_of
from tui.widgets import lesson_words
from tui.widgets.digit_row import DigitRow
from tui.widgets.matrix_grid import MatrixGrid, number
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.words import Line, Words, broken, line


class Alone(BareApp):
    """A widget and nothing else."""

    def __init__(self, widget: PictureWidget) -> None:
        super().__init__()
        self.widget = widget
        self.walked: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield self.widget

    @on(MatrixGrid.Walked)
    def _walked(self, event: MatrixGrid.Walked) -> None:
        self.walked.append(event.by.cell)


@asynccontextmanager
async def alone(
    widget: PictureWidget, size: tuple[int, int]
) -> AsyncIterator[tuple[Alone, Pilot[None]]]:
    app = Alone(widget)
    async with app.run_test(size=size) as pilot:
        await wait_for(pilot, lambda: widget.picture)
        yield app, pilot


def rows(widget: PictureWidget) -> list[str]:
    assert widget.picture is not None
    return widget.picture.text.splitlines()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (-0.0, "0"), (1, "1.0000"), (-0.12345, "-0.1235"), (-99.9999, "-99.9999"),
        (-99.99999, "-100.0"), (784, "784"), (1234.56, "1234.6"), (-9999.94, "-9999.9"),
        (-99999.4, "-1.0e+05"), (99999, "99999"), (123456, "1.2e+05"),
        (1.2e-5, "1.2e-05"), (-1e-38, "-1.0e-38"), (float("nan"), "nan"), (float("-inf"), "-inf"),
    ],
)  # fmt: skip
def test_a_number_has_room_for_itself_and_brackets(value: float, text: str) -> None:
    assert number(value) == text
    assert len(text) <= 8


async def test_walk_a_matrix() -> None:
    grid = MatrixGrid()
    numbers = np.arange(40 * 30, dtype=np.float32).reshape(40, 30) - 600
    grid.matrix = Matrix("W1", numbers, axes=("input", "unit"))
    async with alone(grid, (46, 10)) as (app, pilot):
        grid.focus()
        assert rows(grid)[0].split() == ["0", "1", "2", "3"]
        assert rows(grid)[1].split() == ["0", "[-600]", "-599", "-598", "-597"]
        assert rows(grid)[-1].rstrip() == "W1 (40, 30): input 0, unit 0"
        await pilot.press("up", "left")
        assert app.walked == []
        await pilot.press("down", "right", "end", "pagedown")
        assert app.walked == [(1, 0), (1, 1), (1, 29), (9, 29)]
        await wait_for(pilot, lambda: rows(grid)[-1].rstrip() == "W1 (40, 30): input 9, unit 29")
        assert "[-301]" in grid.picture.text
        assert rows(grid)[0].split() == ["26", "27", "28", "29"]
        await pilot.click(grid, (10, 1))
        top = int(rows(grid)[1].split()[0])
        assert app.walked[-1] == (top, 26)
        # Every number in the window is the matrix's own.
        for row in rows(grid)[1:9]:
            name, *shown = row.replace("[", " ").replace("]", " ").split()
            assert shown == [number(value) for value in numbers[int(name), 26:30]]


async def test_a_single_row_is_folded_and_nothing_is_a_sentence() -> None:
    grid = MatrixGrid()
    grid.sentence = "There is nothing yet."
    async with alone(grid, (46, 10)) as (app, pilot):
        assert "There is nothing yet." in grid.picture.text
        grid.focus()
        await pilot.press("down", "end")
        assert app.walked == []
        grid.matrix = Matrix("b1", np.linspace(-1, 1, 9)[None], axes=("", "unit"))
        await wait_for(pilot, lambda: "b1 (1, 9): unit 0" in grid.picture.text)
        assert [row.split()[0] for row in rows(grid)[1:4]] == ["0", "4", "8"]
        await pilot.press("down", "right", "down", "down")
        assert app.walked == [(0, 4), (0, 5), (0, 8)]
        assert "[1.0000]" in grid.picture.text


async def test_words_are_wrapped_cut_and_said_in_ascii() -> None:
    words = Words()
    words.lines = (line("one two three four", "strong", 2), Line((("5 × 7 ✓", "good"),)))
    async with alone(words, (10, 5)) as (_, pilot):
        assert [row.rstrip() for row in rows(words)[:4]] == [
            "one two", "  three", "  four", "5 × 7 ✓",
        ]  # fmt: skip
        words.ascii_only = True
        await wait_for(pilot, lambda: "5 * 7 +" in words.picture.text)
        words.lines = tuple(line(str(k)) for k in range(20))
        words.seen = 12
        await wait_for(pilot, lambda: "12" in words.picture.text)
        assert rows(words)[-1].endswith("~")
        words.seen = 19
        await wait_for(pilot, lambda: "19" in words.picture.text)
        assert not rows(words)[-1].endswith("~")


def a_page(n: int = 2, activation: str = "relu", optimizer: str = "adam", **extras: Any) -> Page:
    """A lesson of a network that never learnt anything."""
    rng = np.random.default_rng(1)
    network = Network.build([16, 8, 8, 4], activation, rng, **extras)
    network.set_dropout(0.3 if extras else 0)
    pixels = rng.integers(0, 17, (n, 16), dtype=np.uint8)
    x, labels = pixels.astype(np.float32) * np.float32(1 / 16), rng.integers(0, 4, n)
    how = OPTIMIZERS[optimizer](network.parameters)
    lesson = Lesson(network, how, x, labels, learning_rate=0.01, clip_norm=0.01, smoothing=0.1)
    digits = Digits(pixels.reshape(n, 4, 4), labels, np.arange(n) + 7, 16, ("a", "b", "c", "d"))
    return Page(lesson, steps_of(lesson, pixels, 16), digits, Wish(), 9, 1, 2, over=False)


async def test_the_digits_of_a_lesson_and_what_becomes_of_them() -> None:
    page = a_page()
    row = DigitRow()
    row.digits = lesson_words.captioned(page)
    async with alone(row, (60, 12)) as (_, pilot):
        said, after = page.lesson.said, page.lesson.said_after
        for k, label in enumerate(page.digits.labels.tolist()):
            name, taken = "abcd"[label], "abcd"[int(said[k].argmax())]
            verdict = f"✓ {name}" if name == taken else f"✗ {taken}≠{name}"
            assert f"{verdict} {said[k].max():.0%}" in row.picture.text
            assert f"digit {k + 7}" in row.picture.text
            assert f"P({name}) {said[k, label]:.4f}" in row.picture.text
            assert f"after {after[k, label]:.4f}" in row.picture.text
        # Where the words would be cut, the digits stand below each other.
        await pilot.resize_terminal(20, 30)
        await wait_for(pilot, lambda: f"{after[1, page.digits.labels[1]]:.4f}" in row.picture.text)
        assert row.picture.text.count("after ") == row.picture.text.count("digit ") == 2
        assert "…" not in row.picture.text
        row.ascii_only = True
        await wait_for(pilot, lambda: row.picture.text.isascii())
        row.digits = None
        await wait_for(pilot, lambda: not row.picture.text.strip())


def test_of_which_parameters_a_lesson_is() -> None:
    page = a_page()
    assert len(lesson_words.head(page, 0)) == 3
    average = dataclasses.replace(page, judged_by="average")
    best = dataclasses.replace(page, judged_by="best", best_epoch=4)
    for other, words in ((average, "take their average (EMA)"), (best, "the best, of epoch 4")):
        told = lesson_words.head(other, 0)[3].spans[0][0]
        assert words in told
        assert len(told) <= 78


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_is_explained_fits_its_pane(activation: str) -> None:
    """That is, what `backprop.tcss` leaves of it: (columns, rows) at 80x24, 120x40 and 200x60."""
    rng = np.random.default_rng(2)
    everything = {"normalization": "batch_norm", "skip": "residual", "dropout_rng": rng}
    optimizers = OPTIMIZERS if activation == "gelu" else ("sgd",)
    for optimizer in optimizers:
        for step in a_page(1, activation, optimizer, **everything).steps:
            for width, height in ((78, 16), (54, 8), (74, 12)):
                told = lesson_words.explained(step)
                assert sum(len(broken(each, width)) for each in told) <= height, (step.title, width)
                assert any("in nn/" in text for each in told for text, _ in each.spans)
