"""Test digits as points: each is its own class's first letter, with a cursor that shows the digit.

Letters say what a digit is, so colours need not; a digit that is taken for another stands out by a
style of its own. Where several digits share a cell, the cell is the one's nearest to its middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from nn.data import Split
from tui.engine.scene import DigitMap, Scene
from tui.widgets.characters import cells, shorten
from tui.widgets.detail_parts import draw_image, draw_probabilities
from tui.widgets.scene_picture import (
    BEHIND,
    GROUND,
    HERE,
    PLAIN,
    QUIET,
    WRONG,
    ScenePicture,
    verdict,
)
from tui.widgets.strips import Canvas

COLOURS: Final = (
    "#87afff", "#ffaf5f", "#87d787", "#ff87af", "#d7d75f",
    "#5fd7d7", "#af87ff", "#d7875f", "#afafaf", "#5faf87",
)  # fmt: skip
"""Of the classes, in turn, on dark ground."""

DARK_COLOURS: Final = (
    "#005faf", "#af5f00", "#008700", "#af005f", "#5f5f00",
    "#005f5f", "#5f00af", "#870000", "#5f5f5f", "#005f00",
)  # fmt: skip
"""The same on light ground."""

BESIDE = 30
"""Cells for the digit at the cursor."""
BESIDE_FROM = 76

MARGIN = 0.02
"""The share of a map's width that is left free on every side."""


