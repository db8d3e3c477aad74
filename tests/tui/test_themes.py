"""Can everything be read, whatever the theme?"""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from tui.themes import FADED, GROUNDS, HUES, READABLE, THEMES, contrast, fainter, readable

SHADES = [*THEMES, *(theme for name, theme in BUILTIN_THEMES.items() if "ansi" not in name)]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(Color.parse("#fff"), Color.parse("#000")) == pytest.approx(21)
    assert contrast(Color.parse("#777"), Color.parse("#fff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", SHADES, ids=lambda theme: theme.name)
def test_text_stands_out_from_the_paper_of_every_theme(theme: Theme) -> None:
    variables = theme.to_color_system().generate()
    colours = readable(variables)
    for name in ("foreground", *HUES):
        for ground in GROUNDS:
            on = Color.parse(variables[ground])
            assert contrast(Color.parse(colours[name]), on) >= READABLE, (name, ground)
    shades = {name: (wanted, GROUNDS[:2]) for name, (_, wanted) in FADED.items()}
    shades["quiet-on-panel"] = (READABLE, GROUNDS[2:])
    assert fainter(theme).keys() == shades.keys()
    for name, (wanted, grounds) in shades.items():
        ink, strength = fainter(theme)[name].split()
        for ground in grounds:
            on = Color.parse(variables[ground])
            faded = on.blend(Color.parse(ink), int(strength[:-1]) / 100)
            assert contrast(faded, on) >= wanted, (name, ground)


def test_the_terminals_own_colours_are_left_to_it() -> None:
    theme = BUILTIN_THEMES["ansi-dark"]
    variables = theme.to_color_system().generate()
    assert readable(variables) == variables
    assert fainter(theme)["quiet"] == "ansi_default 60%"
