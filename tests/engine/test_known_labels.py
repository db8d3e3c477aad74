"""The doubtful labels of MNIST: known by content, and given to no other set."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from nn import data
from nn.data.dataset import fingerprint
from nn.data.published import MNIST_TEST_FINGERPRINT
from tui.engine import known_labels
from tui.engine.known_labels import MNIST_DOUBTFUL, doubtful_rows

REAL_DATA = os.environ.get("INKLING_DATA")


def test_they_are_the_fifteen_of_the_published_list() -> None:
    assert len(set(MNIST_DOUBTFUL)) == 15
    assert list(MNIST_DOUBTFUL) == sorted(MNIST_DOUBTFUL)
    assert (MNIST_DOUBTFUL[0], sum(MNIST_DOUBTFUL), MNIST_DOUBTFUL[-1]) == (947, 68696, 9729)


def test_a_set_of_the_same_size_is_another_set() -> None:
    images = np.zeros((10_000, 28, 28), np.uint8)
    assert doubtful_rows(images, np.zeros(10_000, np.uint8)).tolist() == []


def test_content_is_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = np.zeros((10_000, 28, 28), np.uint8), np.zeros(10_000, np.uint8)
    images[:, 3, 3] = np.arange(10_000) % 251
    monkeypatch.setattr(known_labels, "MNIST_TEST_FINGERPRINT", fingerprint(images, labels))
    assert doubtful_rows(images, labels).tolist() == list(MNIST_DOUBTFUL)
    labels[5] = 1
    assert doubtful_rows(images, labels).tolist() == []


def test_other_shapes_are_not_even_read() -> None:
    images = np.broadcast_to(np.uint8(0), (2**40, 28, 28))
    assert doubtful_rows(images, np.zeros(1, np.uint8)).tolist() == []


@pytest.mark.skipif(not REAL_DATA, reason="INKLING_DATA does not name a folder with mnist/")
def test_the_real_mnist(tmp_path: Path) -> None:
    assert REAL_DATA is not None
    mnist = data.load("mnist", data_dir=Path(REAL_DATA), cache_dir=tmp_path)
    images, labels = mnist.images[60_000:], mnist.labels[60_000:]
    assert fingerprint(images, labels) == MNIST_TEST_FINGERPRINT
    assert doubtful_rows(images, labels).tolist() == list(MNIST_DOUBTFUL)
