"""Inkling's own colours: paper and ink by day, and by night.

Over SSH most terminals are taken for 256-colour ones. The night's colours are 256-colour ones to
begin with, its greys pure greys, so that no digit turns lavender on the way.
"""

from collections.abc import Mapping, Sequence

from textual.color import Color
from textual.theme import Theme

NIGHT = Theme(
    name="inkling-night",
    primary="#87afff",
    secondary="#87d787",
    accent="#af87ff",
    warning="#ffaf5f",
    error="#ff5f87",
    success="#87d787",
    foreground="#dadada",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
)

PAPER = Theme(
    name="inkling-paper",
    primary="#2a52a2",
    secondary="#3f7a1f",
    accent="#7a3fb0",
    warning="#9a5b00",
    error="#b3203f",
    success="#3f7a1f",
    foreground="#22242c",
    background="#faf8f2",
    surface="#f1eee4",
    panel="#e7e3d6",
    dark=False,
)

THEMES = (NIGHT, PAPER)
"""The first is the one it starts with."""

READABLE, SEEN = 4.75, 3.0
"""The contrast of what is to be read, 4.5 being what small text needs and some of it standing on a
field, and of what need only be seen to be there."""

FADED = {"soft": (80, READABLE), "quiet": (60, READABLE), "faint": (45, SEEN)}
"""Text that stands back a little, what is said in passing, and the zeros of a matrix: percent of
the foreground's strength that it has, and the contrast that must be left."""

GROUNDS = ("background", "surface", "panel")

HUES = ("primary", "secondary", "accent", "warning", "error", "success")


def fainter(theme: Theme) -> dict[str, str]:
    """A theme's colours for text that stands back: `$quiet` and others. On paper a colour fades
    sooner than at night, and some themes have little contrast to begin with: they fade less. On a
    panel there is less of it than on paper, so what is quiet there is a shade of its own."""
    colours = readable(theme.to_color_system().generate())
    ink = colours["foreground"]
    *papers, panel = (Color.parse(colours[name]) for name in GROUNDS)
    wanted = {name: (papers, *how) for name, how in FADED.items()}
    wanted["quiet-on-panel"] = ([panel], *FADED["quiet"])
    return {name: f"{ink} {_strength(Color.parse(ink), *how)}%" for name, how in wanted.items()}


def readable(variables: Mapping[str, str]) -> dict[str, str]:
    """A theme's colours, dark or light enough to be text on its paper, and on the panels that the
    first and the last line and the dialogs are: Textual's orange on light grey is not."""
    grounds = [Color.parse(variables[name]) for name in GROUNDS]
    paper = grounds[0]
    end = Color.parse("white" if paper.brightness < 0.5 else "black")
    found = dict(variables)
    for name in ("foreground", *(kind + hue for hue in HUES for kind in ("", "text-"))):
        colour = Color.parse(variables[name])
        if colour.ansi is None and paper.ansi is None:
            shades = (colour.blend(end, step / 20) for step in range(20))
            fits = (one for one in shades if min(contrast(one, on) for on in grounds) >= READABLE)
            fit = next(fits, end)
            found[name] = variables[name] if fit == colour else fit.hex
    return found


def contrast(one: Color, other: Color) -> float:
    """By how much two colours differ in light, from 1 to 21, as WCAG 2 has it."""
    dark, light = sorted((_light(one), _light(other)))
    return (light + 0.05) / (dark + 0.05)


def _strength(ink: Color, grounds: Sequence[Color], least: int, wanted: float) -> int:
    if any(colour.ansi is not None for colour in (ink, *grounds)):
        return least
    for percent in range(least, 100, 5):
        if all(contrast(on.blend(ink, percent / 100), on) >= wanted for on in grounds):
            return percent
    return 100


def _light(colour: Color) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
             for part in colour.normalized]  # fmt: skip
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
