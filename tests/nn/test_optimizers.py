"""Each optimiser against its textbook formula, one number at a time, and against PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.hyperparameters import OptimizerName
from nn.optimizers import OPTIMIZERS, SGD, Adam, Momentum

Reference = Callable[[float, list[float], float, float], Iterator[float]]


def sgd(p: float, gradients: list[float], lr: float, _momentum: float) -> Iterator[float]:
    for g in gradients:
        p -= lr * g
        yield p


def heavy_ball(p: float, gradients: list[float], lr: float, momentum: float) -> Iterator[float]:
    v = 0.0
    for g in gradients:
        v = momentum * v + g
        p -= lr * v
        yield p


def adam(p: float, gradients: list[float], lr: float, momentum: float) -> Iterator[float]:
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        m = momentum * m + (1 - momentum) * g
        v = 0.999 * v + 0.001 * g * g
        p -= lr * (m / (1 - momentum**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
        yield p


REFERENCES: dict[str, Reference] = {"sgd": sgd, "momentum": heavy_ball, "adam": adam}
every_optimiser = pytest.mark.parametrize("name", OPTIMIZERS)


def gradients_for(steps: int, size: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    # Very different sizes, as in a real network, and some exact zeros.
    g = rng.standard_normal((steps, size)) * 10.0 ** rng.integers(-6, 3, size)
    return np.where(rng.random((steps, size)) < 0.1, 0.0, g)


def test_every_optimiser_has_a_reference_here() -> None:
    assert REFERENCES.keys() == OPTIMIZERS.keys() == set(get_args(OptimizerName))


@every_optimiser
@settings(deadline=None, max_examples=40)
@given(
    # More parameters than any block an optimiser might work in.
    size=st.sampled_from([1, 3, 1000, 40_001]),
    lr=st.floats(1e-4, 1),
    momentum=st.floats(0, 0.99),
    seed=st.integers(0, 2**32 - 1),
)
def test_twenty_steps_follow_the_formula(
    name: OptimizerName, size: int, lr: float, momentum: float, seed: int
) -> None:
    gradients = gradients_for(20, size, seed)
    parameters = np.random.default_rng(seed).standard_normal(size)
    start = parameters.copy()
    optimiser = OPTIMIZERS[name](parameters, momentum)
    watched = sorted({0, size // 2, size - 1})
    paths = {
        i: REFERENCES[name](float(start[i]), gradients[:, i].tolist(), lr, momentum)
        for i in watched
    }
    for g in gradients:
        before = g.copy()
        optimiser.step(parameters, g, lr)
        np.testing.assert_array_equal(g, before)
        for i, path in paths.items():
            assert parameters[i] == pytest.approx(next(path), rel=1e-9, abs=1e-12)


@every_optimiser
def test_every_parameter_is_moved_by_its_own_gradient_alone(name: OptimizerName) -> None:
    size = 40_001
    gradients = gradients_for(5, size, 3)
    together = np.random.default_rng(0).standard_normal(size)
    order = np.random.default_rng(1).permutation(size)
    shuffled = together[order]
    one, other = OPTIMIZERS[name](together, 0.9), OPTIMIZERS[name](shuffled, 0.9)
    for g in gradients:
        one.step(together, g, 0.1)
        other.step(shuffled, g[order].copy(), 0.1)
    np.testing.assert_allclose(together[order], shuffled, rtol=1e-12)


@every_optimiser
def test_the_learning_rate_is_that_of_each_step(name: OptimizerName) -> None:
    gradients = gradients_for(6, 50, 0)
    parameters = np.ones(50)
    optimiser = OPTIMIZERS[name](parameters, 0.9)
    for g in gradients[:3]:
        optimiser.step(parameters, g, 0.1)
    still = parameters.copy()
    optimiser.step(parameters, gradients[3], 0.0)
    np.testing.assert_array_equal(parameters, still)
    optimiser.step(parameters, gradients[4], 0.1)
    assert (parameters != still).any()


@every_optimiser
def test_single_precision_stays_single_and_follows_double(name: OptimizerName) -> None:
    gradients = gradients_for(20, 200, 5)
    double, single = np.ones(200), np.ones(200, np.float32)
    in_double, in_single = OPTIMIZERS[name](double, 0.9), OPTIMIZERS[name](single, 0.9)
    for g in gradients:
        in_double.step(double, g, 0.01)
        in_single.step(single, g.astype(np.float32), 0.01)
    moved = np.abs(double - 1)
    assert (np.abs(double - single) <= 1e-4 * moved + 2e-6).all()
    arrays = [a for a in vars(in_single).values() if isinstance(a, np.ndarray)]
    assert all(a.dtype == np.float32 for a in arrays)


def test_adam_takes_its_first_step_at_the_full_learning_rate() -> None:
    parameters = np.zeros(3)
    Adam(parameters).step(parameters, np.array([1e-3, -5.0, 1e4]), 0.01)
    np.testing.assert_allclose(parameters, [-0.01, 0.01, -0.01], rtol=1e-4)


def test_adam_corrects_for_a_beta_1_that_changed_on_the_way() -> None:
    # Under a constant gradient the corrected mean is that gradient, whatever beta 1 was when.
    parameters = np.zeros(1)
    optimiser = Adam(parameters, 0.9)
    for momentum in (0.9, 0.9, 0.5, 0.99, 0.99, 0.0):
        optimiser.momentum = momentum
        before = parameters.copy()
        optimiser.step(parameters, np.array([2.0]), 0.01)
        np.testing.assert_allclose(before - parameters, 0.01, rtol=1e-6)


def test_momentum_may_change_on_the_way() -> None:
    parameters = np.zeros(1)
    optimiser = Momentum(parameters, 0.5)
    optimiser.step(parameters, np.ones(1), 1.0)  # v = 1
    optimiser.momentum = 0.0
    optimiser.step(parameters, np.ones(1), 1.0)  # v = 1 again
    optimiser.momentum = 1.0
    optimiser.step(parameters, np.zeros(1), 1.0)  # v = 1 still
    np.testing.assert_array_equal(parameters, [-3.0])


def test_plain_descent_ignores_momentum() -> None:
    one, other = np.ones(4), np.ones(4)
    for momentum, p in ((0.0, one), (0.99, other)):
        optimiser = SGD(p, momentum)
        for g in gradients_for(5, 4, 0):
            optimiser.step(p, g, 0.1)
    np.testing.assert_array_equal(one, other)


@every_optimiser
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_twenty_steps_follow_pytorch(name: OptimizerName, dtype: str) -> None:
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed: the optimisers were not compared with its own"
    )
    size, lr = 5000, 0.01
    gradients = gradients_for(20, size, 11).astype(dtype)
    start = np.random.default_rng(0).standard_normal(size).astype(dtype)
    theirs = torch.from_numpy(start.copy()).requires_grad_()
    make = {
        "sgd": lambda: torch.optim.SGD([theirs], lr=lr),
        "momentum": lambda: torch.optim.SGD([theirs], lr=lr, momentum=0.9),
        "adam": lambda: torch.optim.Adam([theirs], lr=lr, betas=(0.9, 0.999), eps=1e-8),
    }
    their_optimiser = make[name]()
    ours = start.copy()
    our_optimiser = OPTIMIZERS[name](ours, 0.9)
    for g in gradients:
        our_optimiser.step(ours, g, lr)
        theirs.grad = torch.from_numpy(g.copy())
        their_optimiser.step()
        tolerance = {"float32": 2e-5, "float64": 1e-10}[dtype]
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=tolerance, atol=tolerance)
