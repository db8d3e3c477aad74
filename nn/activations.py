"""The bend between two linear maps, and its slope.

Without a bend, any stack of linear maps is one linear map. Each function here comes as a pair:

- `value(z, out)`      a = f(z), element by element
- `slope(z, a, out)`   f'(z); `a` is at hand because many slopes are cheapest from the value

Arrays are float, of any one shape and dtype; the result is written into `out`, an array of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.names import ActivationName

Array = NDArray[Any]

LEAK = 0.01
"""The slope of leaky ReLU below zero (Maas et al. 2013)."""

_GELU_SCALE = float(np.sqrt(2.0 / np.pi))
_GELU_CUBE = 0.044715


@dataclass(frozen=True)
class ActivationFunction:
    """f and f', under the name a person chooses it by."""

    name: ActivationName
    value: Callable[[Array, Array], None]
    slope: Callable[[Array, Array, Array], None]


def _relu(z: Array, out: Array) -> None:
    """f(z) = max(0, z) (Nair and Hinton 2010)."""
    # The larger of two arrays is four times faster in NumPy than that of an array and a number.
    out.fill(0)
    np.maximum(z, out, out=out)


def _relu_slope(_z: Array, a: Array, out: Array) -> None:
    """f'(z) = 1 where z > 0, else 0: a unit that is off passes no gradient."""
    np.greater(a, 0, out=out, casting="unsafe")


def _leaky_relu(z: Array, out: Array) -> None:
    """f(z) = max(z, 0.01 z) (Maas et al. 2013)."""
    np.multiply(z, LEAK, out=out)
    np.maximum(z, out, out=out)


def _leaky_relu_slope(_z: Array, a: Array, out: Array) -> None:
    """f'(z) = 1 where z > 0, else 0.01."""
    np.greater(a, 0, out=out, casting="unsafe")
    np.maximum(out, LEAK, out=out)


def _elu(z: Array, out: Array) -> None:
    """f(z) = z where z > 0, else exp(z) - 1 (Clevert et al. 2015)."""
    # max(z, 0) + expm1(min(z, 0)): no exponential is taken of a large number.
    np.minimum(z, 0, out=out)
    np.expm1(out, out=out)
    out += np.maximum(z, 0)


def _elu_slope(_z: Array, a: Array, out: Array) -> None:
    """f'(z) = 1 where z > 0, else f(z) + 1."""
    np.minimum(a, 0, out=out)
    out += 1


def _tanh(z: Array, out: Array) -> None:
    """f(z) = tanh(z)."""
    np.tanh(z, out=out)


def _tanh_slope(_z: Array, a: Array, out: Array) -> None:
    """f'(z) = 1 - f(z)^2."""
    np.multiply(a, a, out=out)
    np.subtract(1, out, out=out)


def _sigmoid(z: Array, out: Array) -> None:
    """f(z) = 1 / (1 + exp(-z)), by way of tanh, which never overflows."""
    np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    out += 1
    out *= 0.5


def _sigmoid_slope(_z: Array, a: Array, out: Array) -> None:
    """f'(z) = f(z) (1 - f(z)): at most a quarter, so a deep stack of these fades."""
    np.subtract(1, a, out=out)
    out *= a


def _gelu_inner(z: Array) -> Array:
    bent: Array = np.tanh(_GELU_SCALE * (z + _GELU_CUBE * z * z * z))
    return bent


def _gelu(z: Array, out: Array) -> None:
    """f(z) = z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))): the tanh form of z times the normal
    distribution function of z (Hendrycks and Gimpel 2016)."""
    bent = _gelu_inner(z)
    bent += 1
    bent *= 0.5
    np.multiply(z, bent, out=out)


def _gelu_slope(z: Array, _a: Array, out: Array) -> None:
    """The product rule on `_gelu`, with t its tanh: (1 + t)/2 + z/2 (1 - t^2) du/dz."""
    t = _gelu_inner(z)
    inner_slope = _GELU_SCALE * (1 + 3 * _GELU_CUBE * z * z)
    np.multiply(0.5 * z * (1 - t * t), inner_slope, out=out)
    out += 0.5 * (1 + t)


_TABLE = (
    ActivationFunction("relu", _relu, _relu_slope),
    ActivationFunction("leaky_relu", _leaky_relu, _leaky_relu_slope),
    ActivationFunction("elu", _elu, _elu_slope),
    ActivationFunction("tanh", _tanh, _tanh_slope),
    ActivationFunction("sigmoid", _sigmoid, _sigmoid_slope),
    ActivationFunction("gelu", _gelu, _gelu_slope),
)

ACTIVATIONS: Mapping[str, ActivationFunction] = MappingProxyType({f.name: f for f in _TABLE})
