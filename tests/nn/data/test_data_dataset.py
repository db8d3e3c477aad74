"""Data sets and their division: the fields keep their promises, the split is scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.data.dataset import (
    DataError,
    Dataset,
    default_split,
    fingerprint,
    make_dataset,
    shown,
    split,
)

NAMES = tuple("0123456789")


def made(n: int = 20, n_official_train: int | None = None, size: tuple[int, int] = (3, 2)):
    rng = np.random.default_rng(n)
    return make_dataset(
        "made",
        rng.integers(0, 256, (n, *size), dtype=np.uint8),
        rng.integers(0, 10, n, dtype=np.uint8),
        class_names=NAMES,
        n_official_train=n_official_train,
    )


@settings(deadline=None, max_examples=200)
@given(
    n=st.integers(2, 400),
    fraction=st.floats(0.001, 0.999),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_fraction_splits_exactly_as_scikit_learn_does(n: int, fraction: float, seed: int) -> None:
    from sklearn.model_selection import train_test_split

    dataset = made(n)
    rows = dataset.images.reshape(n, -1)
    try:
        expected = train_test_split(
            rows, dataset.labels, np.arange(n), test_size=fraction, random_state=seed
        )
    except ValueError:
        with pytest.raises(DataError, match="leaves none to train on"):
            split(dataset, repr(fraction), seed)
        return
    got = split(dataset, repr(fraction), seed)
    train_images, test_images, train_labels, test_labels, _, test_indices = expected
    np.testing.assert_array_equal(got.train_images, train_images)
    np.testing.assert_array_equal(got.test_images, test_images)
    np.testing.assert_array_equal(got.train_labels, train_labels)
    np.testing.assert_array_equal(got.test_labels, test_labels)
    np.testing.assert_array_equal(got.test_indices, test_indices)


def test_the_official_split_is_views_of_the_very_arrays() -> None:
    dataset = made(20, n_official_train=15)
    got = split(dataset, "official", 3)
    assert got.train_images.shape == (15, 6)
    assert got.test_images.shape == (5, 6)
    for part in (got.train_images, got.test_images):
        assert np.shares_memory(part, dataset.images)
    for part in (got.train_labels, got.test_labels):
        assert np.shares_memory(part, dataset.labels)
    np.testing.assert_array_equal(got.test_images.reshape(5, 3, 2), dataset.images[15:])
    np.testing.assert_array_equal(got.train_labels, dataset.labels[:15])
    np.testing.assert_array_equal(got.test_indices, np.arange(15, 20))


@pytest.mark.parametrize("how", ["official", "0.25"])
def test_a_split_carries_what_the_network_and_the_screen_need(how: str) -> None:
    dataset = made(20, n_official_train=15)
    got = split(dataset, how, 1)
    assert got.image_shape == (3, 2)
    assert (got.pixel_max, got.class_names) == (255, NAMES)
    assert (got.dataset_name, got.fingerprint) == ("made", dataset.fingerprint)
    assert got.test_indices.dtype == np.int64
    np.testing.assert_array_equal(dataset.labels[got.test_indices], got.test_labels)
    for array in (got.train_images, got.train_labels, got.test_images, got.test_labels):
        assert array.dtype == np.uint8
        assert array.flags.c_contiguous
    for array in (*vars(got).values(),):
        if isinstance(array, np.ndarray):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


@pytest.mark.parametrize(
    "how",
    ["", "0", "1", "1.0", "0.0", "-0.2", "1.5", "nan", "inf", "20%", "Official", "ten\x1b[2J"],
)
def test_a_split_that_is_neither_is_refused(how: str, sentence) -> None:
    with pytest.raises(DataError) as caught:
        split(made(20, n_official_train=15), how, 0)
    assert "test fraction between 0 and 1" in sentence(caught)


@pytest.mark.parametrize(("n", "how"), [(1, "0.5"), (10, "0.95"), (3, "0.9")])
def test_no_side_may_be_empty(n: int, how: str, sentence) -> None:
    with pytest.raises(DataError) as caught:
        split(made(n), how, 0)
    assert f"all {n} rows" in sentence(caught)


def test_one_row_on_each_side_is_enough() -> None:
    got = split(made(2), "0.0001", 0)
    assert (len(got.train_labels), len(got.test_labels)) == (1, 1)


@pytest.mark.parametrize("n_train", [0, 20, 21, -1])
def test_an_official_split_with_an_empty_side_is_refused(n_train: int, sentence) -> None:
    with pytest.raises(DataError) as caught:
        split(made(20, n_official_train=n_train), "official", 0)
    assert "one side empty" in sentence(caught)


def test_official_is_refused_where_there_is_none(sentence) -> None:
    with pytest.raises(DataError) as caught:
        split(made(20), "official", 0)
    assert "'made' has no official split" in sentence(caught)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed: int, sentence) -> None:
    with pytest.raises(DataError) as caught:
        split(made(20), "0.5", seed)
    assert str(seed) in sentence(caught)


def test_the_default_split_follows_the_data() -> None:
    assert default_split(made(20, n_official_train=15)) == "official"
    assert default_split(made(20)) == "0.2"


def test_the_fingerprint_is_of_the_content_alone() -> None:
    images = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
    labels = np.array([0, 1, 2, 3], dtype=np.uint8)
    first = make_dataset("a", images, labels, class_names=NAMES)
    second = make_dataset(
        "b", np.asfortranarray(images), labels, class_names=NAMES, n_official_train=2
    )
    assert first.fingerprint == second.fingerprint == fingerprint(images, labels)
    # Worked out apart from the code, so that it cannot drift: checkpoints compare it.
    assert first.fingerprint == "bc9544a3c2324f74df7c6390a6ccecf10463547ba5f70babe3b350ea098ab9d7"
    changed = images.copy()
    changed[3, 2, 1] ^= 1
    others = [
        fingerprint(changed, labels),
        fingerprint(images, labels[::-1]),
        fingerprint(images.reshape(4, 2, 3), labels),
        fingerprint(images[:3], labels[:3]),
    ]
    assert len({first.fingerprint, *others}) == 5


def refused(images: np.ndarray, labels: np.ndarray, pixel_max: int = 255) -> Dataset:
    return make_dataset("bad\n", images, labels, class_names=NAMES, pixel_max=pixel_max)


@pytest.mark.parametrize(
    ("images", "labels", "pixel_max", "part"),
    [
        (np.zeros((2, 4), np.uint8), np.zeros(2, np.uint8), 255, "needs images (n, h, w)"),
        (np.zeros((2, 2, 2)), np.zeros(2, np.uint8), 255, "unsigned bytes"),
        (np.zeros((2, 2, 2), np.uint8), np.zeros(2, int), 255, "unsigned bytes"),
        (np.zeros((2, 2, 2), np.uint8), np.zeros((2, 1), np.uint8), 255, "labels (n,)"),
        (np.zeros((0, 2, 2), np.uint8), np.zeros(0, np.uint8), 255, "no images"),
        (np.zeros((2, 0, 2), np.uint8), np.zeros(2, np.uint8), 255, "no images"),
        (np.zeros((2, 2, 2), np.uint8), np.zeros(3, np.uint8), 255, "2 images but 3 labels"),
        (np.zeros((2, 2, 2), np.uint8), np.array([3, 10], np.uint8), 255, "label 10 (row 1)"),
        (np.full((2, 2, 2), 17, np.uint8), np.zeros(2, np.uint8), 16, "a pixel of 17"),
    ],
)
def test_a_data_set_that_breaks_a_promise_is_refused(
    images: np.ndarray, labels: np.ndarray, pixel_max: int, part: str, sentence
) -> None:
    with pytest.raises(DataError) as caught:
        refused(images, labels, pixel_max)
    assert part in sentence(caught)


def test_the_arrays_are_read_only_but_the_callers_own_is_left_alone() -> None:
    images = np.zeros((2, 2, 2), np.uint8)
    dataset = make_dataset("a", images, np.zeros(2, np.uint8), class_names=NAMES)
    assert np.shares_memory(images, dataset.images)
    with pytest.raises(ValueError, match="read-only"):
        dataset.images[0, 0, 0] = 1
    images[0, 0, 0] = 1


@given(st.text(max_size=500))
def test_what_is_shown_is_printable_and_short(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 200


def test_a_name_is_shown_whole_when_it_is_short() -> None:
    assert shown("a b") == "'a b'"
    assert shown("x\x1b[31m") == "'x\\x1b[31m'"
