"""Batch normalisation: the equation, both of its modes, its way back, and PyTorch's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import assert_no_memory, bound, check_backward

from nn.batch_norm import EPSILON, MEMORY, BatchNorm
from nn.network import Network

sizes = st.integers(1, 7)
seeds = st.integers(0, 2**32 - 1)


def made(width: int, seed: int = 0, dtype: type = np.float64) -> BatchNorm:
    layer = BatchNorm(width, dtype)
    bound(layer, np.random.default_rng(seed), dtype)
    return layer


@settings(deadline=None)
@given(n=st.integers(2, 9), width=sizes, seed=seeds)
def test_in_training_it_is_its_equation(n: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = made(width, seed)
    mean_before, variance_before = layer.running_mean.copy(), layer.running_variance.copy()
    x = rng.normal(3, 2, (n, width))
    expected = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPSILON) * layer.gains + layer.shifts
    np.testing.assert_allclose(layer.forward(x, training=True), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        layer.running_mean, (1 - MEMORY) * mean_before + MEMORY * x.mean(axis=0), rtol=1e-12
    )
    np.testing.assert_allclose(
        layer.running_variance,
        (1 - MEMORY) * variance_before + MEMORY * x.var(axis=0, ddof=1),
        rtol=1e-12,
    )


@settings(deadline=None)
@given(n=sizes, width=sizes, seed=seeds)
def test_when_asked_it_goes_by_the_running_statistics_and_leaves_them(
    n: int, width: int, seed: int
) -> None:
    layer = made(width, seed)
    state = layer.running_mean.copy(), layer.running_variance.copy()
    x = np.random.default_rng(seed).normal(3, 2, (n, width))
    expected = (x - state[0]) / np.sqrt(state[1] + EPSILON) * layer.gains + layer.shifts
    found = layer.forward(x).copy()
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    # A digit's answer does not depend on the company it is in.
    for row, answer in zip(x, found, strict=True):
        np.testing.assert_array_equal(layer.forward(row[None])[0], answer)
    layer.forward(x)
    layer.backward(np.ones_like(x))
    np.testing.assert_array_equal((layer.running_mean, layer.running_variance), state)


@pytest.mark.parametrize("training", [True, False])
@settings(deadline=None)
@given(n=sizes, width=sizes, seed=seeds)
def test_gradients_are_central_differences(
    training: bool,
    n: int,
    width: int,
    seed: int,
    numeric_gradient: Callable[..., np.ndarray],
    assert_agree: Callable[..., None],
) -> None:
    rng = np.random.default_rng(seed)
    # Values apart from one another: of two that are nearly the same, differences say little.
    x = rng.permuted(np.linspace(-2, 2, n * width)).reshape(n, width)
    x += 0.1 * rng.standard_normal(x.shape)
    layer = BatchNorm(width, np.float64)
    check_backward(layer, x, rng, numeric_gradient, assert_agree, training=training)


@pytest.mark.parametrize("training", [True, False])
@settings(deadline=None, max_examples=30)
@given(batches=st.lists(st.integers(1, 12), min_size=2, max_size=14), seed=seeds)
def test_a_batch_is_not_changed_by_the_batches_before_it(
    training: bool, batches: list[int], seed: int
) -> None:
    assert_no_memory(lambda: BatchNorm(5, np.float64), batches, seed, training=training)


def test_asking_between_forward_and_forward_changes_nothing() -> None:
    """A screen may ask in the midst of training, with a batch of the very same size."""
    rng = np.random.default_rng(0)
    asked, alone = made(4), made(4)
    for _ in range(3):
        x, d = rng.standard_normal((6, 4)), rng.standard_normal((6, 4))
        asked.forward(x + 1)
        np.testing.assert_array_equal(
            asked.forward(x, training=True), alone.forward(x, training=True)
        )
        np.testing.assert_array_equal(asked.backward(d.copy()), alone.backward(d.copy()))
    np.testing.assert_array_equal(asked.running_variance, alone.running_variance)


@pytest.mark.parametrize("need_d_input", [True, False])
def test_a_batch_of_one_is_all_shift_and_teaches_nothing(need_d_input: bool) -> None:
    layer = made(3)
    state = layer.running_mean.copy(), layer.running_variance.copy()
    x = np.array([[5.0, -7.0, 0.0]])
    np.testing.assert_array_equal(layer.forward(x, training=True)[0], layer.shifts)
    d_x = layer.backward(np.array([[1.0, 2.0, 3.0]]), need_d_input=need_d_input)
    np.testing.assert_array_equal(layer.d_shifts, [1, 2, 3])
    np.testing.assert_array_equal(layer.d_gains, 0)
    if need_d_input:
        np.testing.assert_array_equal(d_x, 0)
    # There is no unbiased variance of one: an epoch's last, lone digit must not spoil it.
    np.testing.assert_array_equal((layer.running_mean, layer.running_variance), state)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 1.0, 1000.0, 0.1])
def test_a_unit_that_never_varies_is_all_shift(dtype: type, value: float) -> None:
    layer = made(2, dtype=dtype)
    x = np.full((33, 2), value, dtype)
    x[:, 1] = np.linspace(-1, 1, 33)
    y = layer.forward(x, training=True)
    # The mean of 33 times 1000 may be off by a rounding, over the root of epsilon.
    slack = 1000 * np.finfo(dtype).eps * max(value, 1)
    np.testing.assert_allclose(y[:, 0], layer.shifts[0], atol=slack)
    d_x = layer.backward(np.ones((33, 2), dtype))
    assert d_x is not None
    assert np.isfinite(d_x).all()
    assert np.isfinite(layer.d_gains).all()


def test_a_new_one_changes_nothing_of_a_standard_batch() -> None:
    network = Network.build([3, 4, 2], "relu", np.random.default_rng(0), normalization="batch_norm")
    (layer,) = (layer for layer in network.walk() if isinstance(layer, BatchNorm))
    np.testing.assert_array_equal((layer.gains, layer.running_variance), 1)
    np.testing.assert_array_equal((layer.shifts, layer.running_mean), 0)
    assert layer.parameter_names == ("gains", "shifts")
    assert np.shares_memory(layer.running_mean, network.state)
    assert np.shares_memory(layer.gains, network.parameters)


def test_the_running_statistics_become_those_of_the_data() -> None:
    rng = np.random.default_rng(0)
    network = Network([BatchNorm(3, np.float64)], np.float64)
    for _ in range(200):
        network.forward(rng.normal([1, 2, 3], [0.5, 1, 4], (500, 3)), training=True)
    np.testing.assert_allclose(network.state[:3], [1, 2, 3], atol=0.2)
    np.testing.assert_allclose(network.state[3:], [0.25, 1, 16], rtol=0.1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pytorch_agrees(dtype: str) -> None:
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed: BatchNorm was not compared with its own"
    )
    rng = np.random.default_rng(3)
    ours = BatchNorm(6, dtype)
    bound(ours, rng, dtype)
    theirs = torch.nn.BatchNorm1d(6, dtype=getattr(torch, dtype))
    with torch.no_grad():
        for tensor, array in (
            (theirs.weight, ours.gains),
            (theirs.bias, ours.shifts),
            (theirs.running_mean, ours.running_mean),
            (theirs.running_var, ours.running_variance),
        ):
            tensor.copy_(torch.from_numpy(array))
    near = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-10, "atol": 1e-12}
    for n in (7, 2, 32, 7):
        for training in (True, False):
            x = rng.normal(2, 3, (n, 6)).astype(dtype)
            d = rng.standard_normal((n, 6)).astype(dtype)
            theirs.train(training)
            theirs.zero_grad()
            leaf = torch.from_numpy(x.copy()).requires_grad_()
            expected = theirs(leaf)
            expected.backward(torch.from_numpy(d))
            np.testing.assert_allclose(
                ours.forward(x, training=training), expected.detach().numpy(), **near
            )
            np.testing.assert_allclose(ours.backward(d.copy()), leaf.grad.numpy(), **near)
            np.testing.assert_allclose(ours.d_gains, theirs.weight.grad.numpy(), **near)
            np.testing.assert_allclose(ours.d_shifts, theirs.bias.grad.numpy(), **near)
            np.testing.assert_allclose(ours.running_mean, theirs.running_mean.numpy(), **near)
            np.testing.assert_allclose(ours.running_variance, theirs.running_var.numpy(), **near)
