"""The first layer's weights as images, and what the network is without the units it has.

Gold (or + * #) is where ink speaks for a unit, blue (or - = %) where it speaks against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from tui.engine.scene import Scene, Units
from tui.widgets.characters import cells, shorten
from tui.widgets.detail_parts import fitted, pictured
from tui.widgets.digit_layout import GAP, Layout, lay_out
from tui.widgets.half_blocks import ascii_cells, half_blocks, ink
from tui.widgets.scene_picture import (
    GROUND,
    HERE,
    PLAIN,
    QUIET,
    RIGHT,
    WRONG,
    ScenePicture,
    as_of,
    figure,
    verdict,
)
from tui.widgets.signed import signed_halved
from tui.widgets.strips import Canvas

BESIDE, LEAST_BESIDE = 36, 30
"""Cells that the words about a unit want, and with how many they do where there are few."""
LINES_BELOW = 9


class WeightsView(ScenePicture):
    """Arrows go from unit to unit, page keys from page to page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", show=False),
        Binding("right", "move(1)", show=False),
        Binding("up", "move_row(-1)", show=False),
        Binding("down", "move_row(1)", show=False),
        Binding("pageup", "move_page(-1)", show=False),
        Binding("pagedown", "move_page(1)", show=False),
        Binding("home", "move(-10000)", show=False),
        Binding("end", "move(10000)", show=False),
    ]

    unit: reactive[int] = reactive(0, repaint=False)
    off: reactive[tuple[int, ...]] = reactive((), repaint=False)

    @dataclass
    class Moved(Message):
        """Another unit is to be stood at."""

        unit: int

    def __init__(self) -> None:
        super().__init__()
        self._layout: Layout | None = None
        self._page: tuple[tuple[object, ...], Canvas] | None = None

    def watch_unit(self, old: int, new: int) -> None:
        # The screen, once told, binds the same unit to it once more.
        if new != old:
            self.request_picture(at_once=True)

    def watch_off(self) -> None:
        self.request_picture(at_once=True)

    def action_move(self, units: int) -> None:
        found = self.scene.units if self.scene is not None else None
        if found is not None:
            self._go(min(max(self.unit + units, 0), len(found.weights) - 1))

    def action_move_row(self, rows: int) -> None:
        self.action_move(rows * (self._layout.columns if self._layout else 1))

    def action_move_page(self, pages: int) -> None:
        self.action_move(pages * (self._layout.page_size if self._layout else 1))

    def on_click(self, event: events.Click) -> None:
        layout, found = self._layout, self.scene.units if self.scene is not None else None
        if layout is None or found is None:
            return
        first = self.unit - self.unit % layout.page_size
        for number in range(min(layout.page_size, len(found.weights) - first)):
            x, y = layout.place(number)
            across = x <= event.x < x + layout.box_width
            if across and y <= event.y <= y + layout.image_height:
                self._go(first + number)

    def _go(self, unit: int) -> None:
        # At once: the next key may be here before the message is there.
        self.unit = unit
        self.post_message(self.Moved(unit))

    def draw(self, canvas: Canvas, scene: Scene) -> str:
        units, s = scene.units, scene.split
        if units is None or s is None:
            return scene.busy or "Looking at the units"
        beside = canvas.width >= 2 * BESIDE
        words = BESIDE if canvas.width >= 3 * BESIDE else LEAST_BESIDE
        width = canvas.width - words - 2 if beside else canvas.width
        height = canvas.height if beside else canvas.height - LINES_BELOW
        layout = self._layout = lay_out(width, height, s.image_shape, self._widest(scene, units))
        if layout is None:
            return "Too small to show a unit: make this pane larger."
        unit = min(self.unit, len(units.weights) - 1)
        first = unit - unit % layout.page_size
        last = min(first + layout.page_size, len(units.weights))
        self._draw_header(canvas, width, units, first, last)
        images = self._images(units, first, last, layout, (width, height))
        canvas.blit(0, 1, images.codes[1:], images.styles[1:])
        for place in range(first, last):
            x, y = layout.place(place - first)
            below = y + layout.image_height
            style = HERE if place == unit else WRONG if place in self.off else PLAIN
            name = shorten(self._caption(scene, place), layout.box_width, self.pen.ellipsis)
            canvas.put(x + (layout.box_width - cells(name)) // 2, below, name, style)
        left, top = (width + 2, 0) if beside else (0, height)
        sheet = Canvas(canvas.width - left, canvas.height - top, GROUND)
        self._draw_unit(sheet, scene, units, unit)
        canvas.blit(left, top, sheet.codes, sheet.styles)
        return ""

    def _images(
        self, units: Units, first: int, last: int, layout: Layout, size: tuple[int, int]
    ) -> Canvas:
        """A page of units, and nothing but them: it is the same for every step of the cursor."""
        wanted = units, first, layout, size, self.ascii_only or self.few_colours
        if self._page is None or self._page[0] != wanted:
            sheet = Canvas(*size, GROUND)
            for place in range(first, last):
                x, y = layout.place(place - first)
                image = units.weights[place]
                for _ in range(layout.scale.bit_length() - 1):
                    image = signed_halved(image)
                inset = (layout.box_width - layout.image_width) // 2
                self.draw_signed(sheet, x + inset, y, image / units.scale)
            self._page = wanted, sheet
        return self._page[1]

    def _widest(self, scene: Scene, units: Units) -> int:
        """Cells of the longest caption of all."""
        n = len(units.weights)
        # Of plain numbers the last is as long as any.
        long = {n - 1, min(self.unit, n - 1), *self.off} if units.hidden else range(n)
        return max(cells(self._caption(scene, unit)) for unit in long)

    def _caption(self, scene: Scene, unit: int) -> str:
        assert scene.split is not None
        assert scene.units is not None
        name = str(unit) if scene.units.hidden else scene.split.class_names[unit]
        name = f"[{name}]" if unit == self.unit else name
        return f"{name} off" if unit in self.off else name

    def _draw_header(self, canvas: Canvas, width: int, units: Units, first: int, last: int) -> None:
        dash, minus = ("-", "+-") if self.ascii_only else ("–", "±")
        what = "units" if units.hidden else "classes"
        scale = f"strongest at {minus}{figure(units.scale)}"
        words = f"{what} {first}{dash}{last - 1} of {len(units.weights)}  {scale}"
        canvas.put(0, 0, shorten(words, width, self.pen.ellipsis), QUIET)

    def _draw_unit(self, sheet: Canvas, scene: Scene, units: Units, unit: int) -> None:
        """The unit at the cursor, its digits, and the network without those that are off."""
        assert scene.split is not None
        ellipsis, names = self.pen.ellipsis, scene.split.class_names
        title = f"unit {unit} of {len(units.weights)}" if units.hidden else f"class {names[unit]}"
        sheet.put(0, 0, f"{title}{' is off' * (unit in self.off)}", PLAIN)
        words = f"mean {figure(units.means[unit])} std {figure(units.stds[unit])}"
        if units.biases is not None:
            words += f" b {figure(float(units.biases[unit]))}"
        sheet.put(0, 1, shorten(words, sheet.width, ellipsis), QUIET)
        y = self._draw_effect(sheet, 2, scene, units)
        self._draw_strongest(sheet, y, scene, units, unit)

    def _draw_effect(self, sheet: Canvas, y: int, scene: Scene, units: Units) -> int:
        effect, flow, ellipsis = scene.effect, scene.flow, self.pen.ellipsis
        if not units.hidden:
            words = "No hidden layer: these are the classes' own weights."
            sheet.put(0, y, shorten(words, sheet.width, ellipsis), QUIET)
            return y + 2
        if not self.off or flow is None:
            words = self.in_keys("<look.switch>: off or on, <look.undo>: undo")
            sheet.put(0, y, shorten(words, sheet.width, ellipsis), QUIET)
            return y + 2
        off = ", ".join(map(str, sorted(self.off)))
        sheet.put(0, y, shorten(f"off ({len(self.off)}): {off}", sheet.width, ellipsis), WRONG)
        if effect is None or set(effect.off) != set(self.off):
            sheet.put(0, y + 1, shorten(scene.busy or "...", sheet.width, ellipsis), QUIET)
            return y + 4
        fewer = effect.after.right - effect.before.right
        before, after = (f"{tally.accuracy:.2%}" for tally in (effect.before, effect.after))
        words = f"{before} {self.arrow} {after} right ({fewer:+,})"
        sheet.put(0, y + 1, shorten(words, sheet.width, ellipsis), WRONG if fewer < 0 else PLAIN)
        if effect.digit == flow.digit:
            true, guess, _ = verdict(scene, flow)
            now = int(np.nan_to_num(effect.probabilities, nan=-1.0).argmax())
            assert scene.split is not None
            names = scene.split.class_names
            words = (
                f"digit {flow.digit}: {names[guess]} {flow.probabilities[guess]:.1%} "
                f"{self.arrow} {names[now]} {effect.probabilities[now]:.1%}"
            )
            style = RIGHT if now == true else WRONG
            sheet.put(0, y + 2, shorten(words, sheet.width, ellipsis), style)
        return y + 4

    def _draw_strongest(self, sheet: Canvas, y: int, scene: Scene, units: Units, unit: int) -> None:
        """The test digits that the unit answers most to, as many as fit."""
        s = scene.split
        assert s is not None
        sheet.put(0, y, shorten("answers most to", sheet.width, self.pen.ellipsis), QUIET)
        sheet.put(0, sheet.height - 1, shorten(as_of(scene), sheet.width, self.pen.ellipsis), QUIET)
        indices = units.strongest.indices[unit]
        across = pictured(s.image_shape, len(indices), sheet.width, sheet.height - y - 3)
        if not across:
            return
        each, y = (sheet.width + GAP) // across - GAP, y + 1
        images = ink(np.asarray(s.test_images[indices]).reshape(-1, *s.image_shape), s.pixel_max)
        small, _ = fitted(images, each, sheet.height - y - 2)
        codes, styles = ascii_cells(small) if self.ascii_only else half_blocks(small)
        high = codes.shape[1]
        for place, index in enumerate(indices.tolist()):
            row, column = divmod(place, across)
            top, left = y + row * (high + 1), column * (each + GAP)
            if top + high > sheet.height - 2:
                return
            sheet.blit(left, top, codes[place], styles[place])
            answer = figure(float(units.strongest.answers[unit, place]))
            caption = f"{s.class_names[s.test_labels[index]]} {answer}"
            sheet.put(left, top + high, shorten(caption, each, self.pen.ellipsis), PLAIN)
