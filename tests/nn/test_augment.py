"""Digits moved and bent: as SciPy does it one by one, and by as much as was asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from nn.augment import Amounts, Augmenter, _columns, draw_maps
from nn.batches import Batches
from nn.data import Dataset

ALL = Amounts(shift=2, rotation=12, scale=0.12, shear=0.1, elastic=1)
ONE_EACH = [
    Amounts(shift=3),
    Amounts(rotation=40),
    Amounts(scale=0.4),
    Amounts(shear=0.4),
    Amounts(elastic=1.5),
    Amounts(elastic=1, elastic_sigma=2),
    ALL,
]
KINDS = ("shift", "rotation", "scale", "shear", "elastic", "sigma")
amounts = st.builds(
    Amounts,
    shift=st.floats(0, 40),
    rotation=st.floats(0, 180),
    scale=st.floats(0, 0.9),
    shear=st.floats(0, 2),
    elastic=st.floats(0, 5),
    elastic_sigma=st.floats(1, 40),
)
shapes = st.tuples(st.integers(1, 30), st.integers(1, 30))


def noise(n: int, shape: tuple[int, int], pixel_max: int = 255) -> np.ndarray:
    """Pixels at random to the very edge, where mistakes would show."""
    size = (n, shape[0] * shape[1])
    return np.random.default_rng(n).integers(0, pixel_max + 1, size, dtype=np.uint8)


def changed(
    rows: np.ndarray,
    shape: tuple[int, int],
    how: Amounts,
    rng: np.random.Generator,
    pixel_max: int = 255,
    dtype: Any = np.float32,
) -> np.ndarray:
    out = np.full(rows.shape, np.nan, dtype)
    Augmenter(shape, pixel_max, max(1, len(rows)), dtype)(rows, how, rng, out)
    return out


def by_scipy(rows: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Each image on its own, interpolated in float64, with background all around."""
    _, n, height, width = where.shape
    images = rows.reshape(n, height, width).astype(float)
    new = [
        ndimage.map_coordinates(images[i], where[:, i].astype(float), order=1, mode="grid-constant")
        for i in range(n)
    ]
    return np.array(new).reshape(rows.shape)


class Drawn(np.random.Generator):
    """A generator that draws what it was given: a number between -1 and 1 for each of the six."""

    def __init__(self, numbers: Sequence[float]) -> None:
        super().__init__(np.random.PCG64(0))
        self.numbers = np.array(numbers).reshape(-1, 1)

    def uniform(self, low: float, high: float, size: Any) -> np.ndarray:  # type: ignore[override]
        assert (low, high) == (-1, 1)
        return np.broadcast_to(self.numbers, size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(n=st.integers(0, 9), shape=shapes, pixel_max=st.sampled_from([1, 16, 255]))
def test_nothing_asked_nothing_changed(
    dtype: Any, n: int, shape: tuple[int, int], pixel_max: int
) -> None:
    """Then it is what `Batches` makes of the same rows, bit for bit, and nothing is drawn."""
    rows, rng = noise(n, shape, pixel_max), np.random.default_rng(0)
    found = changed(rows, shape, Amounts(), rng, pixel_max, dtype)
    plain = Batches(rows, np.zeros(n, np.uint8), pixel_max, max(1, n), dtype)
    np.testing.assert_array_equal(found, plain.stretch(0, n)[0])
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize("by", [(-2, 1), (-1, -1), (0, 2), (1, 0), (2, -2)])
@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (5, 9)])
def test_whole_pixels_move_exactly(by: tuple[int, int], shape: tuple[int, int]) -> None:
    rows, (down, right) = noise(40, shape), by
    found = changed(rows, shape, Amounts(shift=2), Drawn([down / 2, right / 2, 1, 1, 1, 1]))
    padded = np.pad(rows.reshape(-1, *shape), ((0, 0), (2, 2), (2, 2)))
    moved = padded[:, 2 - down : 2 - down + shape[0], 2 - right : 2 - right + shape[1]]
    expected = moved.reshape(rows.shape) * np.float32(1 / 255)
    np.testing.assert_array_equal(found, expected)