class MapView(ScenePicture):
    """Arrows go to the next digit in their direction."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "walk(-1, 0)", show=False),
        Binding("right", "walk(1, 0)", show=False),
        Binding("up", "walk(0, -1)", show=False),
        Binding("down", "walk(0, 1)", show=False),
    ]

    other: reactive[DigitMap | None] = reactive(None, repaint=False)
    """A map to be shown in place of the scene's."""

    digit: reactive[int | None] = reactive(None, repaint=False)
    """Where the cursor is; by default at the scene's digit, which may be found out only later."""

    words: reactive[str] = reactive("", repaint=False)
    """What is being done about it."""

    @dataclass
    class Moved(Message):
        """Another digit is to be looked at."""

        digit: int

    def __init__(self) -> None:
        super().__init__()
        self._drawn: tuple[DigitMap, int, int] | None = None
        self._cells: NDArray[np.intp] = np.empty((0, 2), np.intp)
        self._on_top: dict[tuple[int, int], int] = {}
        self._seen: NDArray[np.float64] = np.empty((0, 2))
        self._letters = Canvas(0, 0)

    def watch_other(self) -> None:
        self.request_picture(at_once=True)

    def watch_digit(self, old: int | None, new: int | None) -> None:
        # The screen, once told, binds the same digit to it once more.
        if new != old:
            self.request_picture(at_once=True)

    def watch_words(self) -> None:
        self.request_picture(at_once=True)

    @property
    def chart(self) -> DigitMap | None:
        """The map that is shown."""
        return self.other or (self.scene.chart if self.scene is not None else None)

    def own_styles(self) -> tuple[Style, ...]:
        wrong = self.get_component_rich_style("scene-picture--wrong") + Style(underline=True)
        light = self.background_colors[1].brightness > 0.5
        colours = DARK_COLOURS if light else COLOURS
        return (wrong, *(self.rich_style + Style(color=colour) for colour in colours))

    def action_walk(self, right: int, down: int) -> None:
        """To the nearest cell with a digit in it that lies that way."""
        chart = self.chart
        if chart is None or not self._on_top or self.scene is None:
            return
        place = chart.place_of(self._cursor(self.scene))
        # A cell is twice as high as it is wide.
        here = self._cells[place] if place is not None else self._cells.mean(axis=0)
        across, along = (self._seen - here).T * ((1,), (2,))
        ahead = across * right + along * down
        aside = np.abs(across * down) + np.abs(along * right)
        cost = np.where(ahead > 0, ahead + 2 * aside, np.inf)
        if np.isfinite(cost).any():
            x, y = self._seen[int(cost.argmin())].tolist()
            self._go((int(x), int(y)))

    def on_click(self, event: events.Click) -> None:
        self._go((event.x, event.y - 1))

    def _go(self, cell: tuple[int, int]) -> None:
        chart = self.chart
        if chart is not None and cell in self._on_top:
            # At once: the next key may be here before the message is there.
            self.digit = int(chart.indices[self._on_top[cell]])
            self.post_message(self.Moved(self.digit))

    def _cursor(self, scene: Scene) -> int:
        return scene.wish.digit if self.digit is None else self.digit

    def draw(self, canvas: Canvas, scene: Scene) -> str:
        chart, s = self.chart, scene.split
        if chart is None or s is None:
            return scene.busy or "Drawing the map"
        beside = canvas.width >= BESIDE_FROM
        width = canvas.width - (BESIDE + 2) * beside
        height = canvas.height - 1 - (not beside)
        if width < 4 or height < 2:
            return "Too small for a map: make this pane larger."
        self._lay_out(chart, s, width, height)
        words = f"{self.words}  " * bool(self.words) + self._words(chart)
        canvas.put(0, 0, shorten(words, canvas.width, self.pen.ellipsis), QUIET)
        canvas.blit(0, 1, self._letters.codes, self._letters.styles)
        here = chart.place_of(self._cursor(scene))
        if here is not None:
            x, y = self._cells[here].tolist()
            letter = self._letter(s.class_names[int(s.test_labels[chart.indices[here]])])
            canvas.put(x, y + 1, letter, HERE)
            canvas.put(x - 1, y + 1, "[", HERE, width=1)
            canvas.put(x + 1, y + 1, "]", HERE, width=1)
        left, top = (width + 2, 1) if beside else (0, canvas.height - 1)
        sheet = Canvas(canvas.width - left, canvas.height - top, GROUND)
        self._draw_digit(sheet, scene, chart.place_of(scene.wish.digit) is not None)
        canvas.blit(left, top, sheet.codes, sheet.styles)
        return ""

    def _words(self, chart: DigitMap) -> str:
        digits = f"{len(chart.indices):,} test digits, epoch {chart.epoch}"
        if chart.explained is None:
            return f"t-SNE of {digits}, from {chart.n_units} dimensions"
        first, second = chart.explained
        return (
            f"PCA of {digits}, {first:.1%} across + {second:.1%} up of {chart.n_units} dimensions"
        )

    def _letter(self, name: str) -> str:
        first = name[:1]
        return first if first.isprintable() and cells(first) == 1 else "?"

    def _lay_out(self, chart: DigitMap, s: Split, width: int, height: int) -> None:
        """Which cell each digit is in, which digit of each cell is seen, and as what."""
        wanted = chart, width, height
        if self._drawn == wanted:
            return
        self._drawn = wanted
        low, high = chart.points.min(axis=0), chart.points.max(axis=0)
        reach = np.maximum(high - low, 1e-9)
        share = (chart.points - low) / reach * (1 - 2 * MARGIN) + MARGIN
        # Up is up: the second axis grows against the lines.
        exact = np.stack((share[:, 0] * width, (1 - share[:, 1]) * height), axis=1)
        self._cells = np.minimum(exact.astype(np.intp), (width - 1, height - 1))
        off_middle = np.abs(exact - self._cells - 0.5).max(axis=1)
        self._on_top = {}
        for place in np.argsort(-off_middle, kind="stable").tolist():
            x, y = self._cells[place].tolist()
            self._on_top[x, y] = place
        self._seen = np.array(list(self._on_top), np.float64)
        self._letters = Canvas(width, height, GROUND)
        labels = s.test_labels[chart.indices]
        for (x, y), place in self._on_top.items():
            label = int(labels[place])
            wrong = chart.guesses[place] != label
            style = BEHIND if wrong else BEHIND + 1 + label % len(COLOURS)
            self._letters.put(x, y, self._letter(s.class_names[label]), style)

    def _draw_digit(self, sheet: Canvas, scene: Scene, there: bool) -> None:
        """The digit at the cursor, as far as there is room."""
        flow, s = scene.flow, scene.split
        if flow is None or s is None:
            return
        true, guess, words = verdict(scene, flow)
        words = words if there else f"{words} (not on this map)"
        style = PLAIN if true == guess else WRONG
        if sheet.height < 3:
            sheet.put(0, 0, shorten(words, sheet.width, self.pen.ellipsis), style)
            return
        name, *said = words.split(": ", 1)
        sheet.put(0, 0, shorten(name, sheet.width, self.pen.ellipsis), style)
        sheet.put(0, 1, shorten("".join(said), sheet.width, self.pen.ellipsis), style)
        image = np.asarray(s.test_images[flow.digit]).reshape(s.image_shape)
        room = sheet.width, max(min(sheet.height - 3, 15), 1)
        _, y = draw_image(sheet, 3, image, s.pixel_max, room, self.pen)
        rows = sheet.height - y - 1
        if rows >= 3:
            draw_probabilities(
                sheet, 0, y + 1, rows, flow.probabilities, s.class_names, true, guess, self.pen
            )
