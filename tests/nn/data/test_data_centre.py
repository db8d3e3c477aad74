"""Centring by mass: MNIST comes out as it was made, and anything else lands in its box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nn.data import load
from nn.data.centre import BOX, FIELD, centred, ink_of, resized

any_grey = arrays(np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 60)))


def test_the_digits_of_mnist_stay_as_they_are(real_data: Path) -> None:
    images = load("mnist", data_dir=real_data).images[60_000:62_000]
    same = [np.array_equal(centred(ink_of(image)), image) for image in images]
    assert np.mean(same) > 0.998


@given(any_grey)
def test_the_field_holds_the_box_and_its_centre_of_mass_is_in_the_middle(grey: np.ndarray) -> None:
    field = centred(grey)
    assert (field.shape, field.dtype) == ((FIELD, FIELD), np.uint8)
    if not field.any():
        return
    for axis in (0, 1):
        masses = field.sum(axis=1 - axis, dtype=float)
        at = np.flatnonzero(masses)
        assert at[-1] - at[0] < BOX
        centre = np.dot(masses, np.arange(FIELD) + 0.5) / masses.sum()
        # Within a pixel of the middle, unless the box has come up against the edge.
        assert abs(centre - FIELD / 2) <= 1 or at[0] <= 4 or at[-1] >= FIELD - 5


@pytest.mark.parametrize(("height", "width"), [(5, 50), (50, 5), (200, 100), (1, 1), (20, 20)])
def test_proportions_are_kept_and_the_longer_side_fills_the_box(height: int, width: int) -> None:
    grey = np.zeros((height + 9, width + 4), np.uint8)
    grey[3 : 3 + height, 1 : 1 + width] = 255
    field = centred(grey)
    rows, columns = np.flatnonzero(field.any(axis=1)), np.flatnonzero(field.any(axis=0))
    scale = BOX / max(height, width)
    assert (len(rows), len(columns)) == (round(height * scale), round(width * scale))
    assert field.max() == 255
    assert set(np.unique(field)) <= {0, 255}


def test_no_ink_no_digit() -> None:
    assert not centred(np.zeros((9, 7), np.uint8)).any()


@given(any_grey, st.integers(1, 40), st.integers(1, 40))
def test_resizing_keeps_within_the_greys_there_are(grey: np.ndarray, h: int, w: int) -> None:
    small = resized(grey, h, w)
    assert small.shape == (h, w)
    assert grey.min() <= small.min() <= small.max() <= grey.max()


def test_resizing_mixes_neighbours() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (8, 32))
    assert np.ptp(resized(stripes, 8, 8)[:, 2:-2]) == 0
    assert abs(int(resized(stripes, 8, 8)[4, 4]) - 127) <= 1


def drawing() -> np.ndarray:
    grey = np.zeros((40, 30), np.uint8)
    grey[8:30, 12:18] = 255
    return grey


def test_dark_ink_on_bright_paper_is_the_same_drawing() -> None:
    ink = drawing()
    np.testing.assert_array_equal(ink_of(ink), ink)
    np.testing.assert_array_equal(ink_of(255 - ink), ink)


@pytest.mark.parametrize("bright", [False, True])
def test_paper_may_be_grey_and_grainy(bright: bool) -> None:
    grain = np.random.default_rng(0).integers(0, 12, (40, 30))
    grey = (30 + grain + drawing() // 255 * 180).astype(np.uint8)
    ink = ink_of(255 - grey if bright else grey)
    np.testing.assert_array_equal(ink > 0, drawing() > 0)
