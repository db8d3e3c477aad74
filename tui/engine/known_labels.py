"""Labels of the official MNIST test set that people do not confirm.

Northcutt, Athalye and Mueller (2021) had five people look at each test digit whose label looked
wrong. Of fifteen, fewer than three of them confirmed it. Whoever gets these "wrong" may be right,
and one who gets all 10,000 right has learnt to err.

They are known by the content of the test set, not by its name: no other set ever gets the badge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nn.data.dataset import fingerprint
from nn.data.published import MNIST_TEST_FINGERPRINT

MNIST_DOUBTFUL = (
    947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729,
)  # fmt: skip
"""Places in the official test set, from 0."""

_SHAPE = (10_000, 28, 28)

_NONE = np.empty(0, np.intp)


def doubtful_rows(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Which rows of a test set have a doubtful label: intp (15,) for the official MNIST test set,
    images (10000, 28, 28), and (0,) for any other. Reads all pixels: some 20 ms."""
    if images.shape != _SHAPE or fingerprint(images, labels) != MNIST_TEST_FINGERPRINT:
        return _NONE
    return np.array(MNIST_DOUBTFUL, np.intp)
