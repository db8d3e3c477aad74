"""Each optimiser against its textbook equation, one number at a time; weight decay."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_steps import every_optimiser, gradients_for, seeds, take

from nn.names import OptimizerName
from nn.optimizers import OPTIMIZERS, Adam, Momentum, Nesterov

Reference = Callable[[float, list[float], float, float, float], Iterator[float]]
"""(p, gradients, learning rate, momentum, weight decay) -> p after each step."""


def sgd(p: float, gradients: list[float], lr: float, _mu: float, wd: float) -> Iterator[float]:
    for g in gradients:
        p -= lr * (g + wd * p)
        yield p


def heavy_ball(
    p: float, gradients: list[float], lr: float, mu: float, wd: float
) -> Iterator[float]:
    v = 0.0
    for g in gradients:
        v = mu * v + (g + wd * p)
        p -= lr * v
        yield p


def nesterov(p: float, gradients: list[float], lr: float, mu: float, wd: float) -> Iterator[float]:
    # As Sutskever et al. 2013 write it: theta moves, and p is the point ahead, theta + mu v.
    theta, v = p, 0.0
    for g in gradients:
        ahead = theta + mu * v
        v = mu * v - lr * (g + wd * ahead)
        theta += v
        yield theta + mu * v


def adagrad(p: float, gradients: list[float], lr: float, _mu: float, wd: float) -> Iterator[float]:
    s = 0.0
    for g in gradients:
        g += wd * p
        s += g * g
        p -= lr * g / (math.sqrt(s) + 1e-10)
        yield p


def rmsprop(p: float, gradients: list[float], lr: float, _mu: float, wd: float) -> Iterator[float]:
    v = 0.0
    for g in gradients:
        g += wd * p
        v = 0.99 * v + 0.01 * g * g
        p -= lr * g / (math.sqrt(v) + 1e-8)
        yield p


def adam(p: float, gradients: list[float], lr: float, mu: float, wd: float) -> Iterator[float]:
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        g += wd * p
        m = mu * m + (1 - mu) * g
        v = 0.999 * v + 0.001 * g * g
        p -= lr * (m / (1 - mu**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
        yield p


def adamw(p: float, gradients: list[float], lr: float, mu: float, wd: float) -> Iterator[float]:
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        m = mu * m + (1 - mu) * g
        v = 0.999 * v + 0.001 * g * g
        step = (m / (1 - mu**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
        p = p - lr * wd * p - lr * step
        yield p


REFERENCES: dict[str, Reference] = {
    "sgd": sgd,
    "momentum": heavy_ball,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}


def test_every_optimiser_has_a_reference_here() -> None:
    assert REFERENCES.keys() == OPTIMIZERS.keys() == set(get_args(OptimizerName))


@every_optimiser
@settings(deadline=None, max_examples=30)
@given(
    size=st.sampled_from([1, 3, 1000, 40_001]),
    lr=st.floats(1e-4, 1),
    momentum=st.floats(0, 0.99),
    weight_decay=st.just(0.0) | st.floats(1e-6, 0.5),
    seed=seeds,
)
def test_twenty_steps_follow_the_equation(
    name: OptimizerName, size: int, lr: float, momentum: float, weight_decay: float, seed: int
) -> None:
    gradients = gradients_for(20, size, seed)
    parameters = np.random.default_rng(seed).standard_normal(size)
    start = parameters.copy()
    optimiser = OPTIMIZERS[name](parameters, momentum, weight_decay)
    watched = sorted({0, size // 2, size - 1})
    paths = {
        i: REFERENCES[name](float(start[i]), gradients[:, i].tolist(), lr, momentum, weight_decay)
        for i in watched
    }
    for g in gradients:
        optimiser.step(parameters, g.copy(), lr)
        for i, path in paths.items():
            assert parameters[i] == pytest.approx(next(path), rel=1e-8, abs=1e-9)


@every_optimiser
def test_every_parameter_is_moved_by_its_own_gradient_alone(name: OptimizerName) -> None:
    size = 40_001
    gradients = gradients_for(5, size, 3)
    together = np.random.default_rng(0).standard_normal(size)
    order = np.random.default_rng(1).permutation(size)
    shuffled = together[order]
    take(OPTIMIZERS[name](together, 0.9, 0.01), together, gradients)
    take(OPTIMIZERS[name](shuffled, 0.9, 0.01), shuffled, gradients[:, order])
    np.testing.assert_allclose(together[order], shuffled, rtol=1e-12)


@every_optimiser
def test_the_learning_rate_is_that_of_each_step(name: OptimizerName) -> None:
    gradients = gradients_for(6, 50, 0)
    parameters = np.ones(50)
    optimiser = OPTIMIZERS[name](parameters, 0.9, 0.1)
    take(optimiser, parameters, gradients[:3], 0.1)
    still = parameters.copy()
    take(optimiser, parameters, gradients[3:4], 0.0)
    np.testing.assert_array_equal(parameters, still)
    take(optimiser, parameters, gradients[4:5], 0.1)
    assert (parameters != still).any()


@every_optimiser
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_single_precision_stays_single_and_follows_double(
    name: OptimizerName, weight_decay: float
) -> None:
    gradients = gradients_for(20, 200, 5)
    double, single = np.ones(200), np.ones(200, np.float32)
    take(OPTIMIZERS[name](double, 0.9, weight_decay), double, gradients)
    in_single = OPTIMIZERS[name](single, 0.9, weight_decay)
    take(in_single, single, gradients.astype(np.float32))
    moved = np.abs(double - 1)
    assert (np.abs(double - single) <= 1e-4 * moved + 2e-6).all()
    arrays = [a for a in vars(in_single).values() if isinstance(a, np.ndarray)]
    assert all(a.dtype == np.float32 for a in arrays)


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "adagrad"])
def test_the_first_step_is_as_long_for_small_gradients_as_for_large(name: OptimizerName) -> None:
    parameters = np.zeros(3)
    OPTIMIZERS[name](parameters).step(parameters, np.array([1e-3, -5.0, 1e4]), 0.01)
    # For RMSprop, which does not correct for having started at zero, that is lr / sqrt(1 - alpha).
    length = 0.1 if name == "rmsprop" else 0.01
    np.testing.assert_allclose(parameters, [-length, length, -length], rtol=1e-3)


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


def test_nesterov_may_change_its_momentum_on_the_way() -> None:
    parameters = np.zeros(1)
    optimiser = Nesterov(parameters, 0.5)
    optimiser.step(parameters, np.ones(1), 1.0)  # v = 1, moved by 1 + 0.5
    optimiser.momentum = 0.25
    optimiser.step(parameters, np.ones(1), 1.0)  # v = 1.25, moved by 1 + 0.3125
    np.testing.assert_array_equal(parameters, [-2.8125])


@every_optimiser
def test_momentum_matters_where_it_is_said_to(name: OptimizerName) -> None:
    one, other = np.ones(4), np.ones(4)
    for momentum, p in ((0.1, one), (0.99, other)):
        take(OPTIMIZERS[name](p, momentum), p, gradients_for(5, 4, 0))
    assert (one != other).any() == OPTIMIZERS[name].uses_momentum


@every_optimiser
@given(n_decayed=st.integers(0, 40), seed=seeds)
def test_weight_decay_leaves_the_rest_alone(name: OptimizerName, n_decayed: int, seed: int) -> None:
    start = np.random.default_rng(seed).standard_normal(40)
    gradients = gradients_for(5, 40, seed)
    decayed, free, all_decayed = start.copy(), start.copy(), start.copy()
    take(OPTIMIZERS[name](decayed, 0.9, 0.3, n_decayed), decayed, gradients)
    take(OPTIMIZERS[name](free, 0.9), free, gradients)
    take(OPTIMIZERS[name](all_decayed, 0.9, 0.3), all_decayed, gradients)
    np.testing.assert_array_equal(decayed[n_decayed:], free[n_decayed:])
    np.testing.assert_array_equal(decayed[:n_decayed], all_decayed[:n_decayed])
    assert (all_decayed != free).any()


@every_optimiser
def test_weight_decay_may_change_between_steps(name: OptimizerName) -> None:
    parameters = np.ones(3)
    optimiser = OPTIMIZERS[name](parameters, 0.0)
    optimiser.step(parameters, np.zeros(3), 0.1)
    np.testing.assert_array_equal(parameters, 1)
    optimiser.weight_decay = 0.5
    optimiser.step(parameters, np.zeros(3), 0.1)
    assert (parameters < 1).all()
