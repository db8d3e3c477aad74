"""Centring by mass: MNIST comes out as it was made, and anything else lands in its box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nn.data import Split, default_split, load, split
from nn.data.centre import BOX, FIELD, MNIST, Frame, centred, frame_of, ink_of, resized
from nn.hyperparameters import Hyperparameters, Value
from nn.presets import resolve
from nn.trainer import Trainer

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


def divided(name: str, folder: Path | None = None) -> Split:
    dataset = load(name, data_dir=folder)
    return split(dataset, default_split(dataset), 42)


def test_how_the_digits_of_a_set_lie_is_found_out(real_data: Path) -> None:
    assert frame_of(divided("mnist", real_data)) == MNIST
    garments = frame_of(divided("fashion-mnist", real_data))
    assert garments == Frame(28, 28, 28, by_mass=False)


def test_small_digits_fill_their_images() -> None:
    assert frame_of(divided("digits")) == Frame(8, 8, 8, fine=4)


@given(any_grey, st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 4))
def test_a_frame_of_any_size_holds_a_drawing_of_any(
    grey: np.ndarray, height: int, width: int, box: int, fine: int
) -> None:
    for by_mass in (True, False):
        seen = Frame(height, width, box, by_mass, fine).centred(grey)
        assert (seen.shape, seen.dtype) == ((height, width), np.uint8)


def moved_and_scaled(split: Split, count: int, field: int) -> np.ndarray:
    """Test digits at 30% to all of a larger field, anywhere in it: (count, field, field) uint8."""
    rng = np.random.default_rng(7)
    drawn = np.zeros((count, field, field), np.uint8)
    for image, sheet in zip(split.test_images, drawn, strict=False):
        grey = np.rint(image.reshape(split.image_shape) * (255 / split.pixel_max))
        rows, columns = np.flatnonzero(grey.any(axis=1)), np.flatnonzero(grey.any(axis=0))
        ink = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8)
        scale = rng.uniform(0.3, 1) * field / max(ink.shape)
        h, w = (max(1, round(side * scale)) for side in ink.shape)
        top, left = rng.integers(0, field - h + 1), rng.integers(0, field - w + 1)
        sheet[top : top + h, left : left + w] = resized(ink, h, w)
    return drawn


def accuracies(split: Split, h: Hyperparameters, count: int) -> tuple[float, float, float]:
    """How many in a hundred are right: of the test digits as they are, of these moved and scaled
    and shown as they are then, and of the same centred."""
    trainer = Trainer(h, split)
    for _ in trainer.run():
        pass
    frame, drawn = frame_of(split), moved_and_scaled(split, count, 56)

    def right(images: list[np.ndarray]) -> float:
        x = np.stack(images).reshape(count, -1).astype(np.float32) / 255
        guesses = trainer.network.predict_probabilities(x).argmax(axis=1)
        return 100 * float((guesses == split.test_labels[:count]).mean())

    as_they_are = split.test_images[:count] * (255 / split.pixel_max)
    return (
        right(list(as_they_are)),
        right([resized(grey, *split.image_shape) for grey in drawn]),
        right([frame.centred(grey) for grey in drawn]),
    )


def test_centring_makes_good_how_small_digits_were_drawn() -> None:
    # A network that has met a little of everything: of eight pixels, half of one is a long way.
    changes: dict[str, Value] = {"epochs": 40, "pace": 0, "optimizer": "adam"}
    changes |= {"learning_rate": 0.005, "schedule": "one_cycle", "shift": 0.5, "scaling": 0.15}
    digits = divided("digits")
    plain, moved, centred = accuracies(digits, resolve(None, changes), 360)
    assert plain > 95
    assert moved < plain - 40
    assert centred > plain - 2


def test_centring_makes_good_how_the_digits_of_mnist_were_drawn(real_data: Path) -> None:
    h = resolve("quick", {"epochs": 2})
    plain, moved, centred = accuracies(divided("mnist", real_data), h, 2000)
    assert plain > 95
    assert moved < plain - 40
    assert centred > plain - 2
