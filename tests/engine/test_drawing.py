"""The sheet: what a pen leaves, what can be undone, and what size it has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.drawing import BRUSHES, MOST_UNDONE, Drawing, fitted, sheet_shape

SHEET = (28, 28)
place = st.tuples(st.floats(-40, 70), st.floats(-40, 70))


@pytest.mark.parametrize(
    ("image", "sheet"),
    [
        ((28, 28), (28, 28)),
        ((8, 8), (24, 24)),
        ((1, 1), (28, 28)),
        ((20, 10), (20, 10)),
        ((40, 32), (40, 32)),
        ((64, 48), (32, 24)),
        ((1000, 3), (40, 1)),
    ],
)
def test_a_sheet_is_as_fine_as_a_digit_needs(
    image: tuple[int, int], sheet: tuple[int, int]
) -> None:
    assert sheet_shape(image) == sheet


def test_a_stroke_covers_its_way_and_nothing_far_from_it() -> None:
    ink = Drawing.blank(SHEET).stroked((5.5, 10.5), (20.5, 10.5), 1).ink
    assert (ink[10, 5:21] == 255).all()
    assert not ink[13:].any()
    assert not ink[:8].any()
    assert not ink[:, 23:].any()
    np.testing.assert_array_equal(ink[9], ink[11])


@given(place, place, st.sampled_from(range(len(BRUSHES))))
def test_the_eraser_takes_away_what_the_pen_left(
    start: tuple[float, float], end: tuple[float, float], brush: int
) -> None:
    drawn = Drawing.blank(SHEET).stroked(start, end, brush)
    np.testing.assert_array_equal(drawn.ink, Drawing.blank(SHEET).stroked(end, start, brush).ink)
    assert drawn.stroked(start, end, brush, erase=True).is_blank


def test_brushes_grow() -> None:
    dots = [Drawing.blank(SHEET).stroked((14, 14), (14, 14), b).ink.sum() for b in range(3)]
    assert 0 < dots[0] < dots[1] < dots[2]


def test_undo_goes_back_stroke_by_stroke() -> None:
    blank = Drawing.blank(SHEET)
    one = blank.noted().stroked((3, 3), (9, 9), 1).stroked((9, 9), (9, 20), 1)
    two = one.noted().stroked((20, 3), (20, 9), 1)
    gone = two.cleared()
    assert gone.is_blank
    assert gone.cleared() is gone
    for drawing, then in ((gone, two), (two, one), (one, blank), (blank, blank)):
        np.testing.assert_array_equal(drawing.undone().ink, then.ink)
    # A stroke that left nothing is not a step of its own.
    again = two.noted().stroked((-9, -9), (-9, -9), 1)
    np.testing.assert_array_equal(again.undone().ink, one.ink)


def test_the_past_is_bounded() -> None:
    drawing = Drawing.blank(SHEET)
    for k in range(MOST_UNDONE + 50):
        drawing = drawing.noted().stroked((k % 28, k // 28), (k % 28, k // 28), 1)
    assert len(drawing.before) == MOST_UNDONE


def test_another_sheet_keeps_the_drawing_and_its_past() -> None:
    drawing = Drawing.blank(SHEET).noted().stroked((5, 5), (22, 22), 2)
    smaller = drawing.on_sheet((24, 24))
    assert smaller.shape == (24, 24)
    assert not smaller.is_blank
    assert smaller.undone().is_blank
    assert drawing.on_sheet(SHEET) is drawing


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 40), st.integers(1, 40))
def test_a_picture_of_any_size_fits(h: int, w: int, height: int, width: int) -> None:
    ink = np.full((h, w), 200, np.uint8)
    sheet = fitted(ink, (height, width))
    assert sheet.shape == (height, width)
    rows, columns = sheet.any(axis=1).sum(), sheet.any(axis=0).sum()
    assert rows == height or columns == width
    if (h, w) == (height, width):
        np.testing.assert_array_equal(sheet, ink)
