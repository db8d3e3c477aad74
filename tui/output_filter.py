"""The last look at every line before it goes to the terminal.

Words from outside are made harmless where they come in (`tui.engine.text`). This filter stands
where everything goes out, Textual's own widgets and what a person pastes into a field included:
control characters never leave, and on a plain terminal nothing but ASCII does.
"""

from __future__ import annotations

from rich.cells import get_character_cell_size
from rich.color import Color as RichColor
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter, NoColor

_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("─━═╌╍┄┅┈┉", "-"),
        **dict.fromkeys("│┃║╎╏┆┇┊┋▏▎▍▌▐▕▊▉", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╯╰┏┓┗┛╔╗╚╝", "+"),
        **dict.fromkeys("▁▂▃", "_"),
        **dict.fromkeys("▄▅▆▇█▀▖▗▘▝▙▚▛▜▞▟", "#"),
        **dict.fromkeys("▼↓", "v"),
        **dict.fromkeys("▲↑", "^"),
        **dict.fromkeys("←◀‹", "<"),
        **dict.fromkeys("→▶›", ">"),
        **dict.fromkeys("–—−", "-"),
        **dict.fromkeys("•·●○", "*"),
        **dict.fromkeys("‘’", "'"),
        **dict.fromkeys("“”", '"'),
        "▔": " ",
        "…": "~",
        "×": "x",
        "✓": "+",
        "✗": "x",
        "🔎": "> ",
    }
)


class OutputFilter(LineFilter):
    """Replaces what a terminal could take for a command, and what a plain one cannot show."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.ascii_only = ascii_only

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """The same cells, in characters that will do."""
        if self._will_do("".join([segment.text for segment in segments])):
            return segments
        return [
            segment if segment.control else Segment(self.clean(segment.text), segment.style)
            for segment in segments
        ]

    def clean(self, text: str) -> str:
        """The text in as many cells as before."""
        if self._will_do(text):
            return text
        if self.ascii_only:
            text = text.translate(_LOOKALIKES)
        return "".join(
            character if self._will_do(character) else "?" * get_character_cell_size(character)
            for character in text
        )

    def _will_do(self, text: str) -> bool:
        return text.isprintable() and (text.isascii() or not self.ascii_only)


class Colourless(NoColor):
    """Takes all colour away; of the two pixels in a cell it stays visible which are light."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same cells in the terminal's own ink on its own ground."""
        return super().apply([self._in_shapes(segment) for segment in segments], background)

    def _in_shapes(self, segment: Segment) -> Segment:
        style = segment.style
        if style is None or segment.text.strip(" ▀"):
            return segment
        upper, lower = _is_light(style.color), _is_light(style.bgcolor)
        if upper is None or lower is None:
            return segment
        blank, half = "█" if lower else " ", " ▄▀█"[2 * upper + lower]
        shapes = "".join(half if cell == "▀" else blank for cell in segment.text)
        return Segment(shapes, style, segment.control)


COLOURLESS = Colourless()


def _is_light(color: RichColor | None) -> bool | None:
    """None of the terminal's own colours: theirs is not known."""
    return None if color is None or color.triplet is None else sum(color.triplet) > 3 * 127
