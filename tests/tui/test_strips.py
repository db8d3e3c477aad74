"""Canvases, pictures, and the regions in which two pictures differ."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.style import Style
from textual.geometry import Region

from tui.thin_updates import BARE, render
from tui.widgets.characters import cells, shorten, visible
from tui.widgets.line import LineCanvas, LinePicture
from tui.widgets.painted import Painted
from tui.widgets.strips import Canvas, Picture, changed_regions

PALETTE = (Style(color="red"), Style(color="blue"))


def picture(*lines: str, style: int = 0) -> Picture:
    """A picture of some lines of text."""
    canvas = Canvas(max(map(cells, lines)), len(lines))
    for y, line in enumerate(lines):
        canvas.put(0, y, line, style)
    return Picture.from_canvas(canvas, PALETTE)


@given(st.text(max_size=60), st.integers(0, 40))
def test_whatever_is_written_is_harmless_and_fits(text: str, width: int) -> None:
    canvas = Canvas(width, 1)
    canvas.put(0, 0, text, 1)
    line = Picture.from_canvas(canvas, PALETTE).strips[0]
    assert line.cell_length == width == cells(line.text)
    assert line.text.isprintable()


@given(st.text(max_size=30), st.integers(0, 30))
def test_shortened_text_fits(text: str, width: int) -> None:
    text = visible(text)
    short = shorten(text, width)
    assert cells(short) <= width
    assert short == text or cells(text) > width


def test_control_characters_and_invisible_ones_are_replaced() -> None:
    assert visible("a\x1b[31m\u200b\u202e\x9bb\n") == "a·[31m···b·"


def test_markup_stays_what_it_is() -> None:
    assert picture("[red]x[/foo]").strips[0].text == "[red]x[/foo]"


def test_equal_styles_become_one_segment() -> None:
    canvas = Canvas(6, 1)
    canvas.put(2, 0, "ab", 1)
    segments = list(Picture.from_canvas(canvas, PALETTE).strips[0])
    assert [(s.text, s.style) for s in segments] == [
        ("  ", PALETTE[0]),
        ("ab", PALETTE[1]),
        ("  ", PALETTE[0]),
    ]


def test_equal_pictures_have_no_changed_regions() -> None:
    assert changed_regions(picture("abc", "def"), picture("abc", "def")) == []


def test_another_size_or_palette_changes_everything() -> None:
    assert changed_regions(None, picture("a")) is None
    assert changed_regions(picture("a"), picture("ab")) is None
    other = Picture(*(vars(picture("a"))[k] for k in ("codes", "styles")), PALETTE[::-1])
    assert changed_regions(picture("a"), other) is None


def test_near_changes_are_sent_together_and_far_ones_apart() -> None:
    old, new = "." * 60, list("." * 60)
    for column in (3, 5, 40):
        new[column] = "#"
    assert changed_regions(picture(old), picture("".join(new))) == [
        Region(3, 0, 3, 1),
        Region(40, 0, 1, 1),
    ]


def test_a_change_of_style_is_a_change() -> None:
    assert changed_regions(picture("ab"), picture("ab", style=1)) == [Region(0, 0, 2, 1)]


def test_wide_characters_are_sent_whole() -> None:
    assert changed_regions(picture("あい"), picture("あう")) == [Region(2, 0, 2, 1)]
    assert changed_regions(picture("xあ"), picture("あx")) == [Region(0, 0, 3, 1)]
    assert picture("あx").strips[0].text == "あx"


@given(st.data())
def test_the_regions_cover_every_difference(data: st.DataObject) -> None:
    shape = (4, 50)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    old = Picture(
        rng.integers(97, 99, shape).astype(np.uint32),
        rng.integers(0, 2, shape).astype(np.int32),
        PALETTE,
    )
    flips = rng.random(shape) < data.draw(st.floats(0, 0.5))
    new = Picture(np.where(flips, 120, old.codes).astype(np.uint32), old.styles, PALETTE)
    covered = np.zeros(shape, bool)
    regions = changed_regions(old, new)
    assert regions is not None
    for region in regions:
        assert region.height == 1
        covered[region.y, region.x : region.right] = True
    assert np.all(covered[flips])
    assert max((sum(r.y == y for r in regions) for y in range(4)), default=0) <= 4


def test_a_paragraph_is_wrapped_and_in_the_middle() -> None:
    canvas = Canvas(12, 5)
    canvas.put_paragraph("not enough room", 1)
    assert Picture.from_canvas(canvas, PALETTE).text.splitlines()[1:3] == [
        " not enough ",
        "    room    ",
    ]


def test_what_a_terminal_will_be_sent_is_known_well_enough() -> None:
    """Within a third, for words, a page of pixels and a corner of it, a line and the end of it."""
    rng = np.random.default_rng(0)
    inks = tuple(Style.parse(f"rgb({n},{n},{n}) on rgb(9,{n},{n})") for n in range(100, 164))
    pixels = Canvas(60, 8)
    pixels.codes[:] = ord("▀")
    pixels.styles[:] = rng.integers(0, len(inks), pixels.styles.shape)
    page, words = Picture.from_canvas(pixels, inks), picture("words " * 10, "and more")
    corner = [Region(3, 2, 10, 1), Region(3, 3, 10, 1)]
    line = LineCanvas(60)
    line.put(line.put(1, "epoch 3/60 · ", 0), "■■■■ 97%", 1)
    status, end = LinePicture(line, inks), [Region(18, 0, 4, 1)]
    shows: list[tuple[Painted, list[Region] | None]] = [
        (page, None), (words, None), (page, corner), (status, None), (status, end),
    ]  # fmt: skip
    for shown, regions in shows:
        sent: list[str] = []
        look = BARE
        for x, y, width, _ in regions or [
            Region(0, y, shown.width, 1) for y in range(shown.height)
        ]:
            sent.append(f"\x1b[{y + 1};{x + 1}H")
            strip = shown.strip(y).crop(x, x + width)
            look = render(strip, ColorSystem.TRUECOLOR, look, sent)
        assert 2 / 3 < shown.bytes_of(regions) / len("".join(sent).encode()) < 3 / 2
