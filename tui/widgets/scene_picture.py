"""What the pictures of the Look room have in common: a scene, a palette, a way of speaking."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from textual.reactive import reactive

from tui.engine.hidden import which
from tui.engine.scene import Flow, Scene
from tui.widgets.detail_parts import Looks, Pen
from tui.widgets.half_blocks import LEVELS
from tui.widgets.inks import Inks
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.signed import PAIRS, signed_characters, signed_half_blocks, signed_palette
from tui.widgets.strips import Canvas, Picture

NAMES = ("plain", "quiet", "right", "wrong", "bar", "here")

GROUND = LEVELS * LEVELS
PLAIN, QUIET, RIGHT, WRONG, BAR, HERE = range(GROUND + 1, GROUND + 1 + len(NAMES))
SIGNED = HERE + 1
BEHIND = SIGNED + PAIRS
"""Where a widget's own styles begin."""

LOOKS = Looks(GROUND, PLAIN, QUIET, RIGHT, WRONG, BAR, HERE, for_it=RIGHT, against_it=WRONG)

UNASKED = "Here will be the inside of the network."


class ScenePicture(PictureWidget, can_focus=True):
    """Draws a scene; subclasses say which part of it."""

    DEFAULT_CSS = """
    ScenePicture {
        height: 1fr;
        min-height: 3;

        .scene-picture--paper { color: $foreground; background: $background; }
        .scene-picture--plain { color: $foreground; }
        .scene-picture--quiet { color: $quiet; }
        .scene-picture--right { color: $text-success; text-style: bold; }
        .scene-picture--wrong { color: $text-error; text-style: bold; }
        .scene-picture--bar { color: $primary; }
        .scene-picture--here { color: $background; background: $primary; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "scene-picture--paper",
        *(f"scene-picture--{name}" for name in NAMES),
    }

    scene: reactive[Scene | None] = reactive(None, repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self._inks = Inks()

    def watch_scene(self, old: Scene | None, new: Scene | None) -> None:
        asked = old is not None and new is not None and old.wish != new.wish
        self.request_picture(at_once=asked)

    def draw(self, canvas: Canvas, scene: Scene) -> str:
        """Draw the scene; or say why not, and the sentence is shown instead."""
        raise NotImplementedError

    def own_styles(self) -> tuple[Style, ...]:
        """What of the palette is only this widget's; the first of them is number `BEHIND`."""
        return ()

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = Canvas(*self.size, GROUND)
        scene = self.scene
        sentence = UNASKED if scene is None else scene.sentence
        if scene is not None and not sentence:
            sentence = self.draw(canvas, scene)
        if sentence:
            hint = self.get_component_rich_style("scene-picture--quiet")
            self.show_sentence(sentence, hint, self.rich_style)
            return
        paper = self.get_component_styles("scene-picture--paper")
        styles = [self.get_component_rich_style(f"scene-picture--{name}") for name in NAMES]
        inks = self._inks.of(paper.background, paper.color)
        signed = signed_palette(on_paper=paper.background.brightness > 0.5)
        palette = (*inks, self.rich_style, *styles, *signed, *self.own_styles())
        self.show_picture(Picture.from_canvas(canvas, palette))

    @property
    def pen(self) -> Pen:
        return Pen(LOOKS, self.ascii_only)

    @property
    def arrow(self) -> str:
        return "->" if self.ascii_only else "→"

    @property
    def few_colours(self) -> bool:
        """Are there no more than sixteen, or, by NO_COLOR, none at all?"""
        ansi = self.get_component_styles("scene-picture--paper").background.ansi
        return self.app.no_color or ansi is not None

    def draw_signed(self, canvas: Canvas, x: int, y: int, values: NDArray[Any]) -> int:
        """Values (h, w) from -1 to 1, two to a cell; returns the line below."""
        if self.ascii_only or self.few_colours:
            codes, styles = signed_characters(values, PLAIN)
        else:
            codes, styles = signed_half_blocks(values, SIGNED)
        canvas.blit(x, y, codes, styles)
        return y + len(codes)


def as_of(scene: Scene) -> str:
    """Of which network this is, the one that tests are about."""
    return which(scene.judged_by, scene.epoch, scene.step) + f"  {scene.busy}" * bool(scene.busy)


def verdict(scene: Scene, flow: Flow) -> tuple[int, int, str]:
    """What a digit is, what it is taken for, and both in words."""
    assert scene.split is not None
    names, true = scene.split.class_names, int(scene.split.test_labels[flow.digit])
    guess = int(np.nan_to_num(flow.probabilities, nan=-1.0).argmax())
    said = f"{flow.probabilities[guess]:.1%}"
    if guess == true:
        return true, guess, f"digit {flow.digit:,}: {names[true]}, {said} sure"
    return (
        true,
        guess,
        f"digit {flow.digit:,}: {names[true]}, taken for {names[guess]}, {said} sure",
    )


def figure(number: float | None) -> str:
    """Three decimals, or two digits and a power of ten where these would not tell."""
    if number is None:
        return ""
    small = 0 < abs(number) < 0.001
    return f"{number:.1e}" if small or abs(number) >= 1000 else f"{number:.3f}"


def count(number: int) -> str:
    """100,480; 1.61M."""
    return f"{number:,}" if number < 1_000_000 else f"{number / 1e6:.3g}M"
