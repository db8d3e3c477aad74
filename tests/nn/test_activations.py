"""Every bend against its textbook formula, and every slope against a difference."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nn.activations import ACTIVATIONS, ActivationFunction

FORMULAS: dict[str, Callable[[float], float]] = {
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "elu": lambda z: z if z > 0 else math.exp(z) - 1,
    "tanh": lambda z: (math.exp(2 * z) - 1) / (math.exp(2 * z) + 1),
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "gelu": lambda z: z / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
}
AT_ZERO = {"relu": 0.0, "leaky_relu": 0.01, "elu": 1.0, "tanh": 1.0, "sigmoid": 0.25, "gelu": 0.5}

every_function = pytest.mark.parametrize("function", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
shapes = hnp.array_shapes(min_dims=1, max_dims=2, max_side=7)
away_from_kinks = st.one_of(st.floats(-6, -0.01), st.floats(0.01, 6))


def value(function: ActivationFunction, z: np.ndarray) -> np.ndarray:
    out = np.full_like(z, np.nan)
    function.value(z, out)
    return out


def slope(function: ActivationFunction, z: np.ndarray) -> np.ndarray:
    out = np.full_like(z, np.nan)
    function.slope(z, value(function, z), out)
    return out


def test_every_activation_has_a_formula_here() -> None:
    assert FORMULAS.keys() == ACTIVATIONS.keys() == AT_ZERO.keys()


@every_function
@settings(deadline=None)
@given(z=hnp.arrays(np.float64, shapes, elements=st.floats(-6, 6)))
def test_the_value_is_the_formula(function: ActivationFunction, z: np.ndarray) -> None:
    expected = np.vectorize(FORMULAS[function.name], otypes=[float])(z)
    np.testing.assert_allclose(value(function, z), expected, rtol=1e-9, atol=1e-12)


@every_function
@settings(deadline=None)
@given(z=hnp.arrays(np.float64, shapes, elements=away_from_kinks))
def test_the_slope_is_the_central_difference(
    function: ActivationFunction, z: np.ndarray, assert_agree: Callable[..., None]
) -> None:
    h = 1e-3
    near = value(function, z + h) - value(function, z - h)
    far = value(function, z + 2 * h) - value(function, z - 2 * h)
    assert_agree(slope(function, z), (8 * near - far) / (12 * h))


@every_function
def test_the_slope_at_zero_is_the_documented_one(function: ActivationFunction) -> None:
    assert slope(function, np.zeros(3)).tolist() == pytest.approx([AT_ZERO[function.name]] * 3)


@every_function
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_input_and_value_are_left_alone_and_the_type_is_kept(
    function: ActivationFunction, dtype: type[np.floating]
) -> None:
    z = np.linspace(-3, 3, 25, dtype=dtype).reshape(5, 5)
    before = z.copy()
    a = value(function, z)
    a_before = a.copy()
    out = np.empty_like(z)
    function.slope(z, a, out)
    np.testing.assert_array_equal(z, before)
    np.testing.assert_array_equal(a, a_before)
    assert a.dtype == out.dtype == dtype


@every_function
def test_single_and_double_precision_tell_the_same_story(function: ActivationFunction) -> None:
    z = np.linspace(-8, 8, 401)
    single = z.astype(np.float32)
    np.testing.assert_allclose(value(function, single), value(function, z), rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(slope(function, single), slope(function, z), rtol=2e-5, atol=2e-6)


@every_function
def test_large_inputs_stay_finite_and_quiet(function: ActivationFunction) -> None:
    z = np.array([-1e4, -100.0, 100.0, 1e4], np.float32)
    with np.errstate(all="raise", under="ignore"):
        a, s = value(function, z), slope(function, z)
    assert np.isfinite(a).all()
    bounded = function.name in ("tanh", "sigmoid")
    assert s[-1] == pytest.approx(0 if bounded else 1, abs=1e-6)
    assert s[0] == pytest.approx(0.01 if function.name == "leaky_relu" else 0, abs=1e-6)


@every_function
def test_a_nan_is_not_hidden(function: ActivationFunction) -> None:
    assert np.isnan(value(function, np.array([np.nan, 1.0]))[0])
