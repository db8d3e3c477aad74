"""The network as a picture: figures of every layer, and a digit that flows through.

What is compact at 80 columns grows with the room there is: longer histograms, more figures, a strip
of the digit's values under every layer, at last the digit itself and what comes out of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from textual.binding import Binding, BindingType
from textual.reactive import reactive

from nn.analysis.layer_statistics import LayerPortrait, Portrait, Summary
from tui.engine.scene import Scene
from tui.widgets.characters import cells, shorten
from tui.widgets.detail_parts import draw_image, draw_probabilities
from tui.widgets.scene_picture import (
    BAR,
    PLAIN,
    QUIET,
    WRONG,
    ScenePicture,
    as_of,
    count,
    figure,
    verdict,
)
from tui.widgets.signed import in_a_strip
from tui.widgets.strips import Canvas
from tui.widgets.walked_grid import window

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII_BLOCKS = " .:-=+*#%@"

HEADER = 2
LEAST_BELOW = 7
"""Lines below the layers from which on the digit and its probabilities are drawn there."""
MOST_BELOW = 15
TALLEST_STRIP = 3


@dataclass(frozen=True)
class Column:
    """A column of the table: what stands in it for a layer, at the right unless it is a picture."""

    title: str
    width: int
    text: Callable[[LayerPortrait], str]
    style: int = PLAIN


class LayersView(ScenePicture):
    """Up and down scroll, where there are more layers than lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("home", "scroll(-100)", show=False),
        Binding("end", "scroll(100)", show=False),
    ]

    place: reactive[int] = reactive(0, repaint=False)
    """The layer that is kept in sight."""

    def __init__(self) -> None:
        super().__init__()
        self._top = 0

    def watch_place(self) -> None:
        self.request_picture(at_once=True)

    def action_scroll(self, layers: int) -> None:
        if self.scene is not None and self.scene.portrait is not None:
            last = len(self.scene.portrait.layers) - 1
            self.place = min(max(self.place + layers, 0), last)

    def draw(self, canvas: Canvas, scene: Scene) -> str:
        portrait, flow = scene.portrait, scene.flow
        if portrait is None or flow is None or scene.split is None:
            return scene.busy or "Measuring the layers"
        ellipsis = self.pen.ellipsis
        true, guess, words = verdict(scene, flow)
        x = canvas.put(0, 0, words, PLAIN if true == guess else WRONG) + 2
        room = canvas.width - x
        facts, of_what = f"{as_of(scene)}  {totals(portrait)}", f" on {portrait.n} training digits"
        if cells(facts) + len(of_what) <= room:
            facts += of_what
        canvas.put(x, 0, shorten(facts, room, ellipsis), QUIET)

        total, room = len(portrait.layers), canvas.height - HEADER
        tall = min(max((room - total) // total, 0), TALLEST_STRIP)
        if tall > 1 and room - total * (1 + tall) < LEAST_BELOW:
            tall = max(1, min(tall, (room - total - LEAST_BELOW) // total))
        fit = max(room // (1 + tall), 1)
        self._top = window(self._top, fit, min(self.place, total - 1), total)
        y = self._draw_rows(canvas, portrait, flow.values, self._top, fit, tall)
        if self._top + fit < total or self._top:
            dash = "-" if self.ascii_only else "–"
            shown = f"layers {self._top}{dash}{min(self._top + fit, total) - 1} of {total - 1}"
            canvas.put(canvas.width - len(shown) - 1, 0, f" {shown}", PLAIN)
        if canvas.height - y >= LEAST_BELOW:
            s, room = scene.split, min(canvas.height - y - 1, MOST_BELOW)
            image = np.asarray(s.test_images[flow.digit]).reshape(s.image_shape)
            wide, _ = draw_image(
                canvas, y + 1, image, s.pixel_max, (canvas.width // 3, room), self.pen
            )
            sheet = Canvas(min(canvas.width - wide - 3, 50), room, int(canvas.styles[0, -1]))
            names = s.class_names
            draw_probabilities(sheet, 0, 0, room, flow.probabilities, names, true, guess, self.pen)
            canvas.blit(wide + 3, y + 1, sheet.codes, sheet.styles)
        return ""

    def _draw_rows(
        self,
        canvas: Canvas,
        portrait: Portrait,
        values: tuple[NDArray[np.float32], ...],
        top: int,
        fit: int,
        tall: int,
    ) -> int:
        """The table from layer `top` on, `tall` lines of a digit's values below each; returns the
        line below."""
        columns = self._columns(canvas.width)
        x = 0
        for column in columns:
            title = column.title
            canvas.put(
                x, 1, title if column.style == BAR or not x else f"{title:>{column.width}}", QUIET
            )
            x += column.width + 1
        y = HEADER
        for number in range(top, min(top + fit, len(portrait.layers))):
            layer, x = portrait.layers[number], 0
            for column in columns:
                text = column.text(layer)
                style = column.style
                if column.title == "dead" and layer.dead is not None and layer.dead.any():
                    style = WRONG
                left = column.style == BAR or not x
                canvas.put(x, y, text if left else f"{text:>{column.width}}", style)
                x += column.width + 1
            y += 1
            if tall:
                strip = in_a_strip(values[number], canvas.width - 2, tall)
                most = float(np.abs(np.nan_to_num(strip)).max(initial=0)) or 1.0
                self.draw_signed(canvas, 2, y, strip / most)
                y += tall
        return y

    def _columns(self, width: int) -> list[Column]:
        """What there is room for, from the left."""
        bars = 24 if width >= 172 else 12 if width >= 104 else 6
        name = 14 if width < 104 else 18
        columns = [
            Column(
                "layer",
                name,
                lambda layer: shorten(self._kind_and_shape(layer), name, self.pen.ellipsis),
            ),
            Column("params", 7, lambda layer: count(layer.n_parameters) if layer.weights else ""),
            Column("mean", 8, lambda layer: figure(layer.values.mean)),
            Column("std", 7, lambda layer: figure(layer.values.std)),
            Column("values"[:bars], bars, lambda layer: self._bars(layer.values, bars), BAR),
            Column("dead", 5 if bars < 12 else 11, lambda layer: dead(layer, bars >= 12)),
            Column("W"[:bars], bars, lambda layer: self._bars(layer.weights, bars), BAR),
            Column("dL/dW", bars, lambda layer: self._bars(layer.gradients, bars), BAR),
            Column("step/W", 7, lambda layer: figure(layer.update_ratio)),
        ]
        if width >= 132:
            columns.insert(6, Column("std W", 7, lambda layer: _std(layer.weights)))
            columns.insert(8, Column("std dL/dW", 9, lambda layer: _std(layer.gradients)))
        return columns

    def _kind_and_shape(self, layer: LayerPortrait) -> str:
        inside = "| " if self.ascii_only else "│ "
        times = "x" if self.ascii_only else "×"
        shape = f"{layer.n_outputs}"
        if layer.kind == "Dense" or (layer.kind == "Skip" and layer.weights is not None):
            shape = f"{layer.n_inputs}{times}{layer.n_outputs}"
        return f"{inside * layer.depth}{layer.kind} {shape}"

    def _bars(self, summary: Summary | None, width: int) -> str:
        """A histogram as so many characters, the fullest part the tallest."""
        if summary is None or not summary.counts.any():
            return ""
        counts = summary.counts.reshape(width, -1).sum(axis=1)
        blocks = ASCII_BLOCKS if self.ascii_only else BLOCKS
        heights = np.ceil(counts / counts.max() * (len(blocks) - 1)).astype(int)
        return "".join(blocks[height] for height in heights)


def totals(portrait: Portrait) -> str:
    """The whole in a few words."""
    parameters = sum(layer.n_parameters for layer in portrait.layers)
    return f"{parameters:,} parameters, loss {portrait.loss:.4f}"


def dead(layer: LayerPortrait, long: bool) -> str:
    """12%, or 15 of 128."""
    if layer.dead is None:
        return ""
    number = int(layer.dead.sum())
    return f"{number} of {len(layer.dead)}" if long else f"{number / len(layer.dead):.0%}"


def _std(summary: Summary | None) -> str:
    return figure(summary.std) if summary is not None else ""
