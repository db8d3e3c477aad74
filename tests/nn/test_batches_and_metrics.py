"""Digits gathered into batches, and how good a network is on digits it never saw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss

from nn.batches import Batches
from nn.data import Split
from nn.losses import SoftmaxCrossEntropy
from nn.metrics import CHUNK, evaluate
from nn.network import Network


def random_batches(
    n: int, most: int, pixel_max: int = 255, dtype: type[np.floating] = np.float32
) -> Batches:
    rng = np.random.default_rng(n)
    images = rng.integers(0, pixel_max + 1, (n, 12), dtype=np.uint8)
    return Batches(images, rng.integers(0, 10, n, dtype=np.uint8), pixel_max, most, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pixel_max", [1, 16, 255])
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_gather_is_the_rows_scaled(
    dtype: type[np.floating], pixel_max: int, data: st.DataObject
) -> None:
    batches = random_batches(50, 20, pixel_max, dtype)
    assert len(batches) == 50
    for _ in range(3):
        indices = np.array(data.draw(st.lists(st.integers(0, 49), min_size=1, max_size=20)))
        x, labels = batches.gather(indices)
        assert x.dtype == dtype
        np.testing.assert_allclose(x, batches.images[indices] / pixel_max, rtol=2e-7)
        np.testing.assert_array_equal(labels, batches.labels[indices])


def test_pixels_span_nought_to_one() -> None:
    images = np.array([[0, 8, 16]], np.uint8)
    x, _ = Batches(images, np.array([3], np.uint8), 16, 1).gather(np.array([0]))
    assert x.tolist() == [[0.0, 0.5, 1.0]]


def test_a_stretch_is_the_rows_in_order() -> None:
    batches = random_batches(50, 20)
    x, labels = batches.stretch(7, 20)
    np.testing.assert_allclose(x, batches.images[7:20] / 255, rtol=2e-7)
    np.testing.assert_array_equal(labels, batches.labels[7:20])
    gathered, _ = batches.gather(np.arange(7, 20))
    np.testing.assert_array_equal(x, gathered)


def test_read_only_images_stay_as_they_are() -> None:
    batches = random_batches(50, 20)
    batches.images.flags.writeable = False
    before = batches.images.copy()
    x, _ = batches.gather(np.arange(20))
    x.fill(-1)
    np.testing.assert_array_equal(batches.images, before)
    again, _ = batches.gather(np.arange(20))
    np.testing.assert_allclose(again, before[:20] / 255, rtol=2e-7)


# Fewer than a chunk, exactly one, one more, several and a rest.
@pytest.mark.parametrize("n", [1, 37, CHUNK, CHUNK + 1, 3 * CHUNK + 123])
def test_an_evaluation_is_scikit_learns(n: int) -> None:
    batches = random_batches(n, CHUNK)
    network = Network.build([12, 9, 10], "relu", np.random.default_rng(0))
    found = evaluate(network, batches, SoftmaxCrossEntropy(10))
    assert found.probabilities.shape == (n, 10)
    guesses = found.probabilities.argmax(axis=1)
    expected = network.predict_probabilities((batches.images / 255).astype(np.float32))
    np.testing.assert_allclose(found.probabilities, expected, rtol=1e-4, atol=1e-6)
    assert found.accuracy == accuracy_score(batches.labels, guesses)
    exact = found.probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    assert found.loss == pytest.approx(log_loss(batches.labels, exact, labels=range(10)), rel=1e-4)


def test_an_evaluation_keeps_its_probabilities_to_itself() -> None:
    batches = random_batches(CHUNK + 3, CHUNK)
    network = Network.build([12, 9, 10], "relu", np.random.default_rng(0))
    loss = SoftmaxCrossEntropy(10)
    first = evaluate(network, batches, loss)
    kept = first.probabilities.copy()
    network.parameters += 1
    evaluate(network, batches, loss)
    np.testing.assert_array_equal(first.probabilities, kept)


def test_accuracy_counts_digits(make_split: Callable[..., Split]) -> None:
    split = make_split(classes=4, n_test=40)
    network = Network.build([16, 4], "relu", np.random.default_rng(0))
    network.parameters[...] = 0
    network.parameters[-4 + 2] = 1  # always says 2
    batches = Batches(split.test_images, split.test_labels, split.pixel_max, CHUNK)
    found = evaluate(network, batches, SoftmaxCrossEntropy(4))
    assert found.accuracy == np.count_nonzero(split.test_labels == 2) / 40
    assert type(found.accuracy) is float
    assert type(found.loss) is float