@given(numbers=st.tuples(*[st.floats(-1, 1)] * 6))
def test_each_amount_is_what_it_says(numbers: tuple[float, ...]) -> None:
    """M undoes the map that stretches, slants and turns, written out from the definitions."""
    how = Amounts(shift=3, rotation=30, scale=0.2, shear=0.1)
    maps, shifts = draw_maps(2, how, Drawn(numbers))
    angle, slant = math.radians(30 * numbers[2]), 0.1 * numbers[5]
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    stretch = np.diag([1 + 0.2 * numbers[3], 1 + 0.2 * numbers[4]])
    forward = turn @ [[1, 0], [-slant, 1]] @ stretch
    np.testing.assert_allclose(maps @ forward, np.broadcast_to(np.eye(2), (2, 2, 2)), atol=1e-12)
    np.testing.assert_allclose(shifts, np.broadcast_to(3 * np.array(numbers[:2]), (2, 2)))


def test_draws_fill_their_ranges() -> None:
    how = Amounts(shift=3, rotation=30, scale=0.2, shear=0.1)
    _, shifts = draw_maps(20_000, how, np.random.default_rng(0))
    assert np.abs(shifts).max() == pytest.approx(3, abs=0.01)
    np.testing.assert_allclose(shifts.std(axis=0), 3 / math.sqrt(3), rtol=0.02)
    assert abs(np.corrcoef(shifts.T)[0, 1]) < 0.02
    only = {"rotation": 30.0, "scale": 0.2, "shear": 0.1}
    turned, zoomed, slanted = (
        draw_maps(20_000, Amounts(**{name: value}), np.random.default_rng(0))[0]
        for name, value in only.items()
    )
    angles = np.degrees(np.arctan2(turned[:, 0, 1], turned[:, 0, 0]))
    np.testing.assert_allclose(np.linalg.det(turned), 1)
    for drawn, most in (
        (angles, 30),
        (1 / zoomed[:, 0, 0] - 1, 0.2),
        (1 / zoomed[:, 1, 1] - 1, 0.2),
        (slanted[:, 1, 0], 0.1),
    ):
        assert np.abs(drawn).max() == pytest.approx(most, rel=0.01)
        assert abs(drawn.mean()) < 0.02 * most
        assert drawn.std() == pytest.approx(most / math.sqrt(3), rel=0.02)


@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (20, 31)])
@pytest.mark.parametrize("how", ONE_EACH[:4], ids=KINDS[:4])
def test_as_scipy_s_affine_transform(how: Amounts, shape: tuple[int, int]) -> None:
    rows = noise(50, shape)
    found = changed(rows, shape, how, np.random.default_rng(5)).reshape(-1, *shape)
    maps, shifts = draw_maps(50, how, np.random.default_rng(5))
    centre = (np.array(shape) - 1) / 2
    for image, new, m, t in zip(rows.reshape(-1, *shape), found, maps, shifts, strict=True):
        expected = ndimage.affine_transform(
            image / 255, m, centre - m @ (centre + t), order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(new, expected, atol=1e-4)


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 40), shape=shapes, how=amounts, seed=st.integers(0, 2**32))
def test_as_scipy_s_map_coordinates(
    n: int, shape: tuple[int, int], how: Amounts, seed: int
) -> None:
    """Whatever the amounts, far outside the image too, and always between 0 and 1."""
    rows = noise(n, shape)
    found = changed(rows, shape, how, np.random.default_rng(seed))
    assert found.min() >= 0
    assert found.max() <= 1
    where = Augmenter(shape, 255, n).coordinates(n, how, np.random.default_rng(seed))
    # Coordinates of float32 are the finer the nearer they are; only near ones see the image.
    np.testing.assert_allclose(found, by_scipy(rows, where) / 255, atol=1e-4)


@settings(deadline=None, max_examples=20)
@given(how=amounts, batch=st.integers(1, 70))
def test_nothing_is_left_from_one_call_to_the_next(how: Amounts, batch: int) -> None:
    shape, rows = (12, 12), noise(70, (12, 12))
    used, out = Augmenter(shape, 255, 70), np.empty_like(rows, np.float32)
    for other in ONE_EACH:
        used(rows, other, np.random.default_rng(1), out)
    used(rows[:batch], how, np.random.default_rng(2), out[:batch])
    expected = changed(rows[:batch], shape, how, np.random.default_rng(2))
    np.testing.assert_array_equal(out[:batch], expected)


