"""The moving average: its equation, its beginning, and the loan of a network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.averaging import Average, lent
from nn.network import Network


def network(seed: int = 0) -> Network:
    return Network.build(
        [3, 4, 2], "relu", np.random.default_rng(seed), np.float64, normalization="batch_norm"
    )


@given(decay=st.floats(0, 0.9999), steps=st.integers(1, 40), seed=st.integers(0, 99))
def test_it_is_its_equation(decay: float, steps: int, seed: int) -> None:
    net, rng = network(), np.random.default_rng(seed)
    average = Average(net)
    p, s = net.parameters.copy(), net.state.copy()
    for t in range(steps):
        net.parameters += rng.standard_normal(net.parameters.size)
        net.state += rng.random(net.state.size)
        before = net.parameters.copy(), net.state.copy()
        average.update(net, decay)
        d = min(decay, (1 + t) / (10 + t))
        p, s = d * p + (1 - d) * net.parameters, d * s + (1 - d) * net.state
        np.testing.assert_array_equal(net.parameters, before[0])
        np.testing.assert_array_equal(net.state, before[1])
    np.testing.assert_allclose(average.parameters, p, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(average.state, s, rtol=1e-9, atol=1e-12)
    assert average.updates == steps


def test_a_short_run_s_average_is_mostly_of_what_it_learnt() -> None:
    net = network()
    net.parameters[...] = 0
    average = Average(net)
    net.parameters[...] = 1
    for _ in range(30):
        average.update(net, 0.9999)
    assert average.parameters.min() > 0.99


def test_of_what_stands_still_the_average_is_just_that() -> None:
    net = network()
    average = Average(net)
    for _ in range(20):
        average.update(net, 0.99)
    np.testing.assert_array_equal(average.parameters, net.parameters)
    np.testing.assert_array_equal(average.state, net.state)


def test_a_loan_ends_whatever_happens() -> None:
    net, other = network(0), network(1)
    other.state += 2
    own = net.parameters.copy(), net.state.copy()
    x = np.ones((2, 3))
    expected = other.forward(x).copy()

    def fail_in_the_midst() -> None:
        with lent(net, other.parameters, other.state):
            np.testing.assert_array_equal(net.forward(x), expected)
            raise RuntimeError("in the midst")

    with pytest.raises(RuntimeError, match="in the midst"):
        fail_in_the_midst()
    np.testing.assert_array_equal(net.parameters, own[0])
    np.testing.assert_array_equal(net.state, own[1])
    # What was lent has not been touched.
    np.testing.assert_array_equal(other.forward(x), expected)
