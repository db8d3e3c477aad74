"""Lines of words in a few tones: what a pane says that is neither a figure nor a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.reactive import reactive

from tui.widgets.characters import cells, shorten
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.strips import Canvas, Picture

Tone = Literal["plain", "quiet", "strong", "good", "bad", "mark"]

TONES: tuple[Tone, ...] = ("plain", "quiet", "strong", "good", "bad", "mark")


@dataclass(frozen=True)
class Line:
    """One line: texts in their tones, and how far it is indented if it has to be broken."""

    spans: tuple[tuple[str, Tone], ...]
    indent: int = 0


def line(text: str, tone: Tone = "plain", indent: int = 0) -> Line:
    """A line in one tone."""
    return Line(((text, tone),), indent)


class Words(PictureWidget):
    """Breaks lines at spaces, or (`wrap=False`) cuts them where the pane ends."""

    DEFAULT_CSS = """
    Words {
        height: 1fr;

        .words--plain { color: $foreground; }
        .words--quiet { color: $quiet; }
        .words--strong { color: $primary; text-style: bold; }
        .words--good { color: $success; }
        .words--bad { color: $error; text-style: bold; }
        .words--mark { color: $foreground; background: $primary 25%; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"words--{tone}" for tone in TONES}

    lines: reactive[tuple[Line, ...]] = reactive((), repaint=False)
    """What there is to say."""

    seen: reactive[int] = reactive(0, repaint=False)
    """A line that is to be in sight, be there room for the others or not."""

    def __init__(self, *, wrap: bool = True) -> None:
        super().__init__()
        self._wrap = wrap

    def watch_lines(self) -> None:
        self.request_picture(at_once=True)

    def watch_seen(self) -> None:
        self.request_picture(at_once=True)

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = Canvas(*self.size)
        ellipsis = "~" if self.ascii_only else "…"
        lines = tuple(self._in_own_keys(each) for each in self.lines)
        if self._wrap:
            lines = tuple(part for each in lines for part in broken(each, canvas.width))
        first = min(max(self.seen - canvas.height // 3, 0), max(len(lines) - canvas.height, 0))
        for y, each in enumerate(lines[first : first + canvas.height]):
            x = 0
            for text, tone in each.spans:
                if self.ascii_only:
                    text = plain(text)
                whole = shorten(text, canvas.width - x, ellipsis)
                x = canvas.put(x, y, whole, TONES.index(tone) + 1)
        if len(lines) - first > canvas.height and canvas.height:
            canvas.put(canvas.width - 1, canvas.height - 1, ellipsis, TONES.index("quiet") + 1)
        styles = [self.get_component_rich_style(f"words--{tone}") for tone in TONES]
        self.show_picture(Picture.from_canvas(canvas, [self.rich_style, *styles]))

    def _in_own_keys(self, line: Line) -> Line:
        return Line(tuple((self.in_keys(text), tone) for text, tone in line.spans), line.indent)


_PLAIN = str.maketrans({"×": "*", "→": ">", "✓": "+", "✗": "x", "·": ".", "…": "~", "≠": "!="})


def plain(text: str) -> str:
    """The text in ASCII."""
    return text.translate(_PLAIN)


def broken(whole: Line, width: int) -> list[Line]:
    """A line as several, none wider than `width`."""
    if sum(cells(text) for text, _ in whole.spans) <= width:
        return [whole]
    lines: list[Line] = []
    spans: list[tuple[str, Tone]] = []
    x = 0
    for text, tone in whole.spans:
        for word in _pieces(text):
            if x and x + cells(word.rstrip()) > width:
                spans[-1] = spans[-1][0].rstrip(), spans[-1][1]
                lines.append(Line(tuple(spans)))
                spans, x = [(" " * whole.indent, "plain")], whole.indent
                word = word.lstrip()
            spans.append((word, tone))
            x += cells(word)
    return [*lines, Line(tuple(spans))]


def _pieces(text: str) -> list[str]:
    """Words with the spaces that follow them."""
    pieces, start = [], 0
    for i in range(1, len(text)):
        if text[i - 1] == " " and text[i] != " ":
            pieces.append(text[start:i])
            start = i
    return [*pieces, text[start:]] if text else []
