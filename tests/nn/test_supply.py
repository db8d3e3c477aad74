"""The batches of an epoch: the same ones for any number of threads, from any position on."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import MakeSplit, square

from nn.augment import Amounts, Augmenter
from nn.prefetch import batch_rng
from nn.supply import Supply

OFF, SOME = Amounts(), Amounts(shift=1, rotation=15, elastic=0.5, elastic_sigma=2)
N, B = 50, 8
Taken = list[tuple[np.ndarray, np.ndarray]]


def taken(supply: Supply, count: int) -> Taken:
    return [(x.copy(), labels.copy()) for x, labels in (supply.take() for _ in range(count))]


def assert_same(ours: Taken, theirs: Taken) -> None:
    assert len(ours) == len(theirs)
    for (x, labels), (other_x, other_labels) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(x, other_x)
        np.testing.assert_array_equal(labels, other_labels)


def expected(make_split: MakeSplit, epoch: int, permutation: np.ndarray, amounts: Amounts) -> Taken:
    """The whole epoch, by the book: every batch by itself."""
    split = square(make_split(N))
    augment = Augmenter((4, 4), 255, B)
    batches = []
    for batch, start in enumerate(range(0, N, B)):
        rows = permutation[start : start + B]
        x = np.empty((len(rows), 16), np.float32)
        augment(split.train_images[rows], amounts, batch_rng(7, epoch, batch), out=x)
        batches.append((x, split.train_labels[rows]))
    return batches


@pytest.mark.parametrize("threads", [0, 1, 3, None])
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 99), first=st.integers(0, 6), data=st.data())
def test_batches_depend_on_the_epoch_and_their_number_alone(
    make_split: MakeSplit, threads: int | None, seed: int, first: int, data: st.DataObject
) -> None:
    supply = Supply(square(make_split(N)), B, 7, threads)
    rng = np.random.default_rng(seed)
    for epoch in data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4)):
        permutation = rng.permutation(N)
        amounts = data.draw(st.sampled_from([OFF, SOME]))
        whole = expected(make_split, epoch, permutation, amounts)
        supply.begin(epoch, permutation, first * B, amounts)
        # Perhaps somebody stops in the midst, or turns the knob.
        count = data.draw(st.integers(0, len(whole) - first))
        assert_same(taken(supply, count), whole[first : first + count])
        if data.draw(st.booleans()):
            amounts = data.draw(st.sampled_from([OFF, SOME]))
            supply.change(amounts)
            whole = expected(make_split, epoch, permutation, amounts)
            assert_same(taken(supply, len(whole) - first - count), whole[first + count :])


def test_every_row_once_and_the_last_batch_is_what_is_left(make_split: MakeSplit) -> None:
    split = square(make_split(N))
    for amounts in (OFF, SOME):
        supply = Supply(split, B, 7)
        supply.begin(0, np.arange(N), 0, amounts)
        batches = taken(supply, 7)
        assert [len(x) for x, _ in batches] == [8] * 6 + [2]
        np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), split.train_labels)
        x = np.concatenate([x for x, _ in batches])
        assert x.dtype == np.float32
        assert x.min() >= 0
        assert x.max() <= 1
        assert np.allclose(x, split.train_images / 255, rtol=1e-6) == (amounts is OFF)


def test_the_seed_matters(make_split: MakeSplit) -> None:
    batches = []
    for seed in (7, 7, 8):
        supply = Supply(square(make_split(N)), B, seed)
        supply.begin(0, np.arange(N), 0, SOME)
        batches.append(supply.take()[0].copy())
    np.testing.assert_array_equal(batches[0], batches[1])
    assert (batches[0] != batches[2]).any()


def test_an_epoch_that_is_all_behind_has_no_batches(make_split: MakeSplit) -> None:
    """As after the last step of an epoch whose test is still to come."""
    supply = Supply(square(make_split(N)), B, 7, 1)
    supply.begin(0, np.arange(N), N, SOME)
    supply.begin(1, np.arange(N), 0, SOME)
    assert_same(taken(supply, 7), expected(make_split, 1, np.arange(N), SOME))


def prefetching() -> int:
    return sum(thread.name.startswith("prefetch") for thread in threading.enumerate())


def test_threads_come_with_augmentation_and_go_with_it(make_split: MakeSplit) -> None:
    gc.collect()
    before = prefetching()
    supply = Supply(square(make_split(N)), B, 7, 2)
    supply.begin(0, np.arange(N), 0, OFF)
    assert prefetching() == before
    supply.change(SOME)
    assert prefetching() == before + 2
    supply.take()
    supply.change(OFF)
    assert prefetching() == before