@pytest.mark.parametrize("how", ONE_EACH, ids=str)
def test_rows_are_independent_and_seeds_decide(how: Amounts) -> None:
    rows = np.repeat(noise(1, (28, 28)), 64, axis=0)
    first, again, other = (
        changed(rows, (28, 28), how, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert len({row.tobytes() for row in (*first, *other)}) == 128


def test_floats_serve_as_well_as_bytes() -> None:
    rows = noise(20, (8, 8), 16)
    bytes_, floats = (
        changed(r, (8, 8), ALL, np.random.default_rng(0), 16)
        for r in (rows, rows.astype(np.float32))
    )
    np.testing.assert_array_equal(bytes_, floats)
    fine = changed(rows, (8, 8), ALL, np.random.default_rng(0), 16, np.float64)
    assert fine.dtype == np.float64
    assert fine.max() <= 1


@pytest.mark.parametrize("how", ONE_EACH, ids=str)
def test_ink_is_roughly_kept(how: Amounts, mnist: Dataset) -> None:
    """On the mean of many: what is stretched has more ink, what is shrunk less."""
    rows = mnist.images[:2000].reshape(2000, -1)
    mild = how.times(0.5)
    ink = changed(rows, (28, 28), mild, np.random.default_rng(0)).sum(axis=1)
    before = rows.sum(axis=1) / 255
    assert ink.mean() == pytest.approx(before.mean(), rel=0.06)
    assert np.all(ink > before / 3)


@pytest.mark.parametrize("sigma", [2, 4, 8])
@pytest.mark.parametrize("shape", [(28, 28), (8, 8)])
def test_elastic_has_the_size_and_the_smoothness_it_says(
    sigma: float, shape: tuple[int, int]
) -> None:
    """The standard deviation at every pixel, and the correlation with all others in its row."""
    n = 8000
    augmenter = Augmenter(shape, 255, n)
    how = Amounts(elastic=1.5, elastic_sigma=sigma)
    where = augmenter.coordinates(n, how, np.random.default_rng(0))
    moved = where - np.indices(shape)[:, None]
    np.testing.assert_allclose(moved.std(axis=1), 1.5, rtol=0.04)
    np.testing.assert_allclose(moved.mean(axis=1), 0, atol=0.06)
    middle = moved[:, :, shape[0] // 2]
    apart = np.arange(shape[1])[:, None] - np.arange(shape[1])
    promised = np.exp(-(apart**2) / (4 * sigma**2))
    for axis in (0, 1):
        np.testing.assert_allclose(np.corrcoef(middle[axis].T), promised, atol=0.06)
    across = np.mean(moved[0] * moved[1]) / 1.5**2
    assert abs(across) < 0.02


@given(length=st.integers(1, 64), sigma=st.floats(0.5, 100))
def test_bumps_are_dense_enough(length: int, sigma: float) -> None:
    """What the bumps' random weights make of correlation, without drawing any: B B^T."""
    bumps = _columns(length, sigma, np.dtype(float))[:, 2:]
    apart = np.arange(length)[:, None] - np.arange(length)
    np.testing.assert_allclose(bumps @ bumps.T, np.exp(-(apart**2) / (4 * sigma**2)), atol=0.006)


def test_elastic_is_simard_s_alpha() -> None:
    """The paper's own recipe, done literally, gives fields of the size that we promise."""
    sigma, rng = 4.0, np.random.default_rng(0)
    alpha = math.sqrt(12 * math.pi) * sigma * 1.2
    fields = [
        alpha * ndimage.gaussian_filter(rng.uniform(-1, 1, (90, 90)), sigma)[30:58, 30:58]
        for _ in range(300)
    ]
    where = Augmenter((28, 28), 1, 300).coordinates(300, Amounts(elastic=1.2), rng)
    ours = where[0] - np.arange(28)[:, None]
    assert np.std(fields) == pytest.approx(1.2, rel=0.05)
    assert np.std(ours) == pytest.approx(np.std(fields), rel=0.05)
    steepness = [np.diff(f, axis=2).std() for f in (np.array(fields), ours)]
    assert steepness[0] == pytest.approx(steepness[1], rel=0.05)


def test_times_and_any() -> None:
    assert not Amounts().any()
    assert not ALL.times(0).any()
    assert all(how.any() for how in ONE_EACH)
    assert ALL.times(2) == Amounts(shift=4, rotation=24, scale=0.24, shear=0.2, elastic=2)
    assert Amounts(elastic_sigma=7).times(3) == Amounts(elastic_sigma=7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shift", -1),
        ("rotation", math.nan),
        ("scale", 1),
        ("shear", -0.1),
        ("elastic", math.inf),
        ("elastic_sigma", 0),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Amounts(**{name: value})


def test_more_rows_than_promised_are_refused() -> None:
    rows = noise(5, (8, 8))
    with pytest.raises(ValueError, match="5 rows, where at most 4"):
        Augmenter((8, 8), 255, 4)(rows, ALL, np.random.default_rng(0), rows.astype(np.float32))
