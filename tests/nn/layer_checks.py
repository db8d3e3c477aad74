"""What the tests of the layers have in common: how to bind one, and how to doubt its backward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nn.layers import Layer

Pairs = list[tuple[np.ndarray, np.ndarray]]


def bound(layer: Layer, rng: np.random.Generator, dtype: Any = np.float64) -> Pairs:
    """Give a layer random parameters, a state between 0.5 and 1.5 and spoilt gradients; returns
    (parameter, gradient) pairs."""
    parameters = [np.empty(shape, dtype) for shape in layer.parameter_shapes()]
    gradients = [np.full(shape, np.nan, dtype) for shape in layer.parameter_shapes()]
    states = [np.empty(shape, dtype) for shape in layer.state_shapes()]
    layer.bind(parameters, gradients, states)
    for parameter in parameters:
        parameter[...] = rng.standard_normal(parameter.shape)
    for state in states:
        state[...] = rng.uniform(0.5, 1.5, state.shape)
    return list(zip(parameters, gradients, strict=True))


def check_backward(
    layer: Layer,
    x: np.ndarray,
    rng: np.random.Generator,
    numeric_gradient: Callable[..., np.ndarray],
    assert_agree: Callable[..., None],
    *,
    training: bool = False,
) -> None:
    """With L = sum(C * output) for random C, dL/d(output) = C: all else must follow from it."""
    pairs = bound(layer, rng)
    c = rng.standard_normal((len(x), layer.n_outputs))

    def loss() -> float:
        return float((layer.forward(x, training=training) * c).sum())

    loss()
    d_x = layer.backward(c.copy())
    assert d_x is not None
    d_x = d_x.copy()
    analytic = [gradient.copy() for _, gradient in pairs]
    for (parameter, _), found in zip(pairs, analytic, strict=True):
        assert_agree(found, numeric_gradient(loss, parameter))
    assert_agree(d_x, numeric_gradient(loss, x))


def assert_no_memory(
    make: Callable[[], Layer], batches: list[int], seed: int, *, training: bool = False
) -> None:
    """A layer that has seen batches of any sizes does with the next what a new one does."""
    used = make()
    used_pairs = bound(used, np.random.default_rng(0))
    rng = np.random.default_rng(seed)
    for n in batches:
        fresh = make()
        fresh_pairs = bound(fresh, np.random.default_rng(0))
        x = rng.standard_normal((n, used.n_inputs))
        d = rng.standard_normal((n, used.n_outputs))
        ours, theirs = (layer.forward(x, training=training) for layer in (used, fresh))
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(used.backward(d.copy()), fresh.backward(d.copy()))
        for (_, a), (_, b) in zip(used_pairs, fresh_pairs, strict=True):
            np.testing.assert_array_equal(a, b)


class SameMask(np.random.Generator):
    """A generator that draws the same numbers for the same shape, however often it is asked."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(np.random.PCG64(seed))
        self._seed = seed

    def random(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
        return np.random.default_rng(self._seed).random(size, dtype, out)

    def __deepcopy__(self, _memo: Any) -> SameMask:
        return SameMask(self._seed)


def arrays_of(layer: Layer) -> Iterator[np.ndarray]:
    """Every work array that a layer and its parts have made."""
    from nn.buffers import Buffers

    for part in (layer, *layer.parts()):
        for value in vars(part).values():
            if isinstance(value, Buffers):
                yield from value._arrays.values()
