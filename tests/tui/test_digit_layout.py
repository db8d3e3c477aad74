"""Where digits and their captions have their places, and how pixels become characters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.predictions import Predictions
from tui.widgets.characters import cells
from tui.widgets.digit_layout import caption, lay_out
from tui.widgets.half_blocks import LEVELS, ascii_cells, half_blocks, halved, ink


@pytest.mark.parametrize(
    ("pane", "least"), [((40, 10), 2), ((50, 12), 3), ((100, 25), 6), ((160, 50), 12)]
)
def test_enough_digits_fit(pane: tuple[int, int], least: int) -> None:
    layout = lay_out(*pane, (28, 28), 10)
    assert layout is not None
    assert layout.page_size >= least


@given(
    st.integers(0, 220),
    st.integers(0, 80),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.integers(5, 60),
)
def test_a_layout_stays_inside_its_pane(
    width: int, height: int, shape: tuple[int, int], caption_width: int
) -> None:
    layout = lay_out(width, height, shape, caption_width)
    if layout is None:
        return
    assert layout.image_width <= layout.box_width
    for number in range(layout.page_size):
        x, y = layout.place(number)
        assert x + layout.box_width <= width
        assert y + layout.image_height + 1 <= height


@given(
    st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=256),
    st.integers(3, 40),
    st.booleans(),
)
def test_captions_fit_and_always_show_the_mark(
    names: list[str], width: int, ascii_only: bool
) -> None:
    labels = np.array([0, 1], np.uint8)
    probabilities = np.zeros((2, len(names)), np.float32)
    probabilities[:, 0] = 0.874
    images = np.zeros((2, 3, 3), np.uint8)
    predictions = Predictions(1, images, 1, labels, probabilities, tuple(names))
    for index, marks in ((0, "=✓"), (1, "x✗")):
        text = caption(predictions, index, width, ascii_only=ascii_only)
        assert cells(text) <= width
        assert text[0] in marks
        if width >= 12:
            assert "87%" in text


def test_long_names_are_shortened_evenly() -> None:
    names = ("T-shirt/top", "Ankle boot")
    predictions = Predictions(
        1,
        np.zeros((1, 2, 2), np.uint8),
        1,
        np.array([1], np.uint8),
        np.array([[0.9, 0.1]], np.float32),
        names,
    )
    assert caption(predictions, 0, 30) == "✗ T-shirt/top≠Ankle boot 89%"
    assert caption(predictions, 0, 18) == "✗ T-sh…≠Ankle… 89%"


def test_half_blocks_hold_two_pixels() -> None:
    images = ink(np.array([[[255, 0], [0, 255], [255, 255]]], np.uint8), 255)
    codes, styles = half_blocks(images)
    full = LEVELS - 1
    assert codes.shape == styles.shape == (1, 2, 2)
    assert styles[0].tolist() == [[full * LEVELS, full], [full * LEVELS, full * LEVELS]]
    assert chr(codes[0, 0, 0]) == "▀"


def test_the_ascii_ramp_runs_from_paper_to_ink() -> None:
    images = ink(np.array([[[0, 128, 255], [0, 128, 255]]], np.uint8), 255)
    codes, _ = ascii_cells(images)
    assert "".join(map(chr, codes[0, 0])) in (" +@", " =@")


def test_shrinking_is_the_mean_of_four_with_odd_edges_padded() -> None:
    images = np.full((2, 5, 7), 0.4, np.float32)
    small = halved(images)
    assert small.shape == (2, 3, 4)
    assert small[0, 0, 0] == pytest.approx(0.5)
    assert small[0, 2, 3] == pytest.approx(0.125)
