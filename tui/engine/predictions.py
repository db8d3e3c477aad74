"""What a network says about every test digit after an epoch.

A plain, immutable value: the worker writes probabilities, a reader wraps them in
`Predictions`, widgets show them. What follows from the probabilities (the guess, how sure it
was, which ones are wrong) is computed once, when somebody first asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nn.analysis import scores


@dataclass(frozen=True, eq=False)
class Predictions:
    """A test set and the probabilities a network gave its classes.

    Two of them are equal only if they are the same object: comparing every probability
    would cost more than drawing them.

    Attributes:
        epoch: the epoch after which the network was asked.
        images: uint8 (n, height, width), 0 is paper, `pixel_max` is full ink; may be
            memory-mapped.
        pixel_max: the largest value a pixel can have, e.g. 255 for MNIST, 16 for 8x8 digits.
        labels: uint8 (n,), the true classes.
        probabilities: float32 (n, classes).
        class_names: one name per class, in the order of the columns.

    Raises:
        ValueError: the shapes contradict one another.
    """

    epoch: int
    images: npt.NDArray[np.uint8]
    pixel_max: int
    labels: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.float32]
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse shapes that contradict one another, before a widget trips over them."""
        if self.images.ndim != 3:
            raise ValueError(f"images must be (n, height, width), not {self.images.shape}")
        if self.probabilities.shape != (len(self.images), len(self.class_names)):
            raise ValueError(
                f"probabilities {self.probabilities.shape} must be "
                f"({len(self.images)} images, {len(self.class_names)} classes)"
            )
        if not self.class_names:
            raise ValueError("there must be at least one class")
        if self.labels.shape != (len(self.images),):
            raise ValueError(f"labels {self.labels.shape} must be ({len(self.images)} images,)")
        if self.pixel_max < 1:
            raise ValueError(f"pixel_max must be at least 1, not {self.pixel_max}")

    def __len__(self) -> int:
        return len(self.labels)

    def same_as(self, other: Predictions | None) -> bool:
        """Are these of the same epoch, and the same to the bit?"""
        return (
            other is not None
            and other.epoch == self.epoch
            and np.array_equal(other.probabilities, self.probabilities)
        )

    @cached_property
    def predicted(self) -> npt.NDArray[np.intp]:
        """The class with the largest probability: intp (n,). NaN never wins."""
        return scores.guesses(self.probabilities)

    @cached_property
    def confidence(self) -> npt.NDArray[np.float32]:
        """The probability of the predicted class: float32 (n,) in 0..1, NaN counts as 0."""
        return scores.probability_of(self.probabilities, self.predicted)

    @cached_property
    def wrong(self) -> npt.NDArray[np.intp]:
        """Indices of the digits it got wrong, ascending: intp (wrong,)."""
        return np.flatnonzero(self.predicted != self.labels)
