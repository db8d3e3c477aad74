"""Every combination of parts, its gradient asked three ways: by hand, by difference, by autograd.

All combinations of activation, normalisation, skip, smoothing and mode are gone through, each with
shapes of hypothesis' choice. A difference across the kink of an activation says nothing, so that
`gradient_check` sets those coordinates aside; how many it may is looked at here.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import SameMask

from nn.activations import ACTIVATIONS
from nn.autograd_network import loss_and_gradient
from nn.inspect import gradient_check, kink_sides
from nn.losses import SoftmaxCrossEntropy
from nn.network import Network

Example = tuple[Network, np.ndarray, np.ndarray]
widths = st.lists(st.integers(2, 6), min_size=0, max_size=3)
seeds = st.integers(0, 2**32 - 1)
every_stack = pytest.mark.parametrize(
    ("activation", "normalization", "skip"),
    list(itertools.product(ACTIVATIONS, ("none", "batch_norm"), ("none", "residual"))),
)
every_mode = pytest.mark.parametrize(
    ("smoothing", "training"), list(itertools.product((0.0, 0.1), (False, True)))
)


def example(
    hidden: list[int], activation: str, normalization: str, skip: str, seed: int, dropout: float = 0
) -> Example:
    """A network off its start, a batch of 8 whose samples are well apart, and labels."""
    rng = np.random.default_rng(seed)
    network = Network.build(
        [4, *hidden, 3],
        activation,
        rng,
        np.float64,
        normalization=normalization,
        skip=skip,
        dropout_rng=SameMask(seed % 1000),
    )
    network.set_dropout(dropout)
    network.parameters += 0.2 * rng.standard_normal(network.parameters.size)
    network.state += rng.uniform(0, 0.5, network.state.size)
    return network, 2 * rng.standard_normal((8, 4)), rng.integers(0, 3, 8)


def by_hand(example: Example, smoothing: float, training: bool) -> np.ndarray:
    network, x, labels = example
    loss = SoftmaxCrossEntropy(network.n_classes, network.dtype, smoothing)
    loss.forward(network.forward(x, training=training), labels)
    network.backward(loss.backward())
    return network.gradients.copy()


@every_stack
@every_mode
@settings(deadline=None, max_examples=6)
@given(hidden=widths, seed=seeds)
def test_by_hand_by_difference_and_by_autograd(
    activation: str,
    normalization: str,
    skip: str,
    smoothing: float,
    training: bool,
    hidden: list[int],
    seed: int,
) -> None:
    network, x, labels = example(hidden, activation, normalization, skip, seed)
    checked = gradient_check(network, x, labels, training=training, smoothing=smoothing)
    assert checked.worst is not None
    assert checked.passed, checked.worst
    _, rebuilt = loss_and_gradient(network, x, labels, training=training, label_smoothing=smoothing)
    ours = by_hand((network, x, labels), smoothing, training)
    np.testing.assert_allclose(ours, rebuilt, rtol=1e-6, atol=1e-9 * np.abs(rebuilt).max())


@every_stack
@settings(deadline=None, max_examples=6)
@given(hidden=widths, seed=seeds, rate=st.sampled_from([0.2, 0.5]))
def test_with_dropout_by_hand_by_difference_and_by_autograd(
    activation: str, normalization: str, skip: str, hidden: list[int], seed: int, rate: float
) -> None:
    """The mask is the same at every question, so that there is one function to differentiate."""
    network, x, labels = drawn = example(hidden, activation, normalization, skip, seed, rate)
    ours = by_hand(drawn, 0.1, True)
    _, rebuilt = loss_and_gradient(network, x, labels, training=True, label_smoothing=0.1)
    scale = np.abs(rebuilt).max()
    np.testing.assert_allclose(ours, rebuilt, rtol=1e-6, atol=1e-9 * scale)

    loss = SoftmaxCrossEntropy(3, np.float64, 0.1)

    def asked() -> tuple[float, list[Any]]:
        value = loss.forward(network.forward(x, training=True), labels)
        return value, [side.copy() for side in kink_sides(network)]

    _, here = asked()
    h, measured = 1e-4, 0
    coordinates = np.random.default_rng(seed).permutation(ours.size)[:25]
    for i in coordinates:
        values, smooth = [], True
        for factor in (-2, -1, 1, 2):
            network.parameters[i] += factor * h
            value, sides = asked()
            network.parameters[i] -= factor * h
            values.append(value)
            smooth &= all(map(np.array_equal, sides, here))
        if smooth:
            far_left, left, right, far_right = values
            numeric = (8 * (right - left) - (far_right - far_left)) / (12 * h)
            assert math.isclose(ours[i], numeric, rel_tol=1e-6, abs_tol=1e-8 * max(scale, 1))
            measured += 1
    assert measured > 0


@pytest.mark.parametrize("part", ["gain", "mean", "spread", "around", "mask", "smoothing"])
def test_a_part_left_out_of_the_way_back_is_seen(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What all of the above is for: each of these mistakes must make a difference."""
    from nn.batch_norm import BatchNorm
    from nn.layers import Dropout
    from nn.residual import Residual

    network, x, labels = example([5, 5], "tanh", "batch_norm", "residual", 3, 0.4)
    right = by_hand((network, x, labels), 0.1, True)
    originals = {kind: kind.backward for kind in (BatchNorm, Dropout, Residual)}

    def without_gain(self: BatchNorm, d: np.ndarray, **options: bool) -> Any:
        return originals[BatchNorm](self, d, **options) / self.gains

    def without_mean(self: BatchNorm, d: np.ndarray, **options: bool) -> Any:
        mean = d.mean(axis=0)
        return originals[BatchNorm](self, d, **options) + self.gains * self._inverse_spread * mean

    def without_spread(self: BatchNorm, d: np.ndarray, **options: bool) -> Any:
        return 1.01 * originals[BatchNorm](self, d, **options)

    def without_around(self: Residual, d: np.ndarray, **options: bool) -> Any:
        around = d.copy()
        return originals[Residual](self, d, **options) - around

    def without_mask(_self: Dropout, d: np.ndarray, **_: bool) -> Any:
        return d

    wrong: dict[str, tuple[Any, Any]] = {
        "gain": (BatchNorm, without_gain),
        "mean": (BatchNorm, without_mean),
        "spread": (BatchNorm, without_spread),
        "around": (Residual, without_around),
        "mask": (Dropout, without_mask),
    }
    if part in wrong:
        monkeypatch.setattr(wrong[part][0], "backward", wrong[part][1])
    found = by_hand((network, x, labels), 0.0 if part == "smoothing" else 0.1, True)
    _, rebuilt = loss_and_gradient(network, x, labels, training=True, label_smoothing=0.1)
    np.testing.assert_allclose(right, rebuilt, rtol=1e-6, atol=1e-10)
    assert not np.allclose(found, rebuilt, rtol=1e-4, atol=1e-8)
