"""The mini-batches of an epoch, one after the other: as they are, or drawn anew by augmentation.

Augmentation costs more than the step that it feeds, so it is done ahead of the trainer by other
threads. What a batch looks like depends on the seed, the epoch and its number in it, never on the
threads, so that the same seed still means the same run.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.augment import Amounts, Augmenter
from nn.batches import Batches
from nn.buffers import zeros
from nn.data.dataset import Split
from nn.hyperparameters import Hyperparameters
from nn.prefetch import Prefetcher, batch_rng

Array = NDArray[Any]

AHEAD = 8
"""Batches that may wait for the trainer."""

DROPOUT, VALIDATION = 1, 2
"""Streams of random numbers beside the run's main one: to switch one thing on leaves the rest of
the run's chances as they were."""


@dataclass(frozen=True, eq=False)
class _Job:
    """An epoch, as far as its batches depend on it."""

    epoch: int
    permutation: NDArray[np.intp]
    amounts: Amounts


class Supply:
    """Hands out the training digits of an epoch in the order of its permutation."""

    def __init__(
        self, split: Split, batch_size: int, seed: int, threads: int | None = None
    ) -> None:
        """`threads` draw ahead, by default one or two; how many changes nothing but the speed."""
        self._split = split
        self._batch_size = batch_size
        self._seed = seed
        self._threads = min(2, (os.cpu_count() or 1) // 2) if threads is None else threads
        self._plain = Batches(split.train_images, split.train_labels, split.pixel_max, batch_size)
        self._ahead: Prefetcher[_Job, Array, Array] | None = None
        self._job = _Job(0, np.empty(0, np.intp), Amounts())
        self._position = 0

    def begin(
        self, epoch: int, permutation: NDArray[np.intp], position: int, amounts: Amounts
    ) -> None:
        """Go on from `position`, a multiple of the batch size, of this epoch's permutation."""
        self._job = _Job(epoch, permutation, amounts)
        self._position = position
        if amounts.any():
            if self._ahead is None:
                self._ahead = self._drawn_ahead()
            first, stop = (-(-p // self._batch_size) for p in (position, len(permutation)))
            self._ahead.restart(self._job, first, stop)
        elif self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def change(self, amounts: Amounts) -> None:
        """Augment by other amounts from the next batch on."""
        self.begin(self._job.epoch, self._job.permutation, self._position, amounts)

    def take(self) -> tuple[Array, NDArray[Any]]:
        """x (n, n_features) in 0..1, valid until the next call, and labels (n,)."""
        indices = self._job.permutation[self._position : self._position + self._batch_size]
        self._position += len(indices)
        if self._ahead is None:
            return self._plain.gather(indices)
        return next(self._ahead), self._split.train_labels.take(indices)

    def _drawn_ahead(self) -> Prefetcher[_Job, Array, Array]:
        # The threads must know the digits, but not this object: see `Prefetcher`.
        split, b, seed = self._split, self._batch_size, self._seed

        def producer() -> Callable[[_Job, int, Array], Array]:
            augment = Augmenter(split.image_shape, split.pixel_max, b)

            def draw(job: _Job, batch: int, slot: Array) -> Array:
                rows = split.train_images[job.permutation[batch * b : (batch + 1) * b]]
                x = slot[: len(rows)]
                augment(rows, job.amounts, batch_rng(seed, job.epoch, batch), out=x)
                return x

            return draw

        def slot() -> Array:
            return zeros((b, split.train_images.shape[1]), np.float32)

        return Prefetcher(producer, slot, self._threads, AHEAD)


def stream(seed: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(number,))))


def n_held_out(n: int, h: Hyperparameters) -> int:
    """How many of n training digits are to validate on."""
    return math.ceil(n * h.validation)


def held_out(split: Split, h: Hyperparameters) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows to train on and the rows to validate on, both in their own order."""
    n = len(split.train_images)
    shuffled = stream(h.seed, VALIDATION).permutation(n)
    n_validation = n_held_out(n, h)
    return np.sort(shuffled[n_validation:]), np.sort(shuffled[:n_validation])


def amounts_of(h: Hyperparameters) -> Amounts:
    """What augmentation is to do, its strength included."""
    return Amounts(
        shift=h.shift,
        rotation=h.rotation,
        scale=h.scaling,
        shear=h.shear,
        elastic=h.elastic,
        elastic_sigma=h.elastic_sigma,
    ).times(h.augmentation)
